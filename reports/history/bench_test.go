package history

import (
	"fmt"
	"path/filepath"
	"testing"
)

// BenchmarkBatch is what the history adds to a batch of one cell: encoding, compressing
// and the transaction.
func BenchmarkBatch(b *testing.B) {
	all := events("RUN", b.N)
	h, err := Create(b.Context(), filepath.Join(b.TempDir(), "history.db"))
	ok(b, err)
	r := h.Recorder()
	b.ResetTimer()
	for _, e := range all {
		ok(b, r.Record(e))
	}
	b.StopTimer()
	ok(b, r.Close())
}

// BenchmarkOpen is what a run pays beforehand, by the size of the history.
func BenchmarkOpen(b *testing.B) {
	for _, runs := range []int{1, 100} {
		b.Run(fmt.Sprint(runs), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "history.db")
			for i := range runs {
				ok(b, writeRun(path, events(fmt.Sprintf("R%d", i), 5)))
			}
			for b.Loop() {
				h, err := Create(b.Context(), path)
				ok(b, err)
				ok(b, h.Close())
			}
		})
	}
}
