package webui

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// Each kind of leak, driven as the help says, with every handle that it must hold then: no more, no fewer, and none
// after the stop.
func TestEachLeak(t *testing.T) {
	const none = "/api/session?session_id=none"
	for _, c := range []struct {
		leak  string
		drive func(*site)
		want  string
	}{
		{"state.db", sessions(5), "state.db +5, state.db-shm +1, state.db-wal +5"},
		{"state.db:on=/api/session", polls(none, 404, 3), ""},
		{"state.db:on=/api/session/new", news(`{"title":"x"}`, 200, 3), "state.db +3, state.db-shm +1, state.db-wal +3"},
		{"state.db-deferred:gc=4", sessions(7), "state.db +4, state.db-shm +1, state.db-wal +4"},
		{"deleted-wal", sessions(5), "replaced-N/state.db (deleted) +5, replaced-N/state.db-shm (deleted) +5, replaced-N/state.db-wal (deleted) +5"},
		{"deleted-wal:every=2,after=1", sessions(5), "replaced-N/state.db (deleted) +2, replaced-N/state.db-shm (deleted) +2, replaced-N/state.db-wal (deleted) +2"},
		{"rows", sessions(5), "state.db +5, state.db-shm +1, state.db-wal +5"},
		{"rows:on=/api/projects", sessions(5), ""},
		{"file", sessions(5), "attachment.txt +5"},
		{"file:every=3", sessions(7), "attachment.txt +2"},
		{"socket", sessions(5), "socket +5"},
		{"pty", sessions(5), "/dev/ptmx +5"},
		{"devnull", sessions(5), "/dev/null +5"},
		{"devnull:on=*,after=2", polls("/api/projects", 200, 5), "/dev/null +3"},
		{"thread", sessions(5), ""},
		{"memory", sessions(5), ""},
		{"error-path", sessions(5), ""},
		{"error-path", polls(none, 404, 5), "state.db +5, state.db-shm +1, state.db-wal +5"},
		{"error-path", polls("/api/session", 400, 5), "state.db +5, state.db-shm +1, state.db-wal +5"},
		{"error-path:every=2", news(`{"title":`, 400, 5), "state.db +2, state.db-shm +1, state.db-wal +2"},
		{"error-path", news(`{"project_id":"none"}`, 400, 5), "state.db +5, state.db-shm +1, state.db-wal +5"},
		{"error-path:on=/api/session", news(`[]`, 400, 5), ""},
		{"abort-path", polls(pathExport, 200, 3), ""},
		{"abort-path", aborts(5), "state.db +5, state.db-shm +1, state.db-wal +5"},
		{"abort-path:after=3", aborts(5), "state.db +2, state.db-shm +1, state.db-wal +2"},
		{"stream", drops(5), "socket +5"},
		{"stream:every=5", drops(5), "socket +1"},
	} {
		t.Run(c.leak, func(t *testing.T) {
			s := start(t, Config{Sessions: 11, Leaks: leaks(t, c.leak)})
			s.get("/health", 1) // the connection of the client, which stays
			before := s.mine()
			c.drive(s)
			eventually(t, func() string { return fmt.Sprintf("%v, want %s", s.mine().since(before), c.want) },
				func() bool { return s.mine().since(before).String() == c.want })
			begun := time.Now()
			s.stop()
			if took := time.Since(begun); took >= shutdownTime {
				t.Errorf("the stop took %v", took)
			}
			if left := s.mine().since(before); left["socket"] > 0 || len(left) > 1 || len(left) == 1 && left["socket"] == 0 {
				t.Errorf("left after the stop: %v", left) // the client's own connection is gone: fewer sockets
			}
		})
	}
}

func TestEveryKindOfLeakIsTested(t *testing.T) {
	// background runs on time: TestBackgroundLeaksWithoutRequests.
	tested := "state.db state.db-deferred background deleted-wal rows file socket pty devnull thread memory error-path abort-path stream"
	for _, k := range LeakHelp() {
		if !strings.Contains(" "+tested+" ", " "+k.Name+" ") {
			t.Errorf("the leak %s has no row above", k.Name)
		}
	}
}

