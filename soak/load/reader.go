package load

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
)

// keepLimit bounds the body that is kept to be looked at, in bytes, and keepTotal
// what all clients of a driver keep at once. Longer bodies are only counted.
const (
	keepLimit = 8 << 20
	keepTotal = 32 << 20
)

// reader reads bodies through buffers that are used again and again.
type reader struct {
	buf   *bufio.Reader
	plain plainBody // from buf
	chunk []byte
	kept  []byte
	limit int
	keep  bool // kept holds all of the body so far
	full  bool // it was longer than the limit
	last  looked
}

// looked is what was found out about a body.
type looked struct {
	body  []byte // empty: nothing is known yet
	valid bool   // it is JSON
	items *int   // the length of the longest array at its top; nil where there is none
}

// sameLimit bounds the body that is compared with the next one, in bytes.
const sameLimit = 256 << 10

func newReader(limit int) *reader {
	buf := bufio.NewReaderSize(nil, 16<<10)
	return &reader{buf: buf, plain: plainBody{from: buf}, chunk: make([]byte, 32<<10), limit: limit}
}

// forget lets go of the body read last.
func (r *reader) forget() { r.kept, r.keep, r.full = r.kept[:0], false, false }

// read reads the body to its end and returns its length in bytes. It is kept where
// it is wanted.
func (r *reader) read(body io.Reader, wanted bool) (int64, error) {
	r.keep = wanted
	n, err := io.CopyBuffer(r, body, r.chunk)
	if err != nil {
		r.keep = false
	}
	return n, err
}

// plainBody is the body of an answer that said its length.
type plainBody struct {
	from *bufio.Reader
	left int64 // in bytes
}

func (b *plainBody) Read(p []byte) (n int, err error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err = b.from.Read(p[:min(int64(len(p)), b.left)])
	if b.left -= int64(n); err == io.EOF && b.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Write keeps p while there is a use for it.
func (r *reader) Write(p []byte) (int, error) {
	if r.keep && len(r.kept)+len(p) > r.limit {
		r.keep, r.full = false, true
	}
	if r.keep {
		r.kept = append(r.kept, p...)
	}
	return len(p), nil
}

// document looks at the body read last, if it was kept: whether it is JSON and
// the length of the longest array at its top, nil where it has none; or whether
// it was too long to be kept.
func (r *reader) document() (items *int, valid, tooLong bool) {
	if !r.keep {
		return nil, false, r.full
	}
	r.keep = false
	if len(r.kept) > 0 && bytes.Equal(r.kept, r.last.body) {
		return r.last.items, r.last.valid, false
	}
	valid = r.look()
	if r.last.valid, r.last.body = valid, r.last.body[:0]; len(r.kept) <= sameLimit {
		r.last.body = append(r.last.body, r.kept...)
	}
	return r.last.items, valid, false
}

// look reads the kept body itself, and notes its items.
func (r *reader) look() (valid bool) {
	if !json.Valid(r.kept) {
		r.last.items = nil
		return false
	}
	n := longestArray(r.kept)
	if n < 0 {
		r.last.items = nil
	} else if r.last.items == nil || *r.last.items != n {
		count := n // which answers point to: it never changes
		r.last.items = &count
	}
	return true
}
