package device

// Config is what a [Parser] is made from. The zero Config works.
type Config struct {
	// Apps are the host's own native apps, tried in order before the built-in
	// ones.
	Apps []App
	// CacheSize is how many results are kept; a negative one keeps none.
	// Defaults to 4,096.
	CacheSize int
}

// defaultCacheSize times maxCached is the most that a cache holds: 4 MiB.
const (
	defaultCacheSize = 4096
	maxCached        = 1024
)

// A Parser tells devices from hints and remembers what it told.
type Parser struct {
	apps  []appRule
	cache *cache
}

// New returns a Parser. It panics if an App has a pattern that cannot match.
func New(cfg Config) *Parser {
	p := &Parser{apps: compileApps(cfg.Apps)}
	if cfg.CacheSize == 0 {
		cfg.CacheSize = defaultCacheSize
	}
	if cfg.CacheSize > 0 {
		p.cache = newCache(cfg.CacheSize)
	}
	return p
}

// Parse tells the device from the hints.
func (p *Parser) Parse(h Hints) Device {
	if p.cache == nil {
		return p.parse(h.capped().clone())
	}
	hash, size := p.cache.hash(&h)
	if size > maxCached {
		return p.parse(h.capped().clone())
	}
	if d := p.cache.get(&h, hash); d != nil {
		return *d
	}
	h = h.clone() // of the request's memory, only what is kept
	d := p.parse(h.capped())
	p.cache.put(hash, h, d)
	return d
}
