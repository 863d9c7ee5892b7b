package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPlaceOfAMount: a file that is mounted where it stands, as containers have it, cannot
// be replaced or removed, and is written over.
func TestPlaceOfAMount(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("unshare", "-m", "true").CombinedOutput()
	must(t, err == nil, fmt.Sprintf("no mounts of our own: %v: %s", err, out))
	dir := t.TempDir()
	for _, name := range []string{"outside", "report"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("old, and longer than what is new: "+strings.Repeat("x", 1<<20)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	series, err := filepath.Abs("../../reports/testdata/series")
	if err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob(series + "/*.csv")
	if err != nil || len(all) == 0 {
		t.Fatal(err)
	}
	script := `mount --bind outside report && exec "$0" report --quiet --report csv=report "$1"`
	cmd := exec.Command("unshare", "-m", "sh", "-c", script, self, all[0])
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "outside"))
	if err != nil || !strings.HasPrefix(string(text), "batch,") || strings.Contains(string(text), "x") {
		t.Errorf("%v: %.100q", err, text)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("%v, %v", left, err)
	}
}
