package maxmind_test

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/signedin/signedin/geo/maxmind"
)

func ExampleNew() {
	// The file holds addresses for documentation only, which databases are not
	// asked for otherwise.
	db, err := maxmind.New("testdata/documentation.mmdb", maxmind.Config{AllowReserved: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, ip := range []string{"203.0.113.9", "198.51.100.7", "192.0.2.1", "192.168.1.5"} {
		l, err := db.Locate(context.Background(), netip.MustParseAddr(ip))
		fmt.Println(l.Label(), err)
	}
	fmt.Println(db.Type(), db.BuildTime().Format("2006-01-02"))
	// Output:
	// Amsterdam, Netherlands <nil>
	// United Kingdom <nil>
	// Unknown location <nil>
	// Local network <nil>
	// Documentation-City 2026-09-21
}
