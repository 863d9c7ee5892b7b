package target

import (
	"maps"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"hermes-soak/soak"
)

// TestAgreesWithLsof compares every descriptor of a stopped process: number, kind
// and, for what has a path, the name.
func TestAgreesWithLsof(t *testing.T) {
	t.Parallel()
	lsof, err := exec.LookPath("lsof")
	if err != nil {
		skip(t, "needs lsof")
	}
	h, _ := startHelper(t, nil, "zoo", t.TempDir())
	h.stop(t)

	out, err := exec.Command(lsof, "-nP", "-p", strconv.Itoa(h.pid()), "-F", "ftn").Output()
	ok(t, err)
	want := independentLsof(t, string(out))
	got := map[int]string{}
	ok(t, newFDReader().each(procRoot, h.pid(), func(d dirent, link []byte) {
		fd, err := strconv.Atoi(string(d.name[:len(d.name)-1])) // a NUL stands behind it
		ok(t, err)
		c := classify(string(link), d.kindOf())
		got[fd] = c.kind
		if c.path != "" {
			got[fd] += " " + c.key
		}
	}))
	if !maps.Equal(got, want) {
		t.Errorf("got\n%v\nlsof says\n%v", got, want)
	}
	if len(got) < 18 {
		t.Errorf("only %d descriptors", len(got))
	}
}

// independentLsof reads the output of lsof -F ftn as kind and name by descriptor; the
// rows that are no descriptors (cwd, txt, mem) are left out.
func independentLsof(t *testing.T, out string) map[int]string {
	t.Helper()
	kinds := map[string]string{
		"REG": soak.GaugeFile, "DIR": soak.GaugeFile, "CHR": soak.GaugeDevice, "FIFO": soak.GaugePipe,
		"IPv4": soak.GaugeSocket, "IPv6": soak.GaugeSocket, "unix": soak.GaugeSocket, "sock": soak.GaugeSocket,
		"a_inode": soak.GaugeAnon,
	}
	handles := map[int]string{}
	fd, kind := -1, ""
	for line := range strings.Lines(out) {
		field, text := line[0], strings.TrimSuffix(line[1:], "\n")
		switch field {
		case 'f':
			fd = -1
			if n, err := strconv.Atoi(text); err == nil {
				fd = n
			}
		case 't':
			kind = kinds[text]
			if kind == "" && fd >= 0 {
				t.Errorf("lsof has a type %q", text)
			}
		case 'n':
			if fd < 0 {
				continue
			}
			if kind == soak.GaugeDevice && strings.HasPrefix(text, "/dev/ptmx") {
				kind = soak.GaugePTY
			}
			handles[fd] = kind
			if strings.HasPrefix(text, "/") {
				handles[fd] += " " + text
			}
		}
	}
	return handles
}
