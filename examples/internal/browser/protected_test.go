package browser_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/signedin/signedin/store/storetest/need"
)

// The quickstart over https, with the certificate that it asks to be trusted: soon after
// the sign-in the page says that it cannot be copied.
func TestProtected(t *testing.T) {
	need.Heavy(t)
	findChromium(t)
	site, told := startProgram(t, "quickstart", "-https")
	m := regexp.MustCompile(`-i "([^"]+)"`).FindStringSubmatch(strings.Join(told, "\n"))
	if m == nil || !strings.HasPrefix(site, "https://localhost:") {
		t.Fatalf("%s told %q", site, told)
	}
	file, err := os.ReadFile(m[1])
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(file)
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	p := boundProfile(t, boundChromium(t, ca), "desk", site)
	p.signIn(t, true)
	const protected = "Protected: its sign-in cannot be copied"
	for end := time.Now().Add(patience); !strings.Contains(run(t, p, chromedp.Text(chromedp.CSS("main"))), protected); {
		if time.Now().After(end) {
			t.Fatalf("the page does not say so: %s", p.text(t, "main"))
		}
		p.open(t, devices)
	}
	p.picture(t, "protected")
}
