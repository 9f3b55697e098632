package record

import (
	"net/netip"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

// Visit is a visit without its time and address.
var Visit = Part[session.Visit]{
	network("network", func(v *session.Visit) *netip.Prefix { return &v.Network }),

	text("kind", func(v *session.Visit) *device.Kind { return &v.Device.Kind }),
	text("browser", func(v *session.Visit) *string { return &v.Device.Browser }),
	text("browser_version", func(v *session.Visit) *string { return &v.Device.BrowserVersion }),
	text("os", func(v *session.Visit) *string { return &v.Device.OS }),
	text("os_version", func(v *session.Visit) *string { return &v.Device.OSVersion }),
	text("brand", func(v *session.Visit) *string { return &v.Device.Brand }),
	text("model", func(v *session.Visit) *string { return &v.Device.Model }),
	text("app", func(v *session.Visit) *string { return &v.Device.App }),
	text("app_version", func(v *session.Visit) *string { return &v.Device.AppVersion }),
	unsigned("device_source", 8, func(v *session.Visit) *device.Source { return &v.Device.Source }),
	boolean("inconsistent", func(v *session.Visit) *bool { return &v.Device.Inconsistent }),

	unsigned("scope", 8, func(v *session.Visit) *geo.Scope { return &v.Location.Scope }),
	text("country_code", func(v *session.Visit) *string { return &v.Location.CountryCode }),
	text("country", func(v *session.Visit) *string { return &v.Location.Country }),
	text("city", func(v *session.Visit) *string { return &v.Location.City }),
	text("time_zone", func(v *session.Visit) *string { return &v.Location.TimeZone }),
	float("latitude", func(v *session.Visit) *float64 { return &v.Location.Latitude }),
	float("longitude", func(v *session.Visit) *float64 { return &v.Location.Longitude }),
	boolean("has_coordinates", func(v *session.Visit) *bool { return &v.Location.HasCoordinates }),
	unsigned("radius", 16, func(v *session.Visit) *uint16 { return &v.Location.Radius }),
	unsigned("asn", 32, func(v *session.Visit) *uint32 { return &v.Location.ASN }),
	text("organization", func(v *session.Visit) *string { return &v.Location.Organization }),
	text("network_kind", func(v *session.Visit) *geo.Kind { return &v.Location.Network }),
	text("source", func(v *session.Visit) *string { return &v.Location.Source }),
	millis("built", func(v *session.Visit) *time.Time { return &v.Location.Built }),
}
