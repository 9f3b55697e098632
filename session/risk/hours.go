package risk

import "math"

// hours counts at which hours of the day, in UTC, a user is active: at most
// once an hour. UTC absorbs summer time, which moves a habit by less than the
// kernel is wide.
type hours struct {
	last stamp // the latest hour that was counted
	bins [24]uint8
}

// halveAt keeps the habit young.
const halveAt = 240

func (h *hours) add(at stamp) {
	if at <= h.last && h.last-at < maxSkew/60 {
		return
	}
	h.last = at
	h.bins[at%24]++
	if h.count() < halveAt {
		return
	}
	for i := range h.bins {
		h.bins[i] /= 2
	}
}

func (h *hours) count() (n int) {
	for _, c := range h.bins {
		n += int(c)
	}
	return n
}

// kernel is a Gaussian of 1.3 hours around the clock, twice, so that an index need not
// wrap.
var kernel = func() (k [48]float64) {
	sum := 0.0
	for i := range 24 {
		d := float64(min(i, 24-i)) / 1.3
		k[i] = math.Exp(-d * d / 2)
		sum += k[i]
	}
	for i := range 24 {
		k[i] /= sum
		k[i+24] = k[i]
	}
	return k
}()

// density returns how often the user is active at that hour, 1 being as often
// as at any other, and from how many hours that is known. Some of it is always
// taken to be spread over the day.
func (h *hours) density(at stamp) (density float64, n int) {
	around := kernel[24-at%24:] // symmetric: the distance from hour i is that from it
	for i := range h.bins {
		n += int(h.bins[i])
		density += float64(h.bins[i]) * around[i]
	}
	if n == 0 {
		return 1, 0
	}
	uniform := max(5/(float64(n)+5), .05)
	return (1-uniform)*density*24/float64(n) + uniform, n
}

const (
	minHours    = 10 // to give the hour points
	minHoursSay = 20 // to speak of it
	rareHour    = .3
)

// hour judges the hour of a visit. It is rare only if a person would say so.
func (h *hours) judge(at stamp) (points int, rare bool) {
	density, n := h.density(at)
	if n < minHours {
		return 0, false
	}
	points = int(math.Round(7 * min(max(-math.Log(density), -.7), 1.6)))
	return points, n >= minHoursSay && density < rareHour
}
