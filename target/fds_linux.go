package target

import (
	"bytes"
	"encoding/binary"
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"

	"hermes-soak/soak"
)

// fdReader lists the open file descriptors of processes. Its buffers are used
// again, so a listing allocates nothing per descriptor.
type fdReader struct {
	dents []byte
	link  []byte
}

func newFDReader() *fdReader {
	// A link is longer than PATH_MAX only by its deleted suffix.
	return &fdReader{dents: make([]byte, 32<<10), link: make([]byte, unix.PathMax+len(deletedSuffix))}
}

// dirent is one entry of a folder of descriptors.
type dirent struct {
	dir  int    // the folder, open
	name []byte // the descriptor's number, with a NUL behind it
}

// number is the descriptor's.
func (d dirent) number() (n int64) {
	for _, c := range d.name[:len(d.name)-1] {
		n = 10*n + int64(c-'0')
	}
	return n
}

// each calls visit for every descriptor of pid with the text of its link, valid
// until visit returns. Descriptors that are closed meanwhile are left out. A
// zombie reads as none: the caller has to know that the process is alive, before
// and after.
func (r *fdReader) each(root string, pid int, visit func(d dirent, link []byte)) error {
	dir, err := unix.Open(procPath(root, pid, "fd"), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(dir) }() // it was only read
	return r.eachIn(dir, visit)
}

// eachIn is each of a folder that is open.
func (r *fdReader) eachIn(dir int, visit func(d dirent, link []byte)) error {
	for {
		n, err := unix.ReadDirent(dir, r.dents)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return err
		}
		if err := r.links(dir, r.dents[:n], visit); err != nil {
			return err
		}
	}
}

// links reads the links of one buffer of entries.
func (r *fdReader) links(dir int, dents []byte, visit func(d dirent, link []byte)) error {
	for len(dents) > 0 {
		var name []byte
		if name, dents = nextDirent(dents); name == nil {
			return errors.New("reading a folder of file descriptors: malformed entry")
		}
		if name[0] == '.' {
			continue
		}
		n, err := readlinkat(dir, name, r.link)
		switch {
		case err == unix.ENOENT: // closed since the entry was read
		case err != 0:
			return err
		default:
			visit(dirent{dir, name}, r.link[:n])
		}
	}
	return nil
}

// nextDirent cuts the first entry off: a struct linux_dirent64, whose name has a
// NUL behind it. The name is nil where the entry is malformed.
func nextDirent(dents []byte) (name, rest []byte) {
	const lengthAt, nameAt = 16, 19
	if len(dents) < nameAt {
		return nil, nil
	}
	length := int(binary.NativeEndian.Uint16(dents[lengthAt:]))
	if length <= nameAt || length > len(dents) {
		return nil, nil
	}
	end := bytes.IndexByte(dents[nameAt:length], 0)
	if end < 1 {
		return nil, nil
	}
	return dents[nameAt : nameAt+end+1], dents[length:]
}

// readlinkat is unix.Readlinkat without its copy of the name, which has to end
// in a NUL.
func readlinkat(dir int, name, into []byte) (int, unix.Errno) {
	for {
		n, _, errno := unix.Syscall6(unix.SYS_READLINKAT, uintptr(dir), uintptr(unsafe.Pointer(&name[0])),
			uintptr(unsafe.Pointer(&into[0])), uintptr(len(into)), 0, 0)
		if errno != unix.EINTR {
			return int(n), errno
		}
	}
}

// kindOf returns the kind that the type of the open file says, "" where the type
// cannot be read. It never waits for a file server.
func (d dirent) kindOf() string {
	var st unix.Statx_t
	name := string(d.name[:len(d.name)-1])
	if err := unix.Statx(d.dir, name, unix.AT_STATX_DONT_SYNC, unix.STATX_TYPE, &st); err != nil {
		return "" // the name has to do
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR:
		return soak.GaugeFile
	case unix.S_IFIFO:
		return soak.GaugePipe
	case unix.S_IFCHR, unix.S_IFBLK:
		return soak.GaugeDevice
	case unix.S_IFSOCK:
		return soak.GaugeSocket
	}
	return ""
}

const (
	socketPrefix = "socket:["
	pipePrefix   = "pipe:["
)

// canonical cuts the inode off the links of sockets and pipes.
func canonical(link []byte) []byte {
	for _, prefix := range [...]string{socketPrefix, pipePrefix} {
		if hasPrefix(link, prefix) {
			return link[:len(prefix)-len(":[")]
		}
	}
	return link
}

// socketInode returns the inode of a socket's link such as "socket:[1234]".
func socketInode(link []byte) (inode uint64, ok bool) {
	if !hasPrefix(link, socketPrefix) || link[len(link)-1] != ']' {
		return 0, false
	}
	for _, c := range link[len(socketPrefix) : len(link)-1] {
		if c < '0' || c > '9' {
			return 0, false
		}
		inode = inode*10 + uint64(c-'0')
	}
	return inode, true
}

// hasPrefix does without the copy that strings.HasPrefix would need.
func hasPrefix(text []byte, prefix string) bool {
	return len(text) >= len(prefix) && string(text[:len(prefix)]) == prefix
}
