package main

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
	"hermes-soak/target/webui"
)

// webUI serves the bundled WebUI in this process, and returns its address and its
// database.
func webUI(t *testing.T) (base, database string) {
	t.Helper()
	home := t.TempDir()
	s, err := webui.Open(t.Context(), webui.Config{Home: home, Sessions: 3})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil && !t.Failed() {
			t.Error(err)
		}
	})
	return s.URL(), filepath.Join(home, "state.db")
}

// change changes the database behind the server's back.
func change(t *testing.T, database, statement string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+database+"?_pragma=busy_timeout(5000)")
	if err == nil {
		_, err = db.Exec(statement, args...)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// insert makes a session of that title.
const insert = "INSERT INTO sessions SELECT session_id || 'x', ?, source, model, project_id, created_at, updated_at, 0 FROM sessions ORDER BY created_at LIMIT 1"

func newTestLedger(t *testing.T, base, database string, probes ...soak.Probe) *ledger {
	t.Helper()
	l, err := newLedger(t.Context(), load.Config{BaseURL: base, Probes: probes}, database)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestLedger: what is lost, there twice and not whole is found, by name; what only
// may be there may be missing.
func TestLedger(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, l *ledger, database string)
		want  soak.Stored
	}{
		"all there": {func(*testing.T, *ledger, string) {}, soak.Stored{}},
		"lost": {func(t *testing.T, l *ledger, db string) {
			change(t, db, "DELETE FROM sessions WHERE title = ?", l.title(3))
		}, soak.Stored{Lost: soak.Sessions{N: 1, Names: []string{"soak RUN 4"}}}},
		"twice": {func(t *testing.T, l *ledger, db string) { change(t, db, insert, l.title(0)) }, soak.Stored{Twice: soak.Sessions{N: 1, Names: []string{"soak RUN 1"}}}},
		"gone": {func(t *testing.T, l *ledger, db string) {
			change(t, db, "DELETE FROM messages; DELETE FROM sessions WHERE session_id LIKE '%00000000'")
		}, soak.Stored{Gone: soak.Sessions{N: 1, Names: []string{"20250615_00000000"}}}},
		"another title": {func(t *testing.T, l *ledger, db string) {
			change(t, db, "UPDATE sessions SET title = 'x' WHERE session_id LIKE '%00000000'")
		}, soak.Stored{Gone: soak.Sessions{N: 1, Names: []string{"20250615_00000000"}}}},
		"somebody else's": {func(t *testing.T, _ *ledger, db string) { change(t, db, insert, "soak other 1") }, soak.Stored{}},
	} {
		t.Run(name, func(t *testing.T) {
			base, database := webUI(t)
			l := newTestLedger(t, base, database)
			l.run = "RUN"
			out := l.write(t.Context(), 10, 4, 10*time.Second)
			if out.Sent() != 10 || out.Errors() != 0 || out.MaxInFlight != 4 || len(out.Latencies) == 0 {
				t.Fatalf("%+v", out)
			}
			tt.spoil(t, l, database)
			tt.want.Acknowledged, tt.want.Before = 10, 3
			got := l.check(t.Context(), database)
			wantStored(t, got, tt.want)
		})
	}
}

