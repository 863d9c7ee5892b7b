package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// written has a report written to the path, in two pieces, between which look is called.
func written(t *testing.T, path string, fails error, look func()) {
	t.Helper()
	p, err := newPlace(path)
	if err != nil {
		t.Fatal(err)
	}
	err = p.whole(func(w io.Writer) error {
		_, one := io.WriteString(w, "new ")
		look()
		_, two := io.WriteString(w, "report")
		return errors.Join(one, two, fails)
	})
	if !errors.Is(err, fails) {
		t.Errorf("got %v, want %v", err, fails)
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
}

// holds wants the text in the file, and no other file in its folder.
func holds(t *testing.T, path, want string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || string(text) != want {
		t.Errorf("%q, %v; want %q", text, err, want)
	}
	if all, err := os.ReadDir(filepath.Dir(path)); err != nil || len(all) != 1 {
		t.Errorf("beside it are %v, %v", all, err)
	}
}

// TestPlace: who reads meanwhile sees the old report whole, or none, and never half of a
// new one; one that cannot be written leaves the old one.
func TestPlace(t *testing.T) {
	for name, fails := range map[string]error{"whole": nil, "fails": errors.New("no")} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "report")
			if err := os.WriteFile(path, []byte("the old one"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, 0o640); err != nil {
				t.Fatal(err)
			}
			written(t, path, fails, func() {
				if text, err := os.ReadFile(path); err != nil || string(text) != "the old one" {
					t.Errorf("meanwhile %q, %v", text, err)
				}
			})
			holds(t, path, map[bool]string{true: "new report", false: "the old one"}[fails == nil])
			if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
				t.Errorf("%v, %v", info, err)
			}
		})
	}
	t.Run("none before", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "report")
		written(t, path, nil, func() {
			if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("meanwhile %v", err)
			}
		})
		holds(t, path, "new report")
	})
}

// TestPlaceOfNames: a file with two names keeps both.
func TestPlaceOfNames(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the number of names is not known there")
	}
	path, other := filepath.Join(t.TempDir(), "report"), filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(path, []byte("an old one that is longer"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, other); err != nil {
		t.Fatal(err)
	}
	written(t, path, nil, func() {})
	holds(t, path, "new report")
	holds(t, other, "new report")
}

// TestPlaceOfALink: a link stays, and what it names is written through it, whether that is
// there or not.
func TestPlaceOfALink(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a link takes a right there")
	}
	for _, there := range []bool{true, false} {
		path, link := filepath.Join(t.TempDir(), "report"), filepath.Join(t.TempDir(), "link")
		if there {
			if err := os.WriteFile(path, []byte("an old one that is longer"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		written(t, link, nil, func() {})
		holds(t, path, "new report")
		if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%v, %v", info, err)
		}
	}
}

// TestStreamThroughALink: nothing of what was there is left behind it.
func TestStreamThroughALink(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a link takes a right there")
	}
	path, link := filepath.Join(t.TempDir(), "report"), filepath.Join(t.TempDir(), "link")
	if err := errors.Join(os.WriteFile(path, []byte("an old one that is longer"), 0o600), os.Symlink(path, link)); err != nil {
		t.Fatal(err)
	}
	p, err := newPlace(link)
	if err != nil {
		t.Fatal(err)
	}
	w, err := p.stream(true)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(w, "new")
	if err := errors.Join(err, p.keep(), p.close()); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "new")
}

// TestEmptyPlace: what an earlier run left is gone as the next one begins.
func TestEmptyPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report")
	if err := os.WriteFile(path, []byte("the old one"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := newPlace(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.empty(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
	if err := p.whole(func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "new")
}

// TestStreamThatReplaces: a stream of what is read again takes the place of the old one at
// its end, and not before.
func TestStreamThatReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report")
	for i, keep := range []bool{true, false} {
		p, err := newPlace(path)
		if err != nil {
			t.Fatal(err)
		}
		w, err := p.stream(true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, []string{"one", "two"}[i]); err != nil {
			t.Fatal(err)
		}
		if keep {
			if err := p.keep(); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.close(); err != nil {
			t.Fatal(err)
		}
		holds(t, path, "one")
	}
}
