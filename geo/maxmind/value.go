package maxmind

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/oschwald/maxminddb-golang/v2/mmdbdata"
)

// The functions here read one value if it can be taken for what is wanted,
// leave the target alone if not, and return the cursor behind it.

// readText refuses what a database of sessions might choke on.
func readText(c mmdbdata.Cursor, to *string) (mmdbdata.Cursor, error) {
	kind, err := c.Kind()
	switch {
	case err != nil:
		return c, err
	case kind != mmdbdata.KindString:
		return c.Skip()
	}
	s, next, err := c.ReadStringMaxSize(maxText)
	if err == nil && utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		*to = s
	}
	return next, err
}

func readDegrees(c mmdbdata.Cursor, to *float64) (mmdbdata.Cursor, error) {
	kind, err := c.Kind()
	if err != nil {
		return c, err
	}
	switch kind {
	case mmdbdata.KindFloat64, mmdbdata.KindFloat32:
		f, next, err := c.ReadFloat()
		*to = f
		return next, err
	case mmdbdata.KindString: // IPinfo
		var s string
		next, err := readText(c, &s)
		if f, bad := strconv.ParseFloat(s, 64); bad == nil {
			*to = f
		}
		return next, err
	}
	return c.Skip()
}

func readNumber(c mmdbdata.Cursor, to *uint64) (mmdbdata.Cursor, error) {
	kind, err := c.Kind()
	if err != nil {
		return c, err
	}
	switch kind {
	case mmdbdata.KindUint16, mmdbdata.KindUint32, mmdbdata.KindUint64, mmdbdata.KindInt32:
		n, signed, next, err := c.ReadInteger()
		if !signed || n <= math.MaxInt64 {
			*to = n
		}
		return next, err
	case mmdbdata.KindString: // IPinfo: "AS1136"
		var s string
		next, err := readText(c, &s)
		if n, bad := strconv.ParseUint(strings.TrimPrefix(s, "AS"), 10, 32); bad == nil {
			*to = n
		}
		return next, err
	}
	return c.Skip()
}

func readFlag(c mmdbdata.Cursor, to *bool) (mmdbdata.Cursor, error) {
	kind, err := c.Kind()
	switch {
	case err != nil:
		return c, err
	case kind != mmdbdata.KindBool:
		return c.Skip()
	}
	set, next, err := c.ReadBool()
	*to = set
	return next, err
}
