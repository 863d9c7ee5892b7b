package target

import (
	"path"
	"strings"

	"hermes-soak/soak"
)

const deletedSuffix = " (deleted)"

// handle is what the kernel's name for an open file descriptor says.
type handle struct {
	kind string // the gauge that counts it
	key  string // its row in the table of a sample
	// path is the file's path without the deleted suffix; "" where there is none.
	path    string
	deleted bool
}

// classify judges the text of the link /proc/PID/fd/N. kind is what the file's
// type says, "" where it is not known: then the path has to do.
func classify(link, kind string) handle {
	switch {
	case strings.HasPrefix(link, "socket:["):
		return handle{kind: soak.GaugeSocket, key: soak.GaugeSocket}
	case strings.HasPrefix(link, "pipe:["):
		return handle{kind: soak.GaugePipe, key: soak.GaugePipe}
	case strings.HasPrefix(link, "/memfd:"): // a file without a place; it always says deleted
		return handle{kind: soak.GaugeAnon, key: strings.TrimSuffix(link, deletedSuffix)}
	case !strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "(unreachable)/"):
		return handle{kind: soak.GaugeAnon, key: withoutInode(link)}
	}
	file, deleted := strings.CutSuffix(link, deletedSuffix)
	if kind == "" {
		kind = kindOfPath(file)
	}
	if kind == soak.GaugeDevice && isTerminal(file) {
		kind = soak.GaugePTY
	}
	return handle{kind: kind, key: link, path: file, deleted: deleted}
}

// KindOf is the gauge that counts a row of a sample's table, as far as its name tells:
// a FIFO or a device outside /dev looks like a file.
func KindOf(row string) string {
	switch row {
	case soak.GaugeSocket, soak.GaugePipe:
		return row
	}
	return classify(row, "").kind
}

// withoutInode cuts the number off a name such as net:[4026531840], so that it
// does not make a row of its own. anon_inode:[eventpoll] stays.
func withoutInode(link string) string {
	name, number, ok := strings.Cut(link, ":[")
	if ok && number != "" && strings.Trim(number, "0123456789") == "]" {
		return name
	}
	return link
}

func kindOfPath(file string) string {
	inDev := strings.HasPrefix(file, "/dev/") && !strings.HasPrefix(file, "/dev/shm/") &&
		!strings.HasPrefix(file, "/dev/mqueue/") && !strings.HasPrefix(file, "/dev/hugepages/")
	if inDev {
		return soak.GaugeDevice
	}
	return soak.GaugeFile
}

func isTerminal(file string) bool {
	for _, prefix := range []string{"/dev/pts/", "/dev/ptmx", "/dev/tty", "/dev/console"} {
		if strings.HasPrefix(file, prefix) {
			return true
		}
	}
	return false
}

// base is the last part of a handle's path.
func (h handle) base() string { return path.Base(h.path) }
