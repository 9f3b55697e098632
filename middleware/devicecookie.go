package middleware

import (
	"net/http"
	"time"

	"github.com/signedin/signedin/session"
)

// deviceCookie recognises a browser at its next sign-in. It holds a random
// number and no user, since several people share a browser; it is read at
// sign-in only, and signs nobody in.
type deviceCookie struct {
	attributes http.Cookie
	codecs     codecs // nil: there is no device cookie
}

func newDeviceCookie(c cookie, cfg Config, manager *session.Manager) deviceCookie {
	d := deviceCookie{attributes: c.attributes}
	d.attributes.Name += "-device"
	d.attributes.MaxAge = int(maxCookieAge / time.Second)
	if cfg.NoDeviceCookie || !manager.KeepsProfiles() {
		return d
	}
	d.codecs = newCodecs(cfg.CookieKeys, d.attributes.MaxAge)
	return d
}

// id returns the browser's ID, a new one if it brings none that we signed.
func (d *deviceCookie) id(r *http.Request) (id session.DeviceID) {
	if d.codecs == nil {
		return session.DeviceID{}
	}
	value, _ := cookieValue(r, d.attributes.Name)
	raw, _, ok := d.codecs.open(d.attributes.Name, value)
	if !ok || len(raw) != len(id) {
		return session.NewDeviceID()
	}
	return session.DeviceID(raw)
}

// send sends the cookie, whose life begins anew.
func (d *deviceCookie) send(w http.ResponseWriter, id session.DeviceID) {
	if id == (session.DeviceID{}) {
		return
	}
	k := d.attributes
	k.Value = seal(d.codecs()[0], k.Name, id[:])
	sendSecret(w, &k)
}