func TestSocketLeakIsInCloseWait(t *testing.T) {
	s := start(t, Config{Sessions: 1, Leaks: leaks(t, "socket")})
	before := closeWait(t)
	s.get("/api/sessions", 7)
	eventually(t, func() string { return fmt.Sprint(closeWait(t) - before) }, func() bool { return closeWait(t)-before == 7 })
	s.stop()
	if got := closeWait(t) - before; got != 0 {
		t.Errorf("%d sockets in CLOSE_WAIT after the stop", got)
	}
}

// Rows that are not finished keep what they read in the WAL: it cannot be emptied as long as they are there.
func TestRowsLeakIsUnfinished(t *testing.T) {
	s := start(t, Config{Sessions: 1, Leaks: leaks(t, "rows")})
	s.get("/api/sessions", 1)
	s.made(`{}`)
	var busy, frames, done int
	err := s.server.store.using(func(db *sql.DB) error {
		if _, err := db.Exec("PRAGMA busy_timeout=0"); err != nil {
			return err
		}
		return db.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &done)
	})
	if err != nil || busy != 1 {
		t.Errorf("a checkpoint is busy=%d, want 1 (%v)", busy, err)
	}
}

// The runtime may have threads to spare at first; then each leak is a thread, at the request that made it. The server
// has a process of its own, as everything in a process takes and leaves threads.
func TestThreadLeakIsAThread(t *testing.T) {
	server := startChild(t, helperConfig{Leak: "thread", NoFile: 1000})
	poll := func(path string, n int) {
		t.Helper()
		for range n {
			if status, body, err := server.get(path); status != 200 {
				t.Fatalf("GET %s: %d %s %v", path, status, body, err)
			}
		}
	}
	poll("/api/projects", 10)
	idle := tasks(t, server.pid())
	poll("/api/sessions", 40)
	from := tasks(t, server.pid())
	if from < 40 || from > idle+40+15 { // and some in stock
		t.Errorf("%d threads, of which 40 are taken; %d before", from, idle)
	}
	poll("/api/sessions", 40)
	poll("/api/projects", 40)
	if got := tasks(t, server.pid()) - from; got < 36 || got > 44 {
		t.Errorf("%d more threads after 40 more requests", got)
	}
}

func TestThreadLeakEnds(t *testing.T) {
	s := start(t, Config{Sessions: 1, Leaks: leaks(t, "thread")})
	idle := tasks(t, "self")
	s.get("/api/sessions", 60)
	if got := tasks(t, "self"); got < 60 {
		t.Errorf("%d threads, of which 60 are taken", got)
	}
	s.stop()
	eventually(t, func() string { return fmt.Sprintf("%d threads, %d before", tasks(t, "self"), idle) },
		func() bool { return tasks(t, "self") <= idle+15 })
}

