package target

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// netlinkMessage is one message of an answer.
func netlinkMessage(kind, flags uint16, body []byte) []byte {
	msg := make([]byte, unix.NLMSG_HDRLEN, unix.NLMSG_HDRLEN+len(body)+3)
	binary.NativeEndian.PutUint32(msg[0:], uint32(unix.NLMSG_HDRLEN+len(body)))
	binary.NativeEndian.PutUint16(msg[4:], kind)
	binary.NativeEndian.PutUint16(msg[6:], flags)
	return append(msg, body...)
}

// diagRow is the message of one socket, on 127.0.0.1 or ::1.
func diagRow(family, state uint8, port uint16, queue, inode uint32) []byte {
	body := make([]byte, diagMessageSize)
	body[0], body[1] = family, state
	binary.BigEndian.PutUint16(body[4:], port)
	copy(body[8:], []byte{127, 0, 0, 1})
	if family == unix.AF_INET6 {
		copy(body[8:], netip.IPv6Loopback().AsSlice())
	}
	binary.NativeEndian.PutUint32(body[56:], queue)
	binary.NativeEndian.PutUint32(body[68:], inode)
	return netlinkMessage(unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_MULTI, body)
}

func diagDone(flags uint16) []byte {
	return netlinkMessage(unix.NLMSG_DONE, unix.NLM_F_MULTI|flags, make([]byte, 4))
}

func errorBody(code unix.Errno) []byte {
	return binary.NativeEndian.AppendUint32(nil, uint32(-int32(code)))
}

// aKernel answers each question with the next of these answers, a list of parts
// each, and counts the questions.
func aKernel(t *testing.T, questions *int, answers ...[][]byte) func() (int, error) {
	return func() (int, error) {
		if *questions == len(answers) {
			t.Error("the kernel is asked too often")
			return -1, unix.EPERM
		}
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		ok(t, err)
		for _, part := range answers[*questions] {
			_, err := unix.Write(pair[1], part)
			ok(t, err)
		}
		t.Cleanup(func() { _ = unix.Close(pair[1]) })
		*questions++
		return pair[0], nil
	}
}

var (
	row4   = tcpRow{netip.MustParseAddrPort("127.0.0.1:8787"), tcpListen, 3, 4242, 0}
	row6   = tcpRow{netip.MustParseAddrPort("[::1]:8080"), tcpCloseWait, 0, 77, 0}
	msg4   = diagRow(unix.AF_INET, tcpListen, 8787, 3, 4242)
	msg6   = diagRow(unix.AF_INET6, tcpCloseWait, 8080, 0, 77)
	theEnd = diagDone(0)
)

func TestReadDiag(t *testing.T) {
	t.Parallel()
	intr := diagDone(unix.NLM_F_DUMP_INTR)
	none := [][]byte{theEnd}
	for name, tc := range map[string]struct {
		answers [][][]byte
		want    []tcpRow
		err     string
	}{
		"one part":            {[][][]byte{{slices.Concat(msg4, msg4, theEnd)}, none}, []tcpRow{row4, row4}, ""},
		"many parts":          {[][][]byte{{msg4, slices.Concat(msg4, msg4), theEnd}, {msg6, theEnd}}, []tcpRow{row4, row4, row4, row6}, ""},
		"interrupted once":    {[][][]byte{{msg4, msg4, intr}, {msg4, theEnd}, {msg6, intr}, {theEnd}}, []tcpRow{row4}, ""},
		"interrupted twice":   {[][][]byte{{msg4, intr}, {intr}}, nil, "interrupted twice"},
		"refused in answer":   {[][][]byte{{netlinkMessage(unix.NLMSG_ERROR, 0, errorBody(unix.ENOENT))}}, nil, "no such file"},
		"fails in the middle": {[][][]byte{none, {msg6, netlinkMessage(unix.NLMSG_DONE, 0, errorBody(unix.ENOMEM))}}, nil, "cannot allocate"},
		"too long":            {[][][]byte{{make([]byte, 40<<10)}}, nil, "a part of 40960 bytes"},
		"silent":              {[][][]byte{{msg4}}, nil, "no whole answer within 1s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			questions, begin := 0, time.Now()
			rows, err := readDiag(aKernel(t, &questions, tc.answers...), tcpListen)
			if !slices.Equal(rows, tc.want) || questions != len(tc.answers) {
				t.Errorf("%+v in %d questions, want %+v in %d", rows, questions, tc.want, len(tc.answers))
			}
			if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), "sock_diag: ") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("error %v, want one with %q", err, tc.err)
			}
			if took := time.Since(begin); took > 30*diagTimeout {
				t.Errorf("it took %v", took)
			}
		})
	}
	_, err := readDiag(refuse, tcpListen)
	if !errors.Is(err, unix.EPERM) {
		t.Errorf("refused: %v", err)
	}
}

// refuse is a kernel that lets nobody ask it.
func refuse() (int, error) { return -1, unix.EPERM }

// realPart was recorded on Linux 6.18, x86-64: a socket in LISTEN with two
// connections waiting, and one in FIN_WAIT1.
const realPart = `
7c000000140002000000000076240000020a0000225300007f00000100000000000000000000000000000000000000000000000000000000000000005a10
00000000000000000000020000000500000000000000d9c20900050008000000000008000f00000000000c00150001000000000000000600160052000000
7c00000014000200000000007624000002040100daa822537f0000010000000000000000000000007f000001000000000000000000000000000000005b10
000000000000cc000000000000000100000000000000e1c20900050008000200000008000f00000000000c00150001000000000000000600160052000000`

