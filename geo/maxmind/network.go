package maxmind

import (
	"github.com/oschwald/maxminddb-golang/v2/mmdbdata"

	"github.com/signedin/signedin/geo"
)

// readNetwork reads a field about the network rather than the place.
func (r *record) readNetwork(key []byte, c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	switch string(key) {
	case "autonomous_system_number", "asn":
		return readNumber(c, &r.asn)
	case "autonomous_system_organization", "as_name":
		return readText(c, &r.organization)
	case "isp":
		if r.organization == "" {
			return readText(c, &r.organization)
		}
	case "connection_type", "user_type":
		var use string
		next, err := readText(c, &use)
		r.kind = r.kind.Or(kindOfUse(use))
		return next, err
	case "mobile_country_code":
		var code string
		next, err := readText(c, &code)
		if code != "" {
			r.kind = r.kind.Or(geo.KindMobile)
		}
		return next, err
	case "anonymizer_confidence":
		var percent uint64
		next, err := readNumber(c, &percent)
		r.anonymous = r.anonymous || percent > 0
		return next, err
	}
	return r.readFlagged(kindOfFlag(key), c)
}

// flagAnonymous stands for a network that hides its users in a way that another
// field names, if the database knows it.
const flagAnonymous geo.Kind = "anonymous"

func kindOfFlag(key []byte) geo.Kind {
	switch string(key) {
	case "is_anonymous":
		return flagAnonymous
	case "is_anonymous_vpn", "is_anonymous_proxy", "is_public_proxy", "is_residential_proxy":
		return geo.KindRelay
	case "is_tor_exit_node":
		return geo.KindTor
	case "is_hosting_provider":
		return geo.KindHosting
	case "is_satellite_provider":
		return geo.KindSatellite
	}
	return geo.KindUnknown
}

func (r *record) readFlagged(kind geo.Kind, c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	if kind == geo.KindUnknown {
		return c.Skip()
	}
	var set bool
	next, err := readFlag(c, &set)
	switch {
	case !set:
	case kind == flagAnonymous:
		r.anonymous = true
	default:
		r.kind = r.kind.Or(kind)
	}
	return next, err
}

// kindOfUse translates GeoIP2's connection types and user types.
func kindOfUse(use string) geo.Kind {
	switch use {
	case "Cable/DSL", "Dialup", "dialup", "residential":
		return geo.KindResidential
	case "Cellular", "cellular":
		return geo.KindMobile
	case "Corporate", "business", "college", "government", "library", "military", "school":
		return geo.KindBusiness
	case "hosting", "content_delivery_network":
		return geo.KindHosting
	case "consumer_privacy_network":
		return geo.KindRelay
	case "Satellite":
		return geo.KindSatellite
	}
	return geo.KindUnknown
}

// network returns the kind of the network, by its number if by nothing else.
func (r *record) network() geo.Kind {
	switch {
	case r.anonymous && r.kind != geo.KindHosting:
		return r.kind.Or(geo.KindRelay)
	case r.kind == geo.KindUnknown && r.asn <= maxASN:
		return geo.KindOf(uint32(r.asn))
	}
	return r.kind
}
