package load

import (
	"testing"
	"time"

	"hermes-soak/soak"
)

func TestWaveIsDroppedAfterThreeSilentRequests(t *testing.T) {
	s := sending{left: 10}
	for i, class := range []soak.Class{soak.ClassReset, soak.ClassEOF, soak.ClassStatus, soak.ClassTimeout, soak.ClassRefused, soak.ClassReset} {
		if _, ok := s.take(t.Context()); !ok {
			t.Fatalf("request %d was not handed out", i+1)
		}
		s.begin()
		s.ended(soak.Answer{N: 1, Class: class}, time.Millisecond)
	}
	if _, ok := s.take(t.Context()); ok {
		t.Error("a seventh request was handed out after three without an answer")
	}
}