func wantStored(t *testing.T, got, want soak.Stored) {
	t.Helper()
	if got.Acknowledged != want.Acknowledged || got.Unsure != want.Unsure || got.Before != want.Before || got.Damage != want.Damage || got.Unseen != want.Unseen ||
		got.Lost.String() != want.Lost.String() || got.Gone.String() != want.Gone.String() || got.Twice.String() != want.Twice.String() ||
		got.Refused != want.Refused || got.Why != want.Why {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestLedgerOfALiar: answers that are not what happened.
func TestLedgerOfALiar(t *testing.T) {
	for name, tt := range map[string]struct {
		lie  func(w http.ResponseWriter, pass func())
		want soak.Stored
	}{
		"200, nothing done": {func(w http.ResponseWriter, _ func()) { w.WriteHeader(200) }, soak.Stored{Acknowledged: 1, Before: 3, Lost: soak.Sessions{N: 1, Names: []string{"soak RUN 1"}}}},
		"500, done":         {func(w http.ResponseWriter, pass func()) { pass(); w.WriteHeader(500) }, soak.Stored{Unsure: 1, Before: 3}},
		"500, nothing done": {func(w http.ResponseWriter, _ func()) { w.WriteHeader(500) }, soak.Stored{Unsure: 1, Before: 3}},
		"500, done twice":   {func(w http.ResponseWriter, pass func()) { pass(); pass(); w.WriteHeader(500) }, soak.Stored{Unsure: 1, Before: 3, Twice: soak.Sessions{N: 1, Names: []string{"soak RUN 1"}}}},
		"no answer, done":   {func(_ http.ResponseWriter, pass func()) { pass(); panic(http.ErrAbortHandler) }, soak.Stored{Unsure: 1, Before: 3}},
		"half an answer": {func(w http.ResponseWriter, pass func()) {
			pass()
			w.Header().Set("Content-Length", "9")
			w.WriteHeader(200)
		}, soak.Stored{Acknowledged: 1, Before: 3}},
		"half of one, a lie": {func(w http.ResponseWriter, _ func()) { w.Header().Set("Content-Length", "9"); w.WriteHeader(200) }, soak.Stored{Acknowledged: 1, Before: 3, Lost: soak.Sessions{N: 1, Names: []string{"soak RUN 1"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			base, database := webUI(t)
			at, err := url.Parse(base)
			if err != nil {
				t.Fatal(err)
			}
			proxy := httputil.NewSingleHostReverseProxy(at)
			liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				tt.lie(w, func() {
					r.Body = io.NopCloser(strings.NewReader(string(body)))
					proxy.ServeHTTP(httptest.NewRecorder(), r)
				})
			}))
			defer liar.Close()
			l := newTestLedger(t, liar.URL, database)
			l.run = "RUN"
			if out := l.write(t.Context(), 1, 1, 10*time.Second); out.Sent() != 1 {
				t.Fatalf("%+v", out)
			}
			wantStored(t, l.check(t.Context(), database), tt.want)
		})
	}
}

// TestLedgerGivesUp: who is interrupted is unsure of what was under way, and what was
// not tried is no occurrence.
func TestLedgerGivesUp(t *testing.T) {
	_, database := webUI(t)
	asked := make(chan struct{}, 9)
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else nobody sees that the client has gone
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer hangs.Close()
	l := newTestLedger(t, hangs.URL, database)
	ctx, interrupt := context.WithCancel(t.Context())
	go func() { <-asked; <-asked; interrupt() }()
	if out := l.write(ctx, 9, 2, time.Minute); out.Sent() != 0 || out.Missed != 0 {
		t.Errorf("%+v", out)
	}
	if s := l.check(t.Context(), database); s.Acknowledged != 0 || s.Unsure != 2 || s.Unseen != "" {
		t.Errorf("%+v", s)
	}
	l.config.BaseURL = "http://192.0.2.1:9" // no load goes there
	if out := l.write(t.Context(), 3, 2, time.Minute); out.Missed != 3 || out.Sent() != 0 || !strings.Contains(out.Why, "loopback") {
		t.Errorf("%+v", out)
	}
}

// TestLedgerProves: a server has some time to take new sessions again, and one that
// does not is told of, once a fault.
func TestLedgerProves(t *testing.T) {
	base, database := webUI(t)
	at, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	proxy, times, refuses := httputil.NewSingleHostReverseProxy(at), 0, 2
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if times++; times <= refuses {
			w.WriteHeader(503)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer slow.Close()
	l := newTestLedger(t, slow.URL, database)
	l.prove(t.Context(), time.Minute)
	wantStored(t, l.check(t.Context(), database), soak.Stored{Acknowledged: 1, Unsure: 2, Before: 3})
	refuses = 1 << 30
	l.prove(t.Context(), 0)
	began := time.Now()
	l.prove(t.Context(), time.Minute)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it got %s more", took)
	}
	wantStored(t, l.check(t.Context(), database), soak.Stored{Acknowledged: 1, Unsure: 4, Before: 3, Refused: 2, Why: "status 503"})
}

// TestLedgerOfADamagedDatabase: it fails, where one that cannot be looked at is unknown.
func TestLedgerOfADamagedDatabase(t *testing.T) {
	base, database := webUI(t)
	l := newTestLedger(t, base, database)
	gone, leave := context.WithCancel(t.Context())
	leave()
	if s := l.check(gone, database); s.Unseen == "" || s.Damage != "" {
		t.Errorf("not looked at: %+v", s)
	}
	whole, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "state.db")
	copy(whole[4096:], strings.Repeat("x", 4096))
	if err := os.WriteFile(damaged, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{damaged, damaged + ".none"} {
		if s := l.check(t.Context(), path); s.Damage == "" || s.Unseen != "" {
			t.Errorf("%s: %+v", path, s)
		}
	}
	if _, err := newLedger(t.Context(), load.Config{BaseURL: base}, damaged); err == nil {
		t.Error("the load begins on a damaged database")
	}
}

// TestLedgerOfAWritingLoad: what the load itself may delete is not missed.
func TestLedgerOfAWritingLoad(t *testing.T) {
	base, database := webUI(t)
	reads, err := soak.NewProbe("/api/sessions")
	if err != nil {
		t.Fatal(err)
	}
	writes := reads
	writes.After = []soak.Request{{Method: "POST", Path: "/api/session/delete", Name: "POST /api/session/delete"}}
	for _, tt := range []struct {
		probes []soak.Probe
		before int
	}{{[]soak.Probe{reads}, 3}, {[]soak.Probe{reads, writes}, 0}} {
		if s := newTestLedger(t, base, database, tt.probes...).check(t.Context(), database); s.Before != tt.before {
			t.Errorf("%+v, want %d", s, tt.before)
		}
	}
}
