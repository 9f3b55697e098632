package host

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/geo/embedded"
	"github.com/signedin/signedin/geo/maxmind"
	"github.com/signedin/signedin/middleware"
)

// Places returns the best Locator there is, and the line that its licence asks
// for. A city database that cannot be used is no reason not to start.
func Places(ctx context.Context, cityDB string, log *slog.Logger) (geo.Locator, string) {
	countries := embedded.New()
	if cityDB == "" {
		return countries, embedded.Attribution
	}
	cities, err := maxmind.New(cityDB, maxmind.Config{Logger: log})
	if err != nil {
		log.Warn("-city-db cannot be used: going on with countries", "error", err)
		return countries, embedded.Attribution
	}
	go func() { _ = cities.Run(ctx) }() // takes a newer file when there is one
	return geo.Combine(cities, countries), embedded.Attribution
}

// ClientIP reads a list of prefixes of proxies, such as "10.0.0.0/8,fd00::/8".
func ClientIP(list string) (middleware.ClientIP, error) {
	if list == "" {
		return middleware.RemoteAddr, nil
	}
	var trusted []netip.Prefix
	for _, s := range strings.Split(list, ",") {
		p, err := netip.ParsePrefix(strings.TrimSpace(s))
		if err != nil {
			return nil, fmt.Errorf("%q is no prefix such as 10.0.0.0/8", s)
		}
		trusted = append(trusted, p)
	}
	return middleware.TrustedProxies(trusted, middleware.ProxyConfig{})
}