// heap is what is in use after a collection, in bytes.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestMemoryLeakIsResident runs in a process of its own: what earlier tests left
// is given back at any moment, and would hide the leak.
func TestMemoryLeakIsResident(t *testing.T) {
	const alone = "HERMES_SOAK_TEST_ALONE"
	if os.Getenv(alone) == "" {
		again := exec.Command(os.Args[0], "-test.run=^TestMemoryLeakIsResident$", "-test.v")
		again.Env = append(os.Environ(), alone+"=1")
		if out, err := again.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestMemoryLeakIsResident") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	s := start(t, Config{Sessions: 1, Leaks: leaks(t, "memory:size=1024")})
	s.get("/api/projects", 10)
	debug.FreeOSMemory()
	before, had := resident(t), heap()
	s.get("/api/sessions", 40)
	debug.FreeOSMemory()
	if got := resident(t) - before; got < 36<<20 || got > mirrored*48<<20 {
		t.Errorf("40 requests of 1 MiB left %d KiB", got>>10)
	}
	s.stop()
	s.server.active = nil
	// The race detector keeps the pages of its own that these were mirrored in, so
	// here it is the heap that must have let go.
	eventually(t, func() string { return fmt.Sprintf("%d KiB of heap left after the stop", (heap()-had)>>10) },
		func() bool { return heap()-had <= 8<<20 })
}

// A leaked stream still counts as active: its handler runs.
func TestStreamLeakStaysActive(t *testing.T) {
	s := start(t, Config{Sessions: 1, Leaks: leaks(t, "stream")})
	drops(3)(s)
	eventually(t, func() string { return string(s.get("/health", 1)) }, func() bool { return s.server.streams.Load() == 3 && closeWait(t) == 3 })
	if got := s.get("/health", 1); !strings.Contains(string(got), `"active_streams":3,`) {
		t.Errorf("%s", got)
	}
}

// Leaks that hold something of their own and one that keeps the connection do not take it from each other.
func TestLeaksTogether(t *testing.T) {
	s := start(t, Config{Sessions: 1, Leaks: leaks(t, "state.db", "rows", "file", "deleted-wal"), Shapes: shapes(t, "pool")})
	s.get("/health", 1)
	before := s.mine()
	s.get("/api/sessions", 3)
	want := "attachment.txt +3, replaced-N/state.db (deleted) +3, replaced-N/state.db-shm (deleted) +3, replaced-N/state.db-wal (deleted) +3, state.db +4, state.db-shm +1, state.db-wal +3"
	if got := s.mine().since(before).String(); got != want { // one on state.db is parked by the copying
		t.Errorf("%s\nwant %s", got, want)
	}
}

func sessions(n int) func(*site) { return polls("/api/sessions", 200, n) }

func polls(path string, status, n int) func(*site) {
	return func(s *site) {
		s.t.Helper()
		for range n {
			if resp, body := s.send(s.request(http.MethodGet, path, nil)); resp.StatusCode != status {
				s.t.Fatalf("GET %s: %s %.200s, want %d", path, resp.Status, body, status)
			}
		}
	}
}

func news(body string, status, n int) func(*site) {
	return func(s *site) {
		s.t.Helper()
		for range n {
			if got, answer := s.post(pathNew, body); got != status {
				s.t.Fatalf("POST %s: %d %s, want %d", body, got, answer, status)
			}
		}
	}
}

// aborts asks for the export n times and goes away after its first bytes.
func aborts(n int) func(*site) {
	return func(s *site) {
		s.t.Helper()
		for range n {
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				s.t.Fatal(err)
			}
			_, err = io.WriteString(conn, "GET /api/export HTTP/1.1\r\nHost: localhost\r\n\r\n")
			if err == nil {
				_, err = io.ReadFull(conn, make([]byte, 1000))
			}
			if err := errors.Join(err, conn.Close()); err != nil {
				s.t.Fatal(err)
			}
		}
	}
}

// drops opens n streams and goes away once each has begun.
func drops(n int) func(*site) {
	return func(s *site) {
		s.t.Helper()
		client := &http.Client{Transport: &http.Transport{}} // leaves the connection of s.client alone
		for range n {
			ctx, cancel := context.WithCancel(s.t.Context())
			resp, err := client.Do(s.request(http.MethodGet, pathStream, nil).WithContext(ctx))
			if err != nil {
				s.t.Fatal(err)
			}
			if _, err := io.ReadFull(resp.Body, make([]byte, 4)); err != nil {
				s.t.Fatal(err)
			}
			cancel()
			_ = resp.Body.Close() // cut by us: how it ends does not matter
		}
	}
}

// TestExportReadToItsEnd: a client that hangs up as soon as it has everything did
// not go away in the middle.
func TestExportReadToItsEnd(t *testing.T) {
	s := start(t, Config{Sessions: 1, Leaks: leaks(t, "abort-path")})
	for range 5 {
		s.get("/api/export", 1)
		s.client.CloseIdleConnections()
		time.Sleep(2 * exportPause)
	}
	s.wantHandles("after whole exports", handles{})
}
