package load

import (
	"testing"
	"time"

	"hermes-soak/soak"
)

func TestWaveIsDroppedAfterThreeUnfinishedRequests(t *testing.T) {
	s := sending{left: 10, timeout: time.Second}
	answers := []soak.Answer{
		{N: 1, Class: soak.ClassReset}, {N: 1, Class: soak.ClassEOF}, {N: 1, Class: soak.ClassShort, Status: 200},
		{N: 1, Class: soak.ClassTimeout, Status: 200, Bytes: 1 << 30}, {N: 1, Class: soak.ClassRefused}, {N: 1, Class: soak.ClassOther},
	}
	for i, a := range answers {
		if _, ok := s.take(t.Context()); !ok {
			t.Fatalf("request %d was not handed out", i+1)
		}
		s.begin()
		s.ended(a, time.Millisecond)
	}
	if _, ok := s.take(t.Context()); ok {
		t.Error("a seventh request was handed out after three without a whole answer")
	}
}
