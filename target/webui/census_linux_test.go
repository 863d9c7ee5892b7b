package webui

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A census is what /proc says that a process holds, with no help from the package: the open handles by name, with names
// under the home folder as they are there.
type census map[string]int

var (
	inodeOf    = regexp.MustCompile(`^(socket|pipe):\[\d+\]$`)
	copyFolder = regexp.MustCompile(`^replaced-\d+`)
)

func takeCensus(t *testing.T, pid, home string) census {
	t.Helper()
	folder := "/proc/" + pid + "/fd/"
	fds, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	c := make(census)
	for _, fd := range fds {
		name, err := os.Readlink(folder + fd.Name())
		if err != nil || strings.HasSuffix(name, "/fd") && strings.HasPrefix(name, "/proc/") {
			continue // the descriptor that read the folder
		}
		name = inodeOf.ReplaceAllString(name, "$1")
		if in, ok := strings.CutPrefix(name, home+"/"); ok {
			name = copyFolder.ReplaceAllString(in, "replaced-N")
		}
		c[name]++
	}
	return c
}

// since gives what there is more of than in before, and (negative) what there is less of.
func (c census) since(before census) census {
	diff := make(census)
	for name := range c {
		diff[name] = c[name] - before[name]
	}
	for name := range before {
		diff[name] = c[name] - before[name]
	}
	maps.DeleteFunc(diff, func(_ string, n int) bool { return n == 0 })
	return diff
}

func (c census) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(c)) {
		parts = append(parts, fmt.Sprintf("%s %+d", name, c[name]))
	}
	return strings.Join(parts, ", ")
}

// mine is the census of this process.
func (s *site) mine() census {
	s.t.Helper()
	home, err := filepath.Abs(s.home)
	if err != nil {
		s.t.Fatal(err)
	}
	return takeCensus(s.t, "self", home)
}

// closeWait counts the sockets of this process in CLOSE_WAIT.
func closeWait(t *testing.T) (n int) {
	t.Helper()
	own := make(map[string]bool)
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if name, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil {
			own[strings.TrimSuffix(strings.TrimPrefix(name, "socket:["), "]")] = true
		}
	}
	table, err := os.ReadFile("/proc/self/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(table), "\n")[1:] {
		if f := strings.Fields(line); len(f) > 9 && f[3] == "08" && own[f[9]] {
			n++
		}
	}
	return n
}

// tasks is the number of threads of a process.
func tasks(t *testing.T, pid string) int {
	t.Helper()
	all, err := os.ReadDir("/proc/" + pid + "/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// resident is the resident memory of this process in bytes.
func resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
