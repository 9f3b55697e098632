// sessionup is in no module proxy any more, so it is no requirement of ours. Where
// its source is, and a package xojoc.pw/useragent: copy this file to the other
// tests, and require and replace both in a copy of go.mod, for -modfile.

package peers_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jellydator/sessionup"
	sessionupstore "github.com/jellydator/sessionup/memstore"
)

func init() {
	sessionupSite = func(t testing.TB) site {
		m := sessionup.NewManager(sessionupstore.New(0), sessionup.Secure(false))
		var users atomic.Int64
		return site{
			in: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := m.Init(w, r, fmt.Sprint("user", users.Add(1))); err != nil {
					t.Error(err)
				}
			}),
			me: m.Public(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if s, ok := sessionup.FromContext(r.Context()); ok && strings.HasPrefix(s.UserKey, "user") {
					w.WriteHeader(http.StatusNoContent)
				}
			})),
		}
	}
}
