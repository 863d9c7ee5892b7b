package ratchet

// minBatches is the least number of batches that the plain rule speaks about.
const minBatches = 10

// Batch is one batch as a person reads it: the gauge at its end, and the requests it sent.
type Batch struct {
	Level    int64
	Requests int
}

// Plain is what a person means by monotonic growth: an integer gauge (never memory) rises in every batch from the second on by one
// per ten requests or more, 90 % of that is still held at the end of the drain, and persistence does not object.
func Plain(batches []Batch, drained int64, p Persistence) bool {
	if len(batches) < minBatches || !p.Holds {
		return false
	}
	for i, b := range batches[1:] {
		if rose := b.Level - batches[i].Level; rose <= 0 || 10*rose < int64(b.Requests) {
			return false
		}
	}
	first, last := batches[0].Level, batches[len(batches)-1].Level
	return 10*(drained-first) >= 9*(last-first)
}
