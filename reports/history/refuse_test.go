package history

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// contents is every file of a folder, by a hash of what it holds and its mode.
func contents(t testing.TB, dir string) string {
	t.Helper()
	var s strings.Builder
	ok(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		var sum [32]byte
		if info.Mode().IsRegular() {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			sum = sha256.Sum256(b)
		}
		fmt.Fprintf(&s, "%s %s %x\n", path, info.Mode(), sum)
		return nil
	}))
	return s.String()
}

// change carries out SQL on the file, and leaves nothing beside it.
func change(t testing.TB, path, statements string) {
	t.Helper()
	db, err := connect(path, "mode=rwc")
	ok(t, err)
	_, err = db.Exec(statements)
	ok(t, err)
	ok(t, db.Close())
}

// TestRefused: what is no sound history is left as it is, to the byte, by those who
// read and those who record, and nothing is put beside it.
func TestRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, path string) // a history of two runs
		want  string
	}{
		"a folder": {func(t *testing.T, path string) { replace(t, path, ""); ok(t, os.Mkdir(path, 0o700)) }, "it is a folder"},
		"a link": {func(t *testing.T, path string) {
			ok(t, os.Rename(path, path+".moved"))
			ok(t, os.Symlink(path+".moved", path))
		}, "it is a symbolic link"},
		"a link to nothing": {func(t *testing.T, path string) { replace(t, path, ""); ok(t, os.Symlink(path+".moved", path)) }, "it is a symbolic link"},
		"read-only":         {func(t *testing.T, path string) { ok(t, os.Chmod(path, 0o400)) }, "it is read-only"},
		"empty":             {func(t *testing.T, path string) { replace(t, path, "0") }, "it is no history of hermes-soak"},
		"a text":            {func(t *testing.T, path string) { replace(t, path, strings.Repeat("a text\n", 2000)) }, "it is no history of hermes-soak"},
		"a short text":      {func(t *testing.T, path string) { replace(t, path, "a text\n") }, "it is no history of hermes-soak"},
		"another database": {func(t *testing.T, path string) {
			ok(t, os.Remove(path))
			change(t, path, "CREATE TABLE runs (id TEXT)")
		}, "it is no history of hermes-soak"},
		"another in WAL": {func(t *testing.T, path string) {
			ok(t, os.Remove(path))
			change(t, path, "PRAGMA journal_mode = wal; CREATE TABLE runs (id TEXT)")
		}, "it is no history of hermes-soak"},
		"another that was killed": {func(t *testing.T, path string) { replace(t, path, ""); killed(t, path) }, "it is no history of hermes-soak"},
		"a newer one": {func(t *testing.T, path string) {
			change(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (1000, 1)")
		}, "a newer hermes-soak has written it: it has schema 1000"},
		"no version":          {func(t *testing.T, path string) { change(t, path, "DROP TABLE goose_db_version") }, "it is damaged: "},
		"no runs":             {func(t *testing.T, path string) { change(t, path, "DROP TABLE runs") }, "it is damaged: table runs is gone"},
		"no chunks":           {func(t *testing.T, path string) { change(t, path, "DROP TABLE chunks") }, "it is damaged: table chunks is gone"},
		"no names":            {func(t *testing.T, path string) { change(t, path, "DROP TABLE baselines") }, "it is damaged: table baselines is gone"},
		"the header alone":    {func(t *testing.T, path string) { ok(t, os.Truncate(path, 100)) }, "it is damaged: "},
		"half a header":       {func(t *testing.T, path string) { ok(t, os.Truncate(path, 50)) }, "it is damaged: "},
		"a page":              {func(t *testing.T, path string) { ok(t, os.Truncate(path, 4096)) }, "it is damaged: "},
		"all but a page":      {func(t *testing.T, path string) { ok(t, os.Truncate(path, size(t, path)-4096)) }, "it is damaged: "},
		"all but a byte":      {func(t *testing.T, path string) { ok(t, os.Truncate(path, size(t, path)-1)) }, "it is damaged: "},
		"a page of nothing":   {func(t *testing.T, path string) { overwrite(t, path, 4096*3, make([]byte, 4096)) }, "it is damaged: "},
		"its WAL is a link":   {func(t *testing.T, path string) { ok(t, os.Symlink(path, path+"-wal")) }, "-wal beside it is not of a history"},
		"its WAL is a folder": {func(t *testing.T, path string) { ok(t, os.Mkdir(path+"-shm", 0o700)) }, "-shm beside it is not of a history"},
		"a journal":           {func(t *testing.T, path string) { ok(t, os.WriteFile(path+"-journal", []byte("x"), 0o600)) }, "-journal beside it is not of a history"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := recorded(t, 2)
			tt.spoil(t, path)
			synctest.Test(t, func(t *testing.T) { refused(t, path, tt.want) })
		})
	}
}

