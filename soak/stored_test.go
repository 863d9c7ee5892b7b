package soak

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// some are sessions by name.
func some(names ...string) (s Sessions) {
	for _, name := range names {
		s.Add(name)
	}
	return s
}

func TestStored(t *testing.T) {
	fine := Stored{Acknowledged: 180, Unsure: 4, Before: 550}
	for name, tt := range map[string]struct {
		change func(*Stored)
		status Status
		reason string
	}{
		"all there":         {func(*Stored) {}, Pass, "180 acknowledged sessions there, once each; 4 more that got no 200 at most once; all 550 of before the load there; the database is whole"},
		"none before":       {func(s *Stored) { s.Before = 0 }, Pass, "180 acknowledged sessions there, once each; 4 more that got no 200 at most once; the database is whole"},
		"lost":              {func(s *Stored) { s.Lost = some("soak A 1", "soak A 2") }, Fail, "LOST 2 of 180 acknowledged sessions: soak A 1, soak A 2"},
		"many lost":         {func(s *Stored) { s.Lost = some("1", "2", "3", "4", "5", "6", "7") }, Fail, "LOST 7 of 180 acknowledged sessions: 1, 2, 3, 4, 5 and 2 more"},
		"gone":              {func(s *Stored) { s.Gone = some("20250615_0") }, Fail, "LOST 1 of 550 sessions of before the load: 20250615_0"},
		"twice":             {func(s *Stored) { s.Twice = some("soak A 9") }, Fail, "TWICE there: 1 session: soak A 9"},
		"damaged":           {func(s *Stored) { s.Damage = "page 3" }, Fail, "DAMAGED: the database is not whole: page 3"},
		"refused":           {func(s *Stored) { s.Refused, s.Why = 1, "status 500" }, Fail, "REFUSED 1 new session with no fault in the way, the last with status 500"},
		"lost and damaged":  {func(s *Stored) { s.Lost, s.Damage = some("a"), "b" }, Fail, "acknowledged sessions: a; DAMAGED"},
		"not looked at":     {func(s *Stored) { s.Unseen = "no such file" }, Unknown, "could not be looked at: no such file"},
		"refused, unseen":   {func(s *Stored) { s.Unseen, s.Refused, s.Why = "no such file", 1, "status 500" }, Fail, "REFUSED"},
		"none acknowledged": {func(s *Stored) { s.Acknowledged = 0 }, Unknown, "none of 4 new sessions was acknowledged"},
	} {
		t.Run(name, func(t *testing.T) {
			stored := fine
			tt.change(&stored)
			s := newServer(5, 40, 1)
			s.loop.Stored = func(context.Context) Stored { return stored }
			r := s.soak(t)
			v := verdictOf(t, r, "recovers", "state")
			if v.Status != tt.status || !strings.Contains(v.Reason, tt.reason) {
				t.Errorf("%s %s\nwant %s %s", v.Status, v.Reason, tt.status, tt.reason)
			}
			if want := map[Status]int{Pass: ExitPass, Fail: ExitFail, Unknown: ExitUnknown}[tt.status]; r.Conclusion.Exit != want {
				t.Errorf("exit %d: %s", r.Conclusion.Exit, r.Conclusion.Line)
			}
			if tt.status == Fail && r.Conclusion.Line != v.Reason {
				t.Errorf("the last line is %q", r.Conclusion.Line)
			}
		})
	}
}

// TestStoredIsLast: the database is looked at after everything else, once, whatever
// ended the run, and not by someone who has left.
func TestStoredIsLast(t *testing.T) {
	s := newServer(5, 40, 1)
	times := 0
	s.loop.Stored = func(context.Context) Stored { times++; return Stored{Acknowledged: 1} }
	s.leak = func(*server, int) {}
	s.quitAt(30, 0)
	s.soak(t)
	n := len(s.events)
	if s.events[n-1].Stop == nil || s.events[n-1].Stop.Reason != StopInterrupted || s.events[n-2].State == nil || times != 1 {
		t.Errorf("%d looks, at the end %+v, %+v", times, s.events[n-2], s.events[n-1])
	}
	r := &running{Loop: s.loop}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := r.stored(gone); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestRefuseStored: what no look at a database can have found is not judged.
func TestRefuseStored(t *testing.T) {
	for name, bad := range map[string]Stored{
		"fewer than none":    {Acknowledged: -1},
		"too many":           {Unsure: mostSent + 1},
		"fewer before":       {Before: -1},
		"more lost":          {Acknowledged: 1, Lost: some("a", "b")},
		"more gone":          {Before: 1, Gone: some("a", "b")},
		"more twice":         {Acknowledged: 1, Unsure: 1, Twice: some("a", "b", "c")},
		"unnamed":            {Acknowledged: 2, Lost: Sessions{N: 2, Names: []string{"a"}}},
		"names alone":        {Acknowledged: 2, Lost: Sessions{Names: []string{"a"}}},
		"more refused":       {Acknowledged: 1, Refused: 2, Why: "500"},
		"refused, no reason": {Acknowledged: 1, Refused: 1},
		"unseen and seen":    {Acknowledged: 1, Unseen: "gone", Lost: some("a")},
		"unseen and damaged": {Unseen: "gone", Damage: "page 3"},
	} {
		if bad.refuse() == nil {
			t.Errorf("%s is taken", name)
		}
	}
	s := newServer(5, 40, 1)
	s.loop.Stored = func(context.Context) Stored { return Stored{Acknowledged: 7, Lost: some("1", "2", "3", "4", "5", "6")} }
	s.soak(t)
	if _, err := Replay(s.events); err != nil {
		t.Error(err)
	}
	at := len(s.events) - 2
	again := s.events[at]
	again.Seq, again.Mono = again.Seq+1, again.Mono+time.Nanosecond
	if _, err := Replay(append(slices.Clone(s.events[:at+1]), again)); err == nil || !strings.Contains(err.Error(), "told twice") {
		t.Errorf("two of them: %v", err)
	}
	spoilt := slices.Clone(s.events)
	spoilt[at].State = &Stored{Acknowledged: -7}
	if _, err := Replay(spoilt); err == nil {
		t.Error("a damaged one is judged")
	}
}
