package session

// What is open for long on a bound session was let in by a proof of long ago: a
// thief's stream would outlive the cookie that it was opened with.

// limitOpen has c, which is opened now, cut after [Config].BoundOpen, if its session
// has a key. The time is in milliseconds since 1970.
func (m *Manager) limitOpen(c *Conn, l *live, s *Session, now int64) {
	if s.Bound.Key == "" {
		return
	}
	c.until = now + m.cfg.BoundOpen.Milliseconds()
	if !l.limited.Load() {
		l.limited.Store(true)
	}
}

// cutLong cuts what is open for too long. Its client makes it anew, with a proof.
func (m *Manager) cutLong() {
	now := m.Now().UnixMilli()
	for _, l := range m.hub.opened(func(l *live) bool { return l.limited.Load() }) {
		l.open.each(func(c *Conn) bool {
			if c.until != 0 && now >= c.until {
				c.end(ErrUnbound)
			}
			return true
		})
	}
}
