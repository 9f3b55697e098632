package immich_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/middleware/immich/immichtest"
)

// A video comes as it is made, and a device that was signed out gets no more of
// it.
func TestVideo(t *testing.T) {
	t.Parallel()
	fake := immichtest.New()
	t.Cleanup(fake.Close)
	s := newSite(t, immich.Config{})
	s.immich.mux = http.NewServeMux()
	s.immich.mux.Handle("/", fake)
	user := fake.AddUser("ada@example.com", "good")
	path := "/api/assets/" + fake.AddAsset(user.ID, func() io.ReadSeeker { return strings.NewReader("") }) + "/video/stream/"
	c := s.client(phone).login("ada")
	if got := c.want(200, "GET", path+"main.m3u8", ""); !strings.HasPrefix(got, "#EXTM3U\n") || !strings.Contains(got, "\n1.m4s\n") {
		t.Errorf("got %s", got)
	}

	lines := make(chan string, 1)
	fake.SetStream(lines)
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.server.URL+path+"0.m4s", nil)
	must(t, err)
	res, err := c.http.Do(req)
	must(t, err)
	defer res.Body.Close()
	for _, line := range []string{"one\n", "two\n"} {
		lines <- strings.TrimSpace(line)
		got := make([]byte, len(line))
		if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != line {
			t.Errorf("got %q, %v, want %q at once", got, err, line)
		}
	}
	c.revoke()
	if rest, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("the segment came to a good end: %q", rest)
	}
	for _, part := range []string{"main.m3u8", "1.m4s", "1.m4s?sessionKey=" + c.token, "1.m4s?sessionKey=" + c.token + "%23x"} {
		if got := c.want(401, "GET", path+part, ""); !strings.Contains(got, `"message"`) {
			t.Errorf("%s: got %s", part, got)
		}
	}
}