func TestParseDiag(t *testing.T) {
	t.Parallel()
	recorded, err := hex.DecodeString(strings.Join(strings.Fields(realPart), ""))
	ok(t, err)
	odd := netlinkMessage(unix.NLMSG_NOOP, 0, []byte{1}) // its length is no multiple of four
	for name, tc := range map[string]struct {
		part []byte
		want diagDump
	}{
		"nothing":         {nil, diagDump{}},
		"both families":   {slices.Concat(msg4, msg6), diagDump{rows: []tcpRow{row4, row6}}},
		"behind the end":  {slices.Concat(msg4, theEnd, msg6), diagDump{rows: []tcpRow{row4}, done: true}},
		"padding":         {slices.Concat(odd, []byte{0, 0, 0}, msg4), diagDump{rows: []tcpRow{row4}}},
		"padding missing": {odd, diagDump{}},
		"an old end":      {netlinkMessage(unix.NLMSG_DONE, 0, nil), diagDump{done: true}},
		"interrupted":     {diagDone(unix.NLM_F_DUMP_INTR), diagDump{done: true, interrupted: true}},
		"recorded": {recorded, diagDump{rows: []tcpRow{
			{netip.MustParseAddrPort("127.0.0.1:8787"), tcpListen, 2, 639705, 0},
			{netip.MustParseAddrPort("127.0.0.1:55976"), 0x04, 0, 639713, 0},
		}}},
	} {
		var got diagDump
		err := got.add(tc.part)
		if err != nil || !slices.Equal(got.rows, tc.want.rows) || got.done != tc.want.done || got.interrupted != tc.want.interrupted {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, tc.want)
		}
	}
	lie := func(length uint32) []byte {
		msg := slices.Clone(msg4)
		binary.NativeEndian.PutUint32(msg, length)
		return msg
	}
	for name, part := range map[string][]byte{
		"three bytes":         msg4[:3],
		"half a header":       msg4[:10],
		"half a message":      msg4[:40],
		"length 0":            lie(0),
		"length of less":      lie(unix.NLMSG_HDRLEN - 1),
		"length of more":      lie(uint32(len(msg4)) + 1),
		"length of all":       lie(1<<32 - 1),
		"a short socket":      lie(unix.NLMSG_HDRLEN + diagMessageSize - 4),
		"an unknown family":   diagRow(unix.AF_UNIX, tcpListen, 1, 0, 1),
		"an unknown kind":     netlinkMessage(99, 0, nil),
		"data lost":           netlinkMessage(unix.NLMSG_OVERRUN, 0, nil),
		"an error":            netlinkMessage(unix.NLMSG_ERROR, 0, errorBody(unix.EPERM)),
		"an error of nothing": netlinkMessage(unix.NLMSG_ERROR, 0, nil),
		"an acknowledgement":  netlinkMessage(unix.NLMSG_ERROR, 0, errorBody(0)),
		"a failed end":        netlinkMessage(unix.NLMSG_DONE, 0, errorBody(unix.EPERM)),
		"the worst error":     netlinkMessage(unix.NLMSG_ERROR, 0, []byte{0, 0, 0, 0x80}),
	} {
		var got diagDump
		if err := got.add(part); err == nil {
			t.Errorf("%s: %+v, want an error", name, got)
		}
	}
}

func FuzzParseDiag(f *testing.F) {
	f.Add(slices.Concat(msg4, msg6, theEnd))
	f.Add(msg4[:40])
	f.Add(netlinkMessage(unix.NLMSG_ERROR, 0, errorBody(unix.EPERM)))
	f.Add(netlinkMessage(unix.NLMSG_NOOP, 0, []byte{1}))
	f.Fuzz(func(t *testing.T, part []byte) {
		var d diagDump
		err := d.add(part)
		if err == nil && len(part) >= unix.NLMSG_HDRLEN && len(d.rows) > len(part)/diagMessageSize {
			t.Errorf("%d sockets from %d bytes", len(d.rows), len(part))
		}
		for _, row := range d.rows {
			if !row.local.IsValid() {
				t.Errorf("%+v", row)
			}
		}
	})
}

// TestDiagLeavesNothing: no descriptor stays, however the answer ends.
func TestDiagLeavesNothing(t *testing.T) {
	var opened []int
	noting := func(open func() (int, error)) func() (int, error) {
		return func() (int, error) {
			fd, err := open()
			opened = append(opened, fd)
			return fd, err
		}
	}
	_, err := readDiag(noting(openDiag), tcpListen)
	ok(t, err)
	questions := 0
	if _, err := readDiag(noting(aKernel(t, &questions, [][]byte{msg4[:40]})), tcpListen); err == nil {
		t.Error("half a message is an answer")
	}
	if len(opened) != 3 {
		t.Fatalf("descriptors: %v", opened)
	}
	for _, fd := range opened {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); !errors.Is(err, unix.EBADF) {
			t.Errorf("descriptor %d is open", fd)
		}
	}
}
