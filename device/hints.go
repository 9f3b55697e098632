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

	// What an app says of its device in headers of its own, such as Immich's
	// deviceModel and deviceType.
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
	for _, s := range h.short() {
		*s = (*s)[:min(len(*s), maxHint)]
	}
	return h
}

// short returns the hints that are one word or a few.
func (h *Hints) short() [7]*string {
	return [...]*string{&h.Mobile, &h.Platform, &h.PlatformVersion, &h.Model, &h.FormFactors, &h.AppModel, &h.AppPlatform}
}

// size is the length of all hints.
func (h *Hints) size() int {
	return len(h.UserAgent) + len(h.Brands) + len(h.FullVersions) + len(h.Mobile) + len(h.Platform) +
		len(h.PlatformVersion) + len(h.Model) + len(h.FormFactors) + len(h.AppModel) + len(h.AppPlatform)
}

// clone returns hints that do not keep the request's memory alive.
func (h Hints) clone() Hints {
	h.UserAgent = strings.Clone(h.UserAgent)
	h.Brands = strings.Clone(h.Brands)
	h.FullVersions = strings.Clone(h.FullVersions)
	for _, s := range h.short() {
		*s = strings.Clone(*s)
	}
	return h
}
