package python

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Running says whether the process runs Python, as far as its program's name tells.
// root is where processes are shown.
func Running(root string, pid int) bool {
	exe, err := os.Readlink(filepath.Join(root, strconv.Itoa(pid), "exe"))
	name := filepath.Base(exe)
	return err == nil && (strings.HasPrefix(name, "python") || strings.HasPrefix(name, "pypy"))
}

// Forked says whether the process stems from one that counts without another
// program in between: it has the counters of that one in its memory, and makes its
// own with its first connection.
func Forked(root string, pid int, folder string) bool {
	maps, err := os.ReadFile(filepath.Join(root, strconv.Itoa(pid), "maps"))
	return err == nil && bytes.Contains(maps, []byte(folder+"/"))
}

// OpensNothing says whether a command line is that of the process that multiprocessing
// starts to clean up behind others, which runs no code of the target.
func OpensNothing(args []string) bool {
	return slices.ContainsFunc(args, func(a string) bool {
		return strings.HasPrefix(a, "from multiprocessing.resource_tracker import main;")
	})
}

// Why says why a process does not count. args is its command line, child that it
// is not the one that was launched.
func Why(root string, pid int, args []string, child bool) string {
	who := fmt.Sprintf("pid %d is not traced: ", pid)
	switch {
	case !Running(root, pid):
		return who + "its program is no Python that looks at PYTHONPATH"
	case isolating(args) != "":
		return who + fmt.Sprintf("it runs with %s, which keeps the tracer out", isolating(args))
	case child:
		return who + "it was started by the target, see --trace-children"
	}
	return who + "the tracer was not loaded; was PYTHONPATH taken from its environment?"
}

// isolating returns the flag in a Python's command line that keeps PYTHONPATH or
// sitecustomize out; "" where there is none.
func isolating(args []string) string {
	for i := 1; i < len(args); i++ {
		flags, ok := strings.CutPrefix(args[i], "-")
		if !ok || flags == "" || strings.HasPrefix(flags, "-") {
			return ""
		}
		for j, c := range flags {
			switch {
			case slices.Contains([]rune{'I', 'E', 'S'}, c):
				return "-" + string(c)
			case c == 'c' || c == 'm':
				return "" // what follows is the program's
			case c == 'W' || c == 'X':
				if j == len(flags)-1 {
					i++ // its value is the next argument
				}
			default:
				continue
			}
			break
		}
	}
	return ""
}
