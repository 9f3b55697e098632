package device

import "strings"

// AcceptCH is the value of the Accept-CH header that asks a browser for the
// hints that name the device, for the pages on which people sign in or see
// their devices.
const AcceptCH = "Sec-CH-UA-Platform-Version, Sec-CH-UA-Model, Sec-CH-UA-Full-Version-List, Sec-CH-UA-Form-Factors"

// Hints is what a request says about its client, as the transport saw it. It
// is comparable, so it can be the key of a cache. Anything may be empty.
type Hints struct {
	UserAgent string // User-Agent

	// User-agent client hints, each the raw value of its header.
	Brands          string // Sec-CH-UA
	FullVersions    string // Sec-CH-UA-Full-Version-List
	Mobile          string // Sec-CH-UA-Mobile
	Platform        string // Sec-CH-UA-Platform
	PlatformVersion string // Sec-CH-UA-Platform-Version
	Model           string // Sec-CH-UA-Model
	FormFactors     string // Sec-CH-UA-Form-Factors

	// RequestedWith is X-Requested-With, in which the web views of Android name
	// the package of their app: "org.telegram.messenger". What is no package's
	// name, such as a script's "XMLHttpRequest", is not read.
	RequestedWith string

	// What a native app says of itself and its device in headers of its own: its
	// name and version, its system ("Android", "iOS"), and its model as the
	// system has it, Build.MODEL or utsname.machine, such as Immich's deviceModel
	// and deviceType.
	AppName     string
	AppVersion  string
	AppModel    string
	AppPlatform string
}

// What is longer is cut before anything reads it: no honest client comes near.
const (
	maxUserAgent = 1024
	maxBrands    = 1024
	maxHint      = 256
)

func (h Hints) capped() Hints {
	h.UserAgent = h.UserAgent[:min(len(h.UserAgent), maxUserAgent)]
	h.Brands = h.Brands[:min(len(h.Brands), maxBrands)]
	h.FullVersions = h.FullVersions[:min(len(h.FullVersions), maxBrands)]
	all := h.all()
	for _, s := range all[firstShort:] {
		*s = (*s)[:min(len(*s), maxHint)]
	}
	return h
}

// firstShort is where the hints that are one word or a few start, of all.
const firstShort = 3

// all returns every hint.
func (h *Hints) all() [13]*string {
	return [...]*string{
		&h.UserAgent, &h.Brands, &h.FullVersions, &h.Mobile, &h.Platform, &h.PlatformVersion, &h.Model, &h.FormFactors,
		&h.RequestedWith, &h.AppName, &h.AppVersion, &h.AppModel, &h.AppPlatform,
	}
}

// size is the length of all hints.
func (h *Hints) size() (n int) {
	for _, s := range h.all() {
		n += len(*s)
	}
	return n
}

// clone returns hints that do not keep the request's memory alive, in one piece.
func (h Hints) clone() Hints {
	var b strings.Builder
	b.Grow(h.size())
	all := h.all()
	for _, s := range all {
		b.WriteString(*s)
	}
	text := b.String()
	for _, s := range all {
		*s, text = text[:len(*s)], text[len(*s):]
	}
	return h
}
