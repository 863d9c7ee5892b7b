package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
	"hermes-soak/target/faults"
)

// ledger lists the new sessions that the bundled WebUI was asked for around faults,
// and which of them it acknowledged. It is safe for use by many goroutines.
type ledger struct {
	config load.Config
	run    string            // begins each title, so that they are nobody else's
	before map[string]string // titles by id before the load; nil is not compared

	mu           sync.Mutex
	acknowledged []bool // of each that was asked for, in turn
	refused      int
	why          string
}

// newLedger makes an empty ledger of the server of config, whose requests are the load,
// and of its database.
func newLedger(ctx context.Context, config load.Config, database string) (*ledger, error) {
	l := &ledger{run: rand.Text()[:8]}
	if onlyReads(config.Probes) {
		before, err := faults.Sessions(ctx, database)
		if err != nil {
			return nil, fmt.Errorf("look into the database before the load: %w", err)
		}
		l.before = before
	}
	config.Probes, config.Rate, config.Concurrency = nil, 0, 1
	l.config = config
	return l, nil
}

// onlyReads reports whether no request of the load can delete a session.
func onlyReads(probes []soak.Probe) bool {
	for _, p := range probes {
		for _, r := range slices.Concat(p.Before, []soak.Request{p.Request}, p.After) {
			if !slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, r.Method) {
				return false
			}
		}
	}
	return true
}

// write asks for n new sessions, so many of them at once, each on a connection of its
// own and within the timeout. Each answer is an occurrence. When ctx is done those in
// flight are given up; what became of them is unsure, as of all that got no 200.
func (l *ledger) write(ctx context.Context, n, atOnce int, timeout time.Duration) soak.Outcome {
	config := l.config
	config.Timeout = timeout
	d, err := load.New(config)
	if err != nil {
		return soak.Outcome{Missed: n, Why: err.Error()}
	}
	defer d.Close()
	out := soak.Outcome{MaxInFlight: min(n, atOnce)}
	turns := make(chan struct{}, n)
	for range n {
		turns <- struct{}{}
	}
	close(turns)
	var clients sync.WaitGroup
	for range min(n, atOnce) {
		clients.Go(func() {
			for range turns {
				if ctx.Err() != nil {
					return
				}
				l.ask(ctx, d, &out)
			}
		})
	}
	clients.Wait()
	return out
}

// ask asks for one new session and notes how that ended.
func (l *ledger) ask(ctx context.Context, d *load.Driver, out *soak.Outcome) {
	n := l.next()
	began := time.Now()
	reply, err := tryNew(ctx, d, l.title(n))
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.acknowledged[n] = reply.Status == 200
		out.Add(reply.Answer, time.Since(began))
	case ctx.Err() == nil:
		out.Missed, out.Why = out.Missed+1, err.Error()
	}
}

// next is the number of a new session, which nobody acknowledged so far.
func (l *ledger) next() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acknowledged = append(l.acknowledged, false)
	return len(l.acknowledged) - 1
}

// title is the title of the session of that number.
func (l *ledger) title(n int) string { return fmt.Sprintf("soak %s %d", l.run, n+1) }

func tryNew(ctx context.Context, d *load.Driver, title string) (load.Reply, error) {
	post, err := soak.NewRequest("POST", "/api/session/new")
	if err != nil {
		return load.Reply{}, err
	}
	body, err := json.Marshal(map[string]string{"title": title})
	if err != nil {
		return load.Reply{}, err
	}
	post.ContentType, post.Body = "application/json", soak.NewSecret(string(body))
	return d.Try(ctx, soak.Probe{Request: post})
}

// refuse notes an answer that says no, where nothing was in the way of a yes.
func (l *ledger) refuse(a soak.Answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused, l.why = l.refused+a.N, string(a.Class)
	if a.Status != 0 {
		l.why = fmt.Sprintf("status %d", a.Status)
	}
}

// hasRefused reports whether a new session was refused.
func (l *ledger) hasRefused() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused > 0
}

// hasAny reports whether any new session was acknowledged.
func (l *ledger) hasAny() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.acknowledged, true)
}

// prove asks for a new session until one is acknowledged, and notes a refusal where
// none is within the time. A server that has refused one gets no time again.
func (l *ledger) prove(ctx context.Context, within time.Duration) {
	over := time.Now().Add(within)
	for ; ctx.Err() == nil; hold(ctx, startPoll) {
		out := l.write(ctx, 1, 1, recoveryTimeout)
		if len(out.Answers) == 0 || out.Answers[0].Status == 200 {
			return
		}
		if l.hasRefused() || time.Now().After(over) {
			l.refuse(out.Answers[0])
			return
		}
	}
}

// lookTime bounds the look at a database.
const lookTime = time.Minute

// check compares the database with the ledger.
func (l *ledger) check(ctx context.Context, database string) soak.Stored {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	titles, err := faults.Sessions(ctx, database)
	l.mu.Lock()
	defer l.mu.Unlock()
	s := soak.Stored{Before: len(l.before), Refused: l.refused, Why: l.why}
	for _, yes := range l.acknowledged {
		if yes {
			s.Acknowledged++
		} else {
			s.Unsure++
		}
	}
	switch {
	case errors.Is(err, faults.ErrDamaged):
		s.Damage = err.Error()
		return s
	case err != nil:
		s.Unseen = err.Error()
		return s
	}
	l.compare(titles, &s)
	return s
}

// compare notes what is missing among the sessions, and what is there twice.
func (l *ledger) compare(titles map[string]string, s *soak.Stored) {
	times := map[string]int{}
	for _, title := range titles {
		times[title]++
	}
	for n, acknowledged := range l.acknowledged {
		title := l.title(n)
		switch {
		case times[title] > 1:
			s.Twice.Add(title)
		case times[title] == 0 && acknowledged:
			s.Lost.Add(title)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(l.before)) {
		if titles[id] != l.before[id] {
			s.Gone.Add(id)
		}
	}
}