// killed makes another database, with the -wal that a process that was killed has left.
func killed(t *testing.T, path string) {
	t.Helper()
	from := filepath.Join(t.TempDir(), "other.db")
	db, err := connect(from, "mode=rwc&_pragma=journal_mode(wal)")
	ok(t, err)
	defer db.Close()
	_, err = db.Exec("CREATE TABLE runs (id TEXT)")
	ok(t, err)
	for _, end := range []string{"", "-wal"} {
		b, err := os.ReadFile(from + end)
		ok(t, err)
		ok(t, os.WriteFile(path+end, b, 0o600))
	}
}

// refused wants that nobody opens the file, for that reason, and that all stays as it is.
// In a bubble no time passes while it is looked at again.
func refused(t *testing.T, path, want string) {
	t.Helper()
	before := contents(t, filepath.Dir(path))
	for what, open := range map[string]func(context.Context, string) (*History, error){"Open": Open, "Create": Create} {
		h, err := open(t.Context(), path)
		if err == nil {
			h.Close()
		}
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", what, err, want)
		}
	}
	if after := contents(t, filepath.Dir(path)); after != before {
		t.Errorf("before\n%safter\n%s", before, after)
	}
}

// TestTruncated: a history of which the end is gone, wherever it was cut, is refused and
// left as it is.
func TestTruncated(t *testing.T) {
	t.Parallel()
	path := recorded(t, 1)
	synctest.Test(t, func(t *testing.T) {
		for n := size(t, path) - 1; n >= 0; n -= 1021 { // and so in every part of a page
			ok(t, os.Truncate(path, n))
			refused(t, path, "it is ") // damaged, or none where not even a header is left
		}
	})
}

// replace puts text in the place of the file; "" removes it, and "0" empties it.
func replace(t testing.TB, path, text string) {
	t.Helper()
	ok(t, os.Remove(path))
	if text != "" {
		ok(t, os.WriteFile(path, []byte(strings.TrimPrefix(text, "0")), 0o600))
	}
}

func size(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	ok(t, err)
	return info.Size()
}

func overwrite(t testing.TB, path string, at int64, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	ok(t, err)
	_, err = f.WriteAt(b, at)
	ok(t, err)
	ok(t, f.Close())
}

// TestNothingThere: only Create makes a history, and not where its parts lie.
func TestNothingThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "history.db")
	if _, err := Open(t.Context(), path); !os.IsNotExist(unwrapped(err)) {
		t.Errorf("got %v", err)
	}
	if _, err := Create(t.Context(), filepath.Join(t.TempDir(), "none", "history.db")); !os.IsNotExist(unwrapped(err)) {
		t.Errorf("got %v", err)
	}
	ok(t, os.WriteFile(path+"-wal", []byte("of another file"), 0o600))
	before := contents(t, filepath.Dir(path))
	if _, err := Create(t.Context(), path); err == nil || !strings.Contains(err.Error(), "-wal is there without it") {
		t.Errorf("got %v", err)
	}
	if after := contents(t, filepath.Dir(path)); after != before {
		t.Errorf("before\n%safter\n%s", before, after)
	}
}

func unwrapped(err error) error {
	for {
		next, wraps := err.(interface{ Unwrap() error })
		if !wraps || next.Unwrap() == nil {
			return err
		}
		err = next.Unwrap()
	}
}

