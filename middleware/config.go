package middleware

import (
	"log/slog"
	"net/http"
	"net/netip"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/locale"
)

// Config holds what a [Middleware] can be told. The zero Config works and is
// safe.
type Config struct {
	// CookieName names the cookie. A name that begins with "__Host-" binds it
	// to this host; one with "__Secure-" may be shared over CookieDomain.
	// Defaults to "__Host-session".
	CookieName string
	// CookieDomain shares the cookie with all hosts under a domain. Defaults to
	// this host alone.
	CookieDomain string
	// CookieSameSite is http.SameSiteLaxMode or http.SameSiteStrictMode.
	// Defaults to http.SameSiteLaxMode.
	CookieSameSite http.SameSite
	// CookieKeys seal the cookie, so that a forged one is refused without
	// asking the store. The first seals, all of them verify. Each has at least
	// 32 random bytes. Defaults to none: the cookie holds the bare token, which
	// cannot be guessed.
	CookieKeys session.Keys
	// InsecureCookie sends the cookie without Secure and by default under the
	// name "session", for browsers that keep no Secure cookie on plain HTTP
	// even from the same machine. It works on loopback addresses, in
	// InsecureNetworks, and for httptest.NewRequest; elsewhere every request is
	// answered 500, and the log says why. Defaults to false.
	InsecureCookie bool
	// InsecureNetworks are private networks, such as 192.168.0.0/16, for servers
	// at home that people open as http://nas:8080: InsecureCookie also works for
	// connections to an address of the server's own that is in one of them, and
	// over Unix sockets. Whoever can listen there can take the cookie and be that
	// user: other devices on an open WLAN, say. A request that came by https, or
	// through a proxy to a name of the internet, is refused even so. A network
	// that is not private is an error. Defaults to none.
	InsecureNetworks []netip.Prefix

	// NoDeviceCookie sends no cookie by which a browser is recognised at its
	// next sign-in. Defaults to false: one is sent, for 400 days, if there are
	// CookieKeys and the Manager has ProfileKeys.
	NoDeviceCookie bool

	// NoBearer has Authorization not looked at, where no client of the host's has
	// a bearer token and something in front uses that header for itself. Defaults
	// to false: a token of ours there decides, and what may be one in an odd
	// spelling is refused.
	NoBearer bool
	// TokenHeaders are headers whose whole value is a bearer token, looked at
	// in this order after Authorization. Defaults to none.
	TokenHeaders []string

	// Foreign, if set, watches the tokens that another system issues. There is no
	// cookie of ours then, and SignIn is of no use. Defaults to nil.
	Foreign *Foreign
	// Former, if set, has users who are signed in by a former kind of session of
	// the host's go over to ours. Defaults to nil.
	Former *Former

	// BindDevices, if set, is the path, such as "/session", at which [Middleware.Bindings]
	// is mounted as browsers see it: sessions are bound to keys of their devices, so that
	// a cookie that was copied is worth nothing after some minutes. Browsers that
	// cannot, apps, and plain HTTP, work as without. It needs CookieKeys; the times are
	// session.Config.BoundLifetime and BoundOpen. If it is taken away later, users of bound
	// sessions sign in again. Defaults to "": no session is bound.
	BindDevices string

	// TrustedOrigins are other origins, such as "https://app.example.com",
	// whose pages may send requests with our cookie. Defaults to none.
	TrustedOrigins []string
	// ClientIP tells where a request comes from. Defaults to RemoteAddr.
	ClientIP ClientIP
	// Hints, if set, adds to what a request says about its device, from
	// headers of the host's own apps: device.Hints.AppName, AppVersion, AppModel
	// and AppPlatform. An app that names itself in its User-Agent gets its name
	// by one line instead, in session.Config.Device:
	//
	//	device.New(device.Config{Apps: []device.App{{Name: "Photos", Pattern: "photos-ios/{version}*"}}}).Parse
	//
	// Defaults to nil.
	Hints func(r *http.Request, h device.Hints) device.Hints

	// Background, if set, says by route or header which requests nobody made: those of
	// a page that polls. They are judged like any other, and do not keep an idle
	// session alive (ASVS 5.0 7.3.1). Event streams, pages that are fetched in advance
	// and requests with the header Signedin-Background are known without. Defaults to
	// nil.
	Background func(r *http.Request) bool

	// NoHints keeps AskHints from asking. Defaults to false.
	NoHints bool
	// CriticalHints has browsers ask again at once if their first request came
	// without the hints, at the price of one round trip. Defaults to false.
	CriticalHints bool

	// Language returns how to speak to the user of a request, in answers of [Problem]
	// and, unless they have a Language of their own, on the pages of others such as
	// package activity. The package session/locale/catalog has languages and chooses
	// by Accept-Language. Defaults to English.
	Language func(r *http.Request) *locale.Locale

	// Logger is told of what an operator may have to look at: of each kind of it in
	// Stats the first of a minute. Defaults to that of the Manager.
	Logger *slog.Logger

	// Refuse answers a request that is stopped, with the status that fits and
	// an error that says why: ErrSignInRequired,
	// session.ErrSuspended, ErrRecentAuthRequired, ErrUnconfirmed,
	// ErrCrossOrigin, or trouble. The headers that belong to the answer are
	// set. Defaults to Problem; see also ToSignIn.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, err error)
}
