package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestNoHalves: report that is interrupted while it writes leaves no half file, and the
// old one as it was.
func TestNoHalves(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		dir := t.TempDir()
		path := filepath.Join(dir, "run.jsonl")
		if err := os.WriteFile(path, []byte("the old one"), 0o600); err != nil {
			t.Fatal(err)
		}
		s := program(t, "report", "--report", "jsonl="+path, "-")
		in, err := s.StdinPipe() // says nothing, so that it goes on
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		s.start(t)
		for deadline := time.Now().Add(20 * time.Second); !hasHalf(t, dir); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("it does not begin to write")
			}
		}
		if err := s.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		s.ends(t, 3, "hermes-soak: interrupted: not all reports were written")
		holds(t, path, "the old one")
		if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
			t.Errorf("%v, %v", all, err)
		}
	}
}

func hasHalf(t *testing.T, dir string) bool {
	t.Helper()
	all, err := filepath.Glob(dir + "/.hermes-soak-*")
	if err != nil {
		t.Fatal(err)
	}
	return len(all) > 0
}

// TestStreamIsClaimed: two runs do not write over each other's record, and the file is free
// again after the first.
func TestStreamIsClaimed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.jsonl")
	open := func() (*place, error) {
		p, err := newPlace(path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.stream(false)
		return p, err
	}
	first, err := open()
	if err != nil {
		t.Fatal(err)
	}
	s := program(t, "run", "--report", "jsonl="+path)
	s.start(t)
	s.ends(t, 2, "report jsonl: "+path+" is being written by another hermes-soak")
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	again, err := open()
	if err != nil {
		t.Error(err)
	}
	if err := again.close(); err != nil {
		t.Error(err)
	}
}
