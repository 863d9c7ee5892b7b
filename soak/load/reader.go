package load

import (
	"bufio"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
	"unsafe"

	"github.com/tidwall/gjson"
)

// keepLimit bounds the body that is kept to count its items, in bytes. Longer
// bodies are only counted.
const keepLimit = 8 << 20

// reader reads bodies through buffers that are used again and again.
type reader struct {
	buf   *bufio.Reader
	chunk []byte
	kept  []byte
	keep  bool // kept holds all of the body so far
}

func newReader() *reader {
	return &reader{buf: bufio.NewReaderSize(nil, 16<<10), chunk: make([]byte, 32<<10)}
}

// read reads the body to its end and returns its length in bytes.
func (r *reader) read(resp *http.Response) (int64, error) {
	r.kept, r.keep = r.kept[:0], isJSON(resp.Header.Get("Content-Type"))
	n, err := io.CopyBuffer(r, resp.Body, r.chunk)
	if err != nil {
		r.keep = false
	}
	return n, err
}

// Write keeps p while there is a use for it.
func (r *reader) Write(p []byte) (int, error) {
	if len(r.kept)+len(p) > keepLimit {
		r.keep = false
	}
	if r.keep {
		r.kept = append(r.kept, p...)
	}
	return len(p), nil
}

// items is the length of the longest array at the top of the body read last;
// nil where it was no JSON, was not read to its end, was too long to keep, or
// has no array there.
func (r *reader) items() *int {
	if !r.keep {
		return nil
	}
	r.keep = false
	// gjson.Valid recurses once a level: 8 MiB of "[" would overflow the stack
	// and end the program. json.Valid gives up after 10,000 levels.
	if !json.Valid(r.kept) {
		return nil
	}
	// A view, not a copy: nothing below outlives this call.
	return longestArray(gjson.Parse(unsafe.String(unsafe.SliceData(r.kept), len(r.kept))))
}

func longestArray(doc gjson.Result) *int {
	longest := -1
	look := func(_, v gjson.Result) bool {
		if v.IsArray() {
			longest = max(longest, int(v.Get("#").Int()))
		}
		return true
	}
	if doc.IsObject() {
		doc.ForEach(look)
	} else {
		look(gjson.Result{}, doc)
	}
	if longest < 0 {
		return nil
	}
	return &longest
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json"))
}
