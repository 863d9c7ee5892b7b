package load

import (
	"context"
	"sync"
	"time"

	"hermes-soak/soak"
)

// sending is the state that the clients of one wave share.
type sending struct {
	start   time.Time
	timeout time.Duration // of a request
	rate    float64       // requests per second; 0 is unbounded

	mu         sync.Mutex
	taken      int
	left       int
	inFlight   int
	most       int
	unfinished int   // requests that got no whole answer, in a row
	ends       []end // in the order in which the requests ended
	err        error
}

// giveUpAfter is how many requests in a row may stay without a whole answer
// before the rest of the wave is dropped: a target that is down, or pours without
// end, costs three timeouts, not one a request.
const giveUpAfter = 3

// endsAhead is the number of requests of a wave for whose ends there is room at once.
const endsAhead = 1 << 10

// end is how one request ended.
type end struct {
	answer  soak.Answer
	latency time.Duration
}

// take hands out the next request and says when it is meant to start. It
// reports false when there is none, or none may start any more.
func (s *sending) take(ctx context.Context) (intended time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == 0 || s.err != nil || s.unfinished >= giveUpAfter || ctx.Err() != nil {
		return time.Time{}, false
	}
	s.left--
	s.taken++
	if s.rate == 0 {
		return time.Now(), true
	}
	return s.start.Add(time.Duration(float64(s.taken-1) / s.rate * float64(time.Second))), true
}

// begin notes that a request is in flight.
func (s *sending) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight++
	s.most = max(s.most, s.inFlight)
}

// ended notes how a request in flight ended and returns its place in the order.
func (s *sending) ended(a soak.Answer, latency time.Duration) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
	if s.unfinished++; !a.Unfinished(s.timeout) {
		s.unfinished = 0
	}
	s.ends = append(s.ends, end{a, latency})
	return len(s.ends) - 1
}

// judged is answer k once its body was looked at.
func (s *sending) judged(k int, a soak.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends[k].answer = a
}

// fail ends the wave: a request could not be tried.
func (s *sending) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
	if s.err == nil {
		s.err = err
	}
}

// outcome is for when every client has gone home.
func (s *sending) outcome() soak.Outcome {
	out := soak.Outcome{MaxInFlight: s.most, Latencies: make([]time.Duration, 0, len(s.ends))}
	for _, e := range s.ends {
		out.Add(e.answer, e.latency)
	}
	return out
}
