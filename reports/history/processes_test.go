package history

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// writer is a process that records runs; see writeArg.
func writer(t *testing.T, path, prefix string, runs, batches int) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	ok(t, err)
	return exec.CommandContext(t.Context(), self, writeArg, path, prefix, strconv.Itoa(runs), strconv.Itoa(batches))
}

// TestTenProcesses: a hundred runs that ten processes record at once, into a file
// that none of them finds, are all there, whole and apart; none fails. A run that
// waits for the others waits no longer than a person would not notice.
func TestTenProcesses(t *testing.T) {
	t.Parallel()
	const processes, runs, batches = 10, 10, 3
	path := filepath.Join(t.TempDir(), "history.db")
	began := time.Now()
	var all []*exec.Cmd
	for p := range processes {
		cmd := writer(t, path, string(rune('A'+p)), runs, batches)
		cmd.Stderr = &bytes.Buffer{}
		ok(t, cmd.Start())
		all = append(all, cmd)
	}
	for _, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %s", err, cmd.Stderr)
		}
	}
	t.Logf("%d transactions in %s", processes*runs*(batches+3), time.Since(began))
	h := opened(t, path)
	found, err := h.Runs(t.Context())
	ok(t, err)
	if len(found) != processes*runs {
		t.Errorf("%d runs", len(found))
	}
	for p := range processes {
		for i := range runs {
			id := fmt.Sprintf("%c%d", 'A'+p, i)
			run, got := record(t, h, id)
			if got != jsonl(t, events(id, batches)) || run.Answer == nil {
				t.Errorf("run %s: %+v\n%s", id, run, got)
			}
		}
	}
	ok(t, h.Close())
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("beside it: %v, %v", left, err)
	}
}

// TestKilled: what was told to be written is there after a kill, and the next process
// goes on writing.
func TestKilled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "history.db")
	const batches = 10000
	all := events("A0", batches)
	for _, after := range []int{1, 7, 40} {
		ok(t, os.RemoveAll(path))
		cmd := writer(t, path, "A", 1, batches)
		out, err := cmd.StdoutPipe()
		ok(t, err)
		ok(t, cmd.Start())
		lines := bufio.NewScanner(out)
		told := 0
		for told < after && lines.Scan() {
			told, err = strconv.Atoi(lines.Text())
			ok(t, err)
		}
		ok(t, cmd.Process.Kill())
		for lines.Scan() { // what it told until the kill
			told, err = strconv.Atoi(lines.Text())
			ok(t, err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("it was done before it was killed")
		}
		h, err := Open(t.Context(), path)
		ok(t, err)
		run, got := record(t, h, "A0")
		if run.Answer != nil || run.Batches < told || got != jsonl(t, all[:strings.Count(got, "\n")]) {
			t.Errorf("%d batches of %d are there: %+v", run.Batches, told, run)
		}
		ok(t, h.Close())
		ok(t, writeRun(path, events("B", 1)))
	}
}

// TestPruneMeanwhile: who prunes while others record takes nothing from under them, and
// stops none of them.
func TestPruneMeanwhile(t *testing.T) {
	t.Parallel()
	const processes, runs = 4, 5
	path := recorded(t, 0)
	ok(t, writeRun(path, events("Z", 1)))
	ended := make(chan error)
	for p := range processes {
		cmd := writer(t, path, string(rune('A'+p)), runs, 10)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		ok(t, cmd.Start())
		go func() {
			err := cmd.Wait()
			if err != nil {
				err = fmt.Errorf("%w: %s", err, &stderr)
			}
			ended <- err
		}()
	}
	h := opened(t, path)
	soon := events("A", 0)[0].Wall.Add(time.Hour)
	gone := map[string]bool{}
	for left := processes; ; {
		removed, err := h.Prune(t.Context(), Limits{Keep: 0, Size: -1}, soon)
		ok(t, err)
		for _, r := range removed {
			gone[r.ID] = true
		}
		if left == 0 {
			break
		}
		select {
		case err := <-ended:
			ok(t, err)
			left--
		case <-time.After(10 * time.Millisecond):
		}
	}
	if len(gone) != processes*runs+1 {
		t.Errorf("%d runs were removed", len(gone))
	}
	if left, err := h.Runs(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", ids(left), err)
	}
}
