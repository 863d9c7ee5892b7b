package soak

import (
	"testing"
	"time"
)

// TestUnfinished: an answer that the timeout ended in the middle is none, unless so
// short a timeout asks for just that.
func TestUnfinished(t *testing.T) {
	for name, c := range map[string]struct {
		answer  Answer
		timeout time.Duration
		want    bool
	}{
		"silence":                      {Answer{Class: ClassTimeout}, 40 * time.Millisecond, true},
		"reset":                        {Answer{Class: ClassReset}, 40 * time.Millisecond, true},
		"without end":                  {Answer{Class: ClassTimeout, Status: 200}, 10 * time.Second, true},
		"a client that means to leave": {Answer{Class: ClassTimeout, Status: 200}, 40 * time.Millisecond, false},
		"cut short":                    {Answer{Class: ClassShort, Status: 200}, 10 * time.Second, false},
		"whole":                        {Answer{Class: ClassOK, Status: 200}, 10 * time.Second, false},
	} {
		if got := c.answer.Unfinished(c.timeout); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
