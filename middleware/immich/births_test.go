package immich_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/signedin/signedin/middleware/immich"
)

const (
	signInJSON = `{"accessToken":"Q3p8iIh0cz8gvWOQqE7Y2xa9o9o0XbiBXCleA0300aE","userId":"8ad28f0e-adbe-477c-be74-376012dddf85","userEmail":"admin@example.com","name":"Admin","isAdmin":true,"profileImagePath":"","shouldChangePassword":false,"isOnboarded":true}`
	childJSON  = `{"id":"c5c2f9be-89bb-4475-9670-425bf52a653f","createdAt":"2026-11-23T16:17:01.213Z","updatedAt":"2026-11-23T16:17:01.213Z","expiresAt":"2026-11-23T16:32:01.210Z","current":false,"appVersion":null,"deviceOS":"Google Cast","deviceType":"Cast","isPendingSyncReset":false,"token":"ykLNKywStpBFDnuWGaVpO2Yn1RJhZlEb9NBBhueU40"}`
)

var (
	signIn = immich.Birth{Token: "Q3p8iIh0cz8gvWOQqE7Y2xa9o9o0XbiBXCleA0300aE",
		UserID: "8ad28f0e-adbe-477c-be74-376012dddf85", Email: "admin@example.com"}
	child = immich.Birth{Token: "ykLNKywStpBFDnuWGaVpO2Yn1RJhZlEb9NBBhueU40",
		SessionID: "c5c2f9be-89bb-4475-9670-425bf52a653f", DeviceType: "Cast", DeviceOS: "Google Cast",
		ExpiresAt: time.Date(2026, 11, 23, 16, 32, 1, 210e6, time.UTC)}
)

func TestParseBirth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, json string
		want       immich.Birth
		err        string // a part of it
	}{
		{"sign-in", signInJSON, signIn, ""},
		{"child", childJSON, child, ""},
		{"child without an end", `{"id":"c5c2f9be-89bb-4475-9670-425bf52a653f","expiresAt":null,"token":"t"}`,
			immich.Birth{Token: "t", SessionID: "c5c2f9be-89bb-4475-9670-425bf52a653f"}, ""},
		{"padded", " \n" + signInJSON + "\n ", signIn, ""},
		{"empty", "", immich.Birth{}, "EOF"},
		{"null", "null", immich.Birth{}, "not one token"},
		{"no object", `["accessToken"]`, immich.Birth{}, "cannot unmarshal"},
		{"cut off", signInJSON[:100], immich.Birth{}, "unexpected EOF"},
		{"two values", signInJSON + signInJSON, immich.Birth{}, "more than one"},
		{"text after it", signInJSON + "x", immich.Birth{}, "more than one"},
		{"number as token", `{"accessToken":1,"userId":"u"}`, immich.Birth{}, "cannot unmarshal number"},
		{"object as user", `{"accessToken":"t","userId":{}}`, immich.Birth{}, "cannot unmarshal object"},
		{"no user", `{"accessToken":"t"}`, immich.Birth{}, "userId"},
		{"both kinds", `{"accessToken":"t","token":"t","id":"c5c2f9be-89bb-4475-9670-425bf52a653f","userId":"u"}`, immich.Birth{}, "not one token"},
		{"path as ID", `{"token":"t","id":"../users"}`, immich.Birth{}, "id: "},
		{"wrong time", `{"token":"t","id":"c5c2f9be-89bb-4475-9670-425bf52a653f","expiresAt":"soon"}`, immich.Birth{}, "parsing time"},
		{"line break in the token", `{"accessToken":"t\r\nx","userId":"u"}`, immich.Birth{}, "character"},
		{"long token", `{"accessToken":"` + strings.Repeat("t", 1<<10) + `","userId":"u"}`, immich.Birth{}, "token longer"},
		{"long user", `{"accessToken":"t","userId":"` + strings.Repeat("u", 256) + `"}`, immich.Birth{}, "too long"},
		{"deep", strings.Repeat("[", immich.MaxBirth), immich.Birth{}, "depth"},
		{"huge token", `{"accessToken":"` + strings.Repeat("t", 1<<20) + `"}`, immich.Birth{}, "longer than 65536"},
		{"huge padding", strings.Repeat(" ", 1<<20) + signInJSON, immich.Birth{}, "longer than 65536"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := immich.ParseBirth(strings.NewReader(c.json))
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got error %v, want %q", err, c.err)
			}
		})
	}
}

func TestParseBirthReadsNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	endless := &counter{r: io.MultiReader(strings.NewReader(`{"x":"`), zeros{})}
	if _, err := immich.ParseBirth(endless); !errors.Is(err, immich.ErrBirthSize) {
		t.Errorf("got %v, want %v", err, immich.ErrBirthSize)
	}
	if endless.n > immich.MaxBirth+1 {
		t.Errorf("%d bytes were read, want at most %d", endless.n, immich.MaxBirth+1)
	}
}

type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// zeros is an endless text.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func squeeze(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

func TestReadBirthLeavesTheBody(t *testing.T) {
	t.Parallel()
	bomb := squeeze(t, `{"accessToken":"`+strings.Repeat("0", 8<<20)+`"}`)
	broken := errors.New("broken")
	for _, c := range []struct {
		name, encoding string
		body           io.Reader
		want           string // what the client reads
		wantErr        error  // what it reads at the end
		birth          immich.Birth
		err            error
	}{
		{"plain", "", strings.NewReader(signInJSON), signInJSON, nil, signIn, nil},
		{"byte by byte", "identity", iotest.OneByteReader(strings.NewReader(signInJSON)), signInJSON, nil, signIn, nil},
		{"gzip", "gzip", strings.NewReader(squeeze(t, signInJSON)), squeeze(t, signInJSON), nil, signIn, nil},
		{"bomb", "gzip", strings.NewReader(bomb), bomb, nil, immich.Birth{}, immich.ErrBirthSize},
		{"no gzip", "gzip", strings.NewReader(signInJSON), signInJSON, nil, immich.Birth{}, gzip.ErrHeader},
		{"other", "br", strings.NewReader(signInJSON), signInJSON, nil, immich.Birth{}, immich.ErrBirthCoded},
		{"huge", "", strings.NewReader(strings.Repeat("x", 1<<20)), strings.Repeat("x", 1<<20), nil, immich.Birth{}, immich.ErrBirthSize},
		{"broken", "", io.MultiReader(strings.NewReader(signInJSON[:50]), iotest.ErrReader(broken)), signInJSON[:50], broken, immich.Birth{}, broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			from := &closing{Reader: c.body}
			res := &http.Response{Header: http.Header{"Content-Encoding": {c.encoding}}, Body: from}
			got, err := immich.ReadBirth(res)
			if got != c.birth || !errors.Is(err, c.err) {
				t.Errorf("got %+v, %v, want %+v, %v", got, err, c.birth, c.err)
			}
			body, err := io.ReadAll(res.Body)
			if string(body) != c.want || !errors.Is(err, c.wantErr) {
				t.Errorf("the client reads %d bytes, %v, want %d, %v", len(body), err, len(c.want), c.wantErr)
			}
			if res.Body.Close(); !from.closed {
				t.Error("the body was not closed")
			}
		})
	}
}

func TestReadBirthIsBounded(t *testing.T) {
	t.Parallel()
	endless := &counter{r: zeros{}}
	res := &http.Response{Header: http.Header{}, Body: io.NopCloser(endless)}
	if _, err := immich.ReadBirth(res); !errors.Is(err, immich.ErrBirthSize) {
		t.Errorf("got %v, want %v", err, immich.ErrBirthSize)
	}
	if endless.n > immich.MaxBirth+1 {
		t.Errorf("%d bytes were read ahead, want at most %d", endless.n, immich.MaxBirth+1)
	}
}

func FuzzParseBirth(f *testing.F) {
	for _, s := range []string{signInJSON, childJSON, `{"accessToken":1}`, `{"token":"t","id":""}`, "null", `{"ACCESSTOKEN":"t","userid":"u"}`} {
		f.Add([]byte(s), false)
		f.Add([]byte(squeeze(f, s)), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, gzipped bool) {
		res := &http.Response{Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}
		if gzipped {
			res.Header.Set("Content-Encoding", "gzip")
		}
		b, err := immich.ReadBirth(res)
		if (err == nil) != (b.Token != "") {
			t.Errorf("got %+v with %v", b, err)
		}
		if err == nil && (b.UserID == "") == (b.SessionID == "") {
			t.Errorf("got %+v, which is of neither kind", b)
		}
		if err == nil {
			r := &http.Request{Header: http.Header{"Cookie": {fmt.Sprintf("a=b; t=%s; c=d", b.Token)}}}
			if c, err := r.Cookie("t"); err != nil || c.Value != b.Token {
				t.Errorf("the token %q does not come back in a cookie: %v", b.Token, err)
			}
		}
		if after, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(after, body) {
			t.Errorf("the body was changed: %v", err)
		}
	})
}
