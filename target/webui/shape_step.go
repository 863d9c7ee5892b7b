package webui

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
)

// stepFiles is how many handles the step is high.
const stepFiles = 3

// step is what a server opens at the first use of a feature, and keeps: it goes up once.
type step struct {
	held
	open  func(i int) (io.Closer, error)
	after int64
	seen  atomic.Int64
}

func startStep(_ context.Context, set settings, st store) (holding, error) {
	return &step{
		open:  func(i int) (io.Closer, error) { return st.openFile(fmt.Sprintf("step-%d", i)) },
		after: int64(set.after),
	}, nil
}

func (s *step) request(o occasion) bool {
	if o.at != answered || s.seen.Add(1) != s.after+1 {
		return false
	}
	for i := range stepFiles {
		// Out of handles the step is lower: the answer does not depend on it.
		if f, err := s.open(i); err == nil {
			s.take(f)
		}
	}
	return false
}