// TestNewerWithWAL: also what a newer program that was killed has left is not changed.
func TestNewerWithWAL(t *testing.T) {
	t.Parallel()
	from := recorded(t, 1)
	db, err := connect(from, "mode=rw")
	ok(t, err)
	defer db.Close()
	_, err = db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (1000, 1)")
	ok(t, err)
	path := filepath.Join(t.TempDir(), "history.db")
	for _, end := range []string{"", "-wal"} { // -shm is made again, and is no part of the file
		b, err := os.ReadFile(from + end)
		ok(t, err)
		ok(t, os.WriteFile(path+end, b, 0o600))
	}
	before := hash(t, path) + hash(t, path+"-wal")
	if _, err := Create(t.Context(), path); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("got %v", err)
	}
	if hash(t, path)+hash(t, path+"-wal") != before {
		t.Error("it was changed")
	}
}

func hash(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	ok(t, err)
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

// TestDamagedEvents: damage that only the reading of a run can see is seen there.
func TestDamagedEvents(t *testing.T) {
	for name, statement := range map[string]string{
		"another text":      "UPDATE chunks SET events = CAST('no gzip' AS BLOB) WHERE number = 0",
		"a chunk is gone":   "DELETE FROM chunks WHERE number = 2",
		"the last is gone":  "DELETE FROM chunks WHERE number = (SELECT max(number) FROM chunks)",
		"one is emptied":    "UPDATE chunks SET events = x'' WHERE number = 1",
		"the last, emptied": "UPDATE chunks SET events = x'' WHERE number = (SELECT max(number) FROM chunks)",
		"two of the same":   "UPDATE chunks SET events = (SELECT events FROM chunks WHERE number = 1) WHERE number = 2",
		"of another place":  "UPDATE chunks SET events = (SELECT events FROM chunks WHERE number = 4) WHERE number = 1",
		"a chunk is cut":    "UPDATE chunks SET events = substr(events, 1, length(events) - 9) WHERE number = 1",
		"a byte is another": "UPDATE chunks SET events = CAST(substr(events, 1, 30) || x'00' || substr(events, 32) AS BLOB) WHERE number = 1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := recorded(t, 1)
			change(t, path, statement)
			h := opened(t, path)
			run, err := h.Find(t.Context(), "A")
			ok(t, err)
			in, err := h.Record(t.Context(), run)
			if err == nil {
				_, err = io.Copy(io.Discard, in)
			}
			if !errors.Is(err, ErrDamaged) || strings.Count(err.Error(), "history ") != 1 || !strings.Contains(err.Error(), ": run A is damaged: chunk ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// FuzzOpen: a history in which some bytes are others is refused and left as it is, or
// works; and whatever is read from it, nothing panics.
func FuzzOpen(f *testing.F) {
	whole, err := os.ReadFile(recorded(f, 2))
	ok(f, err)
	f.Add(uint32(0), []byte{1}, uint32(0))
	f.Add(uint32(100), []byte{0xff, 0xff, 0xff}, uint32(0))
	f.Add(uint32(4096*2+5), []byte{0x80}, uint32(0))
	f.Add(uint32(18), []byte{1, 1}, uint32(0)) // no WAL
	f.Add(uint32(0), []byte{}, uint32(5000))
	for at := uint32(0); at < uint32(len(whole)); at += 997 {
		f.Add(at, []byte{whole[at] ^ 0x41, 0}, uint32(0))
	}
	f.Fuzz(func(t *testing.T, at uint32, bytes []byte, cut uint32) {
		path := filepath.Join(t.TempDir(), "history.db")
		spoilt := append([]byte{}, whole[:len(whole)-int(cut)%len(whole)]...)
		if int(at) < len(spoilt) {
			copy(spoilt[at:], bytes)
		}
		ok(t, os.WriteFile(path, spoilt, 0o600))
		synctest.Test(t, func(t *testing.T) { openSpoilt(t, path) })
	})
}

func openSpoilt(t *testing.T, path string) {
	before := contents(t, filepath.Dir(path))
	h, err := Create(t.Context(), path)
	if err != nil {
		if after := contents(t, filepath.Dir(path)); after != before {
			t.Errorf("refused: %v, and changed: before\n%safter\n%s", err, before, after)
		}
		return
	}
	defer h.Close()
	runs, err := h.Runs(t.Context())
	for _, run := range runs {
		if in, err := h.Record(t.Context(), run); err == nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(in, 1<<20))
		}
	}
	if err == nil {
		_, _ = h.Prune(t.Context(), Limits{Keep: 0, Size: -1}, time.Now())
	}
}
