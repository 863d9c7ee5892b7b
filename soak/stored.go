package soak

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Stored says what became of the new sessions that a server was asked for around
// faults: what it acknowledged is to be in its database, once.
type Stored struct {
	// Acknowledged are those that were answered with 200. Unsure are all others that
	// were asked for: they may be there, once.
	Acknowledged int `json:"acknowledged"`
	Unsure       int `json:"unsure,omitempty"`
	// Before were there before the load; 0 where the load itself may have changed that.
	Before int `json:"before,omitempty"`
	// Lost were acknowledged and are not there; Gone were there before, and are not.
	Lost Sessions `json:"lost,omitzero"`
	Gone Sessions `json:"gone,omitzero"`
	// Twice are there more than once.
	Twice Sessions `json:"twice,omitzero"`
	// Refused is how many were refused although no fault stood in their way, and Why
	// how the last of them ended.
	Refused int    `json:"refused,omitempty"`
	Why     string `json:"why,omitempty"`
	// Damage is the first that SQLite says of a database that is not whole.
	Damage string `json:"damage,omitempty"`
	// Unseen is why the database could not be looked at; "" where it was.
	Unseen string `json:"unseen,omitempty"`
}

// Sessions are N sessions; Names are the first of them, at most MostNamed.
type Sessions struct {
	N     int      `json:"n"`
	Names []string `json:"names"`
}

// MostNamed bounds the sessions that a record names.
const MostNamed = 5

// Add adds one session.
func (s *Sessions) Add(name string) {
	if s.N++; len(s.Names) < MostNamed {
		s.Names = append(s.Names, name)
	}
}

// String names the sessions, as far as they are known.
func (s Sessions) String() string {
	text := strings.Join(s.Names, ", ")
	if more := s.N - len(s.Names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// stored looks whether what the server acknowledged is there.
func (r *running) stored(ctx context.Context) error {
	if r.Stored == nil {
		return nil
	}
	s := r.Stored(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.emit(Event{Kind: "state", State: &s})
}

// verdict fails where something is lost, there twice, or damaged.
func (s Stored) verdict() Verdict {
	v := Verdict{Subject: "state"}
	wrong := s.wrong()
	switch {
	case len(wrong) > 0:
		v.Status, v.Class, v.Reason = Fail, LeakNone, strings.Join(wrong, "; ")
		v.Headline = v.Reason
		return v
	case s.Unseen != "":
		v.Status, v.Reason = Unknown, "whether what was acknowledged is still there could not be looked at: "+s.Unseen
		return v
	case s.Acknowledged == 0 && s.Unsure > 0:
		v.Status, v.Reason = Unknown, fmt.Sprintf("none of %s was acknowledged: nothing is there that could be lost", count(int64(s.Unsure), "new session"))
		return v
	}
	v.Status, v.Class = Pass, LeakNone
	v.Reason = count(int64(s.Acknowledged), "acknowledged session") + " there, once each; "
	if s.Unsure > 0 {
		v.Reason += fmt.Sprintf("%d more that got no 200 at most once; ", s.Unsure)
	}
	if s.Before > 0 {
		v.Reason += fmt.Sprintf("all %d of before the load there; ", s.Before)
	}
	v.Reason += "the database is whole"
	return v
}

// wrong is what the server did wrong, the worst first.
func (s Stored) wrong() (all []string) {
	if s.Lost.N > 0 {
		all = append(all, fmt.Sprintf("LOST %d of %s: %s", s.Lost.N, count(int64(s.Acknowledged), "acknowledged session"), s.Lost))
	}
	if s.Gone.N > 0 {
		all = append(all, fmt.Sprintf("LOST %d of %s of before the load: %s", s.Gone.N, count(int64(s.Before), "session"), s.Gone))
	}
	if s.Twice.N > 0 {
		all = append(all, fmt.Sprintf("TWICE there: %s: %s", count(int64(s.Twice.N), "session"), s.Twice))
	}
	if s.Damage != "" {
		all = append(all, "DAMAGED: the database is not whole: "+s.Damage)
	}
	if s.Refused > 0 {
		all = append(all, fmt.Sprintf("REFUSED %s with no fault in the way, the last with %s", count(int64(s.Refused), "new session"), s.Why))
	}
	return all
}

// refuse says what no look at a database can have found.
func (s Stored) refuse() error {
	asked := s.Acknowledged + s.Unsure
	switch {
	case s.Acknowledged < 0 || s.Acknowledged > mostSent || s.Unsure < 0 || s.Unsure > mostSent || s.Before < 0 || s.Before > mostSent:
		return fmt.Errorf("%d acknowledged sessions, %d unsure, %d before", s.Acknowledged, s.Unsure, s.Before)
	case s.Refused < 0 || s.Refused > asked || (s.Refused > 0) != (s.Why != ""):
		return fmt.Errorf("%d of %d sessions were refused", s.Refused, asked)
	case s.Unseen != "" && (s.Lost.N+s.Gone.N+s.Twice.N > 0 || s.Damage != ""):
		return errors.New("a database that could not be looked at, and what is wrong with it")
	}
	for _, some := range []struct {
		Sessions
		most int
	}{{s.Lost, s.Acknowledged}, {s.Gone, s.Before}, {s.Twice, asked}} {
		if some.N < 0 || some.N > some.most || len(some.Names) != min(some.N, MostNamed) {
			return fmt.Errorf("%d of %d sessions, of which %d are named", some.N, some.most, len(some.Names))
		}
	}
	return nil
}
