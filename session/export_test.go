package session

// Remembered returns how many sessions the Hub knows something of.
func (h *Hub) Remembered() (n int) {
	h.each(func(*live) { n++ })
	return n
}

// IsSame is isSame.
var IsSame = isSame
