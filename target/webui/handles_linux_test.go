package webui

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// handles is what /proc/self/fd says, with no help from the package: open handles on state.db, -wal and -shm of a home.
type handles struct{ db, wal, shm int }

func count3(t *testing.T, home string) (h handles) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		name, err := os.Readlink("/proc/self/fd/" + fd.Name())
		if err != nil {
			continue // the descriptor that read the folder
		}
		switch strings.TrimSuffix(name, " (deleted)") {
		case filepath.Join(home, "state.db"):
			h.db++
		case filepath.Join(home, "state.db-wal"):
			h.wal++
		case filepath.Join(home, "state.db-shm"):
			h.shm++
		}
	}
	return h
}

func (s *site) wantHandles(when string, want handles) {
	s.t.Helper()
	if got := count3(s.t, s.home); got != want {
		s.t.Errorf("%s: %+v, want %+v", when, got, want)
	}
}

// The count is not blind: it sees a connection that the test itself holds.
func TestCountSeesAHandle(t *testing.T) {
	s := start(t, Config{Sessions: 1})
	db, err := s.server.store.connect()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := listProjects(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	s.wantHandles("one connection", handles{1, 1, 1})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s.wantHandles("none", handles{})
}

func TestCleanServerHoldsNothingAtRest(t *testing.T) {
	s := start(t, Config{})
	s.wantHandles("after seeding", handles{})
	for range 50 {
		s.get("/api/sessions", 1)
		s.wantHandles("after a request", handles{})
	}
	s.get("/api/projects", 50)
	s.get("/health?deep=1", 50)
	s.wantHandles("after 150 requests", handles{})
}

// In the leaking cases SQLite parks the database handle of a connection that closes beside an open one, and the next
// connection takes it: so after a clean request there may be one more handle on state.db than on its -wal.
func TestLeaks(t *testing.T) {
	for _, c := range []struct {
		leak               string
		sessions, projects int // requests, in this order
		want               handles
	}{
		{"state.db", 0, 20, handles{}},
		{"state.db", 1, 0, handles{1, 1, 1}},
		{"state.db", 40, 0, handles{40, 40, 1}},
		{"state.db", 40, 1, handles{41, 40, 1}},
		{"state.db:every=10", 9, 0, handles{}},
		{"state.db:every=10", 40, 0, handles{4, 4, 1}},
		{"state.db:every=10", 45, 30, handles{5, 4, 1}},
		{"state.db:on=/api/projects", 10, 7, handles{7, 7, 1}},
		{"state.db:on=*", 10, 7, handles{17, 17, 1}},
		{"state.db:after=100", 100, 0, handles{}},
		{"state.db:after=100", 105, 0, handles{5, 5, 1}},
		{"state.db:every=3,after=4,on=*", 7, 6, handles{3, 3, 1}},
		{"state.db-deferred", 29, 0, handles{29, 29, 1}},
		{"state.db-deferred", 30, 0, handles{30, 1, 1}}, // the other 29 are parked
		{"state.db-deferred", 45, 0, handles{30, 16, 1}},
		{"state.db-deferred", 60, 0, handles{31, 1, 1}},     // 30 held and the one in use
		{"state.db-deferred:gc=4,every=3", 4, 0, handles{}}, // the collecting request is not one that leaks
		{"state.db-deferred:gc=4,every=3", 6, 0, handles{1, 1, 1}},
	} {
		t.Run(fmt.Sprintf("%s/%d+%d", c.leak, c.sessions, c.projects), func(t *testing.T) {
			s := start(t, Config{Sessions: 11, Leaks: leaks(t, c.leak)})
			s.get("/api/sessions", c.sessions)
			s.get("/api/projects", c.projects)
			s.wantHandles("at rest", c.want)
			s.stop()
			s.wantHandles("after the stop", handles{})
		})
	}
}

func TestDeferredIsASawtooth(t *testing.T) {
	s := start(t, Config{Sessions: 11, Leaks: leaks(t, "state.db-deferred:gc=5")})
	var wal []int
	for range 12 {
		s.get("/api/sessions", 1)
		wal = append(wal, count3(t, s.home).wal)
	}
	if got := fmt.Sprint(wal); got != "[1 2 3 4 1 2 3 4 5 1 2 3]" {
		t.Errorf("-wal handles %s", got)
	}
}

func TestDeepHealthLeaks(t *testing.T) {
	s := start(t, Config{Sessions: 11, Leaks: leaks(t, "state.db:on=/health")})
	s.get("/health", 10)
	s.wantHandles("plain", handles{})
	s.get("/health?deep=1", 10)
	s.wantHandles("deep", handles{10, 10, 1})
}

func TestLeaksAreAskedInOrder(t *testing.T) {
	s := start(t, Config{Sessions: 11, Leaks: leaks(t, "state.db:every=2", "state.db:on=*")})
	s.get("/api/sessions", 10) // 5 are kept by the first, which leaves 5 to the second
	s.get("/api/projects", 10)
	s.wantHandles("at rest", handles{20, 20, 1})
}

func TestBackgroundLeaksWithoutRequests(t *testing.T) {
	s := start(t, Config{Sessions: 11, Leaks: leaks(t, "background:period=20ms")})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for count3(t, s.home).wal < 5 {
		select {
		case <-ctx.Done():
			t.Fatalf("still %+v", count3(t, s.home))
		case <-look.C:
		}
	}
	s.get("/api/sessions", 5) // a leak that no request drives does not mind requests
	s.stop()
	s.wantHandles("after the stop", handles{})
}

// Serve also lets go of everything when it ends by itself.
func TestServeFails(t *testing.T) {
	home := t.TempDir()
	server, err := Open(t.Context(), Config{Home: home, Sessions: 11, Leaks: leaks(t, "background:period=1ms")})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(context.Background()); err == nil || !strings.Contains(err.Error(), "serving: ") {
		t.Errorf("Serve without its listener: %v", err)
	}
	if got := count3(t, home); got != (handles{}) {
		t.Errorf("holds %+v", got)
	}
}

func TestStopLeavesAWholeDatabase(t *testing.T) {
	for _, specs := range [][]string{nil, {"state.db"}, {"state.db-deferred:gc=4"}, {"background:period=10ms", "state.db:every=3"}} {
		s := start(t, Config{Leaks: leaks(t, specs...)})
		s.get("/api/sessions", 10)
		s.stop()
		s.wantHandles(fmt.Sprintf("%s stopped", specs), handles{})
		entries, err := os.ReadDir(s.home)
		if err != nil || len(entries) != 1 || entries[0].Name() != databaseName {
			t.Errorf("%s: left %v (%v)", specs, entries, err)
		}
		var verdict, mode string
		db, err := s.server.store.connect()
		if err != nil {
			t.Fatal(err)
		}
		err = db.QueryRow("SELECT integrity_check, journal_mode FROM pragma_integrity_check, pragma_journal_mode").Scan(&verdict, &mode)
		if err != nil || verdict != "ok" || mode != "wal" {
			t.Errorf("%s: integrity %q, journal %q (%v)", specs, verdict, mode, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The WAL goes back into state.db at the stop also while somebody else has the database open, who then keeps -wal there.
func TestStopCheckpointsBesideAReader(t *testing.T) {
	s := start(t, Config{Sessions: 11, Leaks: leaks(t, "state.db")})
	s.get("/api/sessions", 1)
	other, err := s.server.store.connect()
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, other)
	if _, err := other.Exec("UPDATE projects SET name = upper(name)"); err != nil {
		t.Fatal(err)
	}
	wal := filepath.Join(s.home, databaseName+"-wal")
	if info, err := os.Stat(wal); err != nil || info.Size() == 0 {
		t.Fatalf("nothing to checkpoint: %v", err)
	}
	s.stop()
	info, err := os.Stat(wal)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() != 0 {
		t.Errorf("%d bytes are left in -wal after the stop", info.Size())
	}
}

// Out of handles, the routes that need one answer 500 and the others go on; with handles again all is well.
func TestOutOfHandles(t *testing.T) {
	s := start(t, Config{Sessions: 11})
	s.get("/api/sessions", 1) // the connection is there: it is kept alive through what follows
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	low := old
	low.Cur = lowestFree(t)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
			t.Error(err)
		}
	}()
	for path, want := range map[string]int{"/health": 200, "/health?deep=1": 503, "/api/sessions": 500, "/api/projects": 500} {
		if resp, body := s.send(s.request("GET", path, nil)); resp.StatusCode != want {
			t.Errorf("GET %s: %s %s, want %d", path, resp.Status, body, want)
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	s.get("/api/sessions", 1)
	s.wantHandles("after it", handles{})
}

// lowestFree is the number that the next descriptor gets: a limit of as much lets nothing be opened.
func lowestFree(t *testing.T) uint64 {
	t.Helper()
	for n := uint64(0); ; n++ {
		if _, err := os.Lstat("/proc/self/fd/" + strconv.FormatUint(n, 10)); err != nil {
			return n
		}
	}
}
