package ratchet

import "time"

// Span is how far away something is, best guess and 95 % interval, in requests or hours.
type Span struct {
	Best, Low, High float64
	Open            bool // the rate may be zero: there is no High, and it reads 0
}

// Until returns how far it is from level to limit at a rate: (limit - level)/rate, the ends of the interval swapped. Its unit is that of
// the rate: requests for Growth.Rate, hours for Growth.PerHour. It is false where nothing grows.
func Until(limit, level int64, rate Interval) (Span, bool) {
	if rate.Rate <= 0 {
		return Span{}, false
	}
	room := float64(max(0, limit-level))
	s := Span{Best: room / rate.Rate, Low: room / rate.High, Open: rate.Low <= 0}
	if !s.Open {
		s.High = room / rate.Low
	}
	return s, true
}

// After is the span as told from a point so far back.
func (s Span) After(back float64) Span {
	s.Best, s.Low = s.Best+back, s.Low+back
	if !s.Open {
		s.High += back
	}
	return s
}

// Hours turns a span of requests into hours at one poll of every endpoint each every.
func (s Span) Hours(endpoints int, every time.Duration) Span {
	each := every.Hours() / float64(endpoints)
	return Span{Best: s.Best * each, Low: s.Low * each, High: s.High * each, Open: s.Open}
}
