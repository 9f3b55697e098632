package middleware

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func TestInsecureNetworks(t *testing.T) {
	home := []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fd00::/8")}
	tcp := func(s string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(s)) }
	for _, c := range []struct {
		name     string
		networks []netip.Prefix
		local    net.Addr
		remote   string
		host     string
		header   [2]string
		tls      bool
		want     int
	}{
		{name: "at home", networks: home, local: tcp("192.168.1.10:8080"), host: "nas:8080", want: 200},
		{name: "at home, by a name with dots", networks: home, local: tcp("192.168.1.10:8080"), host: "nas.fritz.box", want: 200},
		{name: "at home, IPv6", networks: home, local: tcp("[fd00::10]:8080"), host: "[fd00::10]:8080", want: 200},
		{name: "not named", local: tcp("192.168.1.10:8080"), host: "nas:8080", want: 500},
		{name: "another network", networks: home, local: tcp("10.0.0.1:8080"), host: "nas:8080", want: 500},
		{name: "a public address", networks: home, local: tcp("203.0.113.5:80"), host: "photos.example.com", want: 500},
		{name: "TLS", networks: home, local: tcp("192.168.1.10:443"), host: "nas", tls: true, want: 500},
		{name: "TLS in front", networks: home, local: tcp("192.168.1.10:8080"), host: "nas", header: [2]string{"X-Forwarded-Proto", "https"}, want: 500},
		{name: "TLS in front, RFC 7239", networks: home, local: tcp("192.168.1.10:8080"), host: "nas", header: [2]string{"Forwarded", "for=1.2.3.4;proto=https"}, want: 500},
		{name: "TLS in front, on the same machine", networks: home, local: tcp("127.0.0.1:8080"), host: "nas", header: [2]string{"X-Forwarded-Proto", "https"}, want: 500},
		{name: "a public name by a proxy", networks: home, local: tcp("192.168.1.10:8080"), host: "photos.example.com", header: [2]string{"X-Forwarded-For", "203.0.113.9"}, want: 500},
		{name: "a private name by a proxy", networks: home, local: tcp("192.168.1.10:8080"), host: "photos.home.arpa", header: [2]string{"X-Forwarded-For", "192.168.1.77"}, want: 200},
		{name: "Unix socket", networks: home, local: &net.UnixAddr{Name: "/run/x", Net: "unix"}, host: "nas", want: 200},
		{name: "Unix socket, no networks", local: &net.UnixAddr{Name: "/run/x", Net: "unix"}, host: "nas", want: 500},
		{name: "recorder", remote: recorderAddr, host: "example.com", want: 200},
		{name: "not known", networks: home, remote: "192.168.1.7:1234", host: "nas", want: 500},
		{name: "loopback", local: tcp("127.0.0.1:8080"), host: "localhost:8080", want: 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			manager, err := session.New(memstore.New(), session.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			mw, err := New(manager, Config{InsecureCookie: true, InsecureNetworks: c.networks})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "/", nil)
			r.Host = c.host
			if r.RemoteAddr = c.remote; c.remote == "" {
				r.RemoteAddr = "192.168.1.7:1234"
			}
			if c.local != nil {
				r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, c.local))
			}
			if c.header[0] != "" {
				r.Header.Set(c.header[0], c.header[1])
			}
			if c.tls {
				r.TLS = new(tls.ConnectionState)
			}
			h := mw.Load(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			for range 2 {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != c.want {
					t.Errorf("%d, want %d: %s", w.Code, c.want, log.String())
				}
			}
			if n := strings.Count(log.String(), "InsecureCookie is set and"); n != map[int]int{200: 0, 500: 1}[c.want] {
				t.Errorf("%d lines in the log: %s", n, log.String())
			}
		})
	}
}

func TestInsecureNetworksChecked(t *testing.T) {
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"0.0.0.0/0", "::/0", "192.0.0.0/8", "203.0.113.0/24"} {
		if _, err := New(manager, Config{InsecureCookie: true, InsecureNetworks: []netip.Prefix{netip.MustParsePrefix(n)}}); err == nil {
			t.Errorf("%s was taken", n)
		}
	}
	if _, err := New(manager, Config{InsecureNetworks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}); err == nil {
		t.Error("networks without InsecureCookie were taken")
	}
}
