package ratchet

// The plain rule's bounds.
const (
	plainBatches = 10  // least number of batches
	plainEach    = 10  // a batch must gain one unit in so many requests
	plainHolds   = 0.9 // share of what was gained that the drain must leave
)

// plain is what a person means by monotonic growth: in every batch from the second on the gauge rose by one unit in ten requests or
// more, and the drain left nine tenths of it. It needs no drawn order, so it also judges a series that somebody else recorded.
func plain(s Segment) bool {
	var first, last, requests int64
	batches := 0
	for j, v := range s.Waves {
		if v.Drain {
			break
		}
		requests += int64(v.Requests)
		if v.Batch < 1 || j+1 < len(s.Waves) && s.Waves[j+1].Batch == v.Batch {
			continue
		}
		if batches++; batches == 1 {
			first = s.Values[j]
		} else if plainEach*(s.Values[j]-last) < requests {
			return false
		}
		last, requests = s.Values[j], 0
	}
	end := s.Values[len(s.Values)-1]
	return batches >= plainBatches && float64(end-first) >= plainHolds*float64(last-first)
}
