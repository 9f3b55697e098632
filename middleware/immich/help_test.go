package immich_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"os"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/immich"
)

func TestMain(m *testing.M) {
	immich.BePatient(patience)
	os.Exit(m.Run())
}

func loopbackIsProxy(t *testing.T) middleware.ClientIP {
	ip, err := middleware.TrustedProxies([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, middleware.ProxyConfig{})
	must(t, err)
	return ip
}

func textLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

// field returns a text of a JSON object.
func field(body, name string) string {
	var all map[string]any
	_ = json.Unmarshal([]byte(body), &all)
	text, _ := all[name].(string)
	return text
}
