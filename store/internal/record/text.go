package record

import (
	"net/netip"
	"time"
	"unicode/utf8"
)

// Time returns the time of so many milliseconds since 1970.
func Time(millis int64) time.Time { return time.UnixMilli(millis).UTC() }

// Addr returns the text of an address, "" for none.
func Addr(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.String()
}

// ParseAddr reads what [Addr] returned.
func ParseAddr(text string) (ip netip.Addr, err error) {
	if text == "" {
		return ip, nil
	}
	return netip.ParseAddr(text)
}

// Network returns the text of a network, "" for none.
func Network(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}

const hexDigits = "0123456789abcdef"

// AppendText appends a text as JSON.
func AppendText(b []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = string([]rune(s)) // as encoding/json does it
	}
	b = append(b, '"')
	begin := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[begin:i]...)
		begin = i + 1
		if c < ' ' {
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		} else {
			b = append(b, '\\', c)
		}
	}
	return append(append(b, s[begin:]...), '"')
}
