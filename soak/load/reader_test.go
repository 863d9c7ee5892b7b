package load

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func serveBody(t *testing.T, contentType string, body []byte) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	}))
	t.Cleanup(srv.Close)
	return srv
}

func TestItems(t *testing.T) {
	for _, tc := range []struct {
		contentType, body string
		want              int // -1: none
	}{
		{"application/json", `{"sessions":[1,2,3],"projects":[1],"n":4}`, 3},
		{"application/json; charset=utf-8", `[{},{}]`, 2},
		{"application/problem+json", `{"errors":[]}`, 0},
		{"application/json", ` {"sessions":[]} `, 0},
		{"application/json", `{"deep":{"list":[1,2,3]}}`, -1},
		{"application/json", `{"text":"[1,2,3]"}`, -1},
		{"application/json", `[[1,2,3,4],[1]]`, 2},
		{"application/json", `"text"`, -1},
		{"application/json", `{"sessions":[1,2,3]`, -1},
		{"application/json", ``, -1},
		{"text/html", `[1,2,3]`, -1},
		{"", `[1,2,3]`, -1},
		{"application/json", strings.Repeat("[", 8<<20), -1},
	} {
		d := driver(t, serveBody(t, tc.contentType, []byte(tc.body)).URL, nil)
		a := send(t, d, 2).Answers
		if len(a) != 1 || a[0].Class != "ok" || a[0].Bytes != int64(len(tc.body)) {
			t.Errorf("%.40q: got %+v", tc.body, a)
			continue
		}
		if got := a[0].Items; (got == nil) != (tc.want < 0) || got != nil && *got != tc.want {
			t.Errorf("%.40q as %q: got %v, want %d", tc.body, tc.contentType, got, tc.want)
		}
	}
}

// TestItemsAgree: items are those that encoding/json sees.
func TestItemsAgree(t *testing.T) {
	value := rapid.Deferred(func() *rapid.Generator[any] { return values(3) })
	rapid.Check(t, func(t *rapid.T) {
		doc := value.Draw(t, "doc")
		body, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		want := -1
		look := func(v any) {
			if l, ok := v.([]any); ok {
				want = max(want, len(l))
			}
		}
		look(doc)
		if m, ok := doc.(map[string]any); ok {
			for _, v := range m {
				look(v)
			}
		}
		r := &reader{kept: body, keep: true}
		if got, _, _ := r.document(); (got == nil) != (want < 0) || got != nil && *got != want {
			t.Fatalf("%s: got %v, want %d", body, got, want)
		}
	})
}

func values(depth int) *rapid.Generator[any] {
	leaves := rapid.OneOf(rapid.String().AsAny(), rapid.Int().AsAny(), rapid.Bool().AsAny(), rapid.Just(any(nil)))
	if depth == 0 {
		return leaves
	}
	inner := values(depth - 1)
	return rapid.OneOf(
		leaves,
		rapid.Map(rapid.SliceOfN(inner, 0, 5), func(l []any) any { return l }),
		rapid.Map(rapid.MapOfN(rapid.String(), inner, 0, 5), func(m map[string]any) any { return m }),
	)
}

// allocated is what f allocated, in bytes.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// TestMemory: a body is counted, not held, and the buffers serve again.
func TestMemory(t *testing.T) {
	const size = 200 << 20
	big := func(contentType string) *Driver {
		return driver(t, serveRaw(t, func(p *peer) {
			p.request()
			p.say("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", contentType, size)
			block := bytes.Repeat([]byte("1,"), 64<<10)
			for sent := 0; sent < size; sent += len(block) {
				if _, err := p.Write(block); err != nil {
					return
				}
			}
		}).url, nil)
	}
	for contentType, most := range map[string]int64{"text/plain": 2 << 20, "application/json": 8 * keepLimit} {
		d := big(contentType)
		got := allocated(func() {
			if a := send(t, d, 1).Answers[0]; a.Bytes != size || a.Class != "ok" || a.Items != nil {
				t.Errorf("got %+v", a)
			}
		})
		if got > most {
			t.Errorf("%s: %d bytes allocated for a body of %d", contentType, got, size)
		}
	}

	body := []byte("[" + strings.Repeat("1,", 100<<10) + "1]")
	d := driver(t, serveRaw(t, func(p *peer) {
		for p.request() {
			p.say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(body))
			_, _ = io.Copy(p, bytes.NewReader(body))
		}
	}).url, nil)
	send(t, d, 1)
	if each := allocated(func() { send(t, d, 50) }) / 50; each > int64(len(body)/4) {
		t.Errorf("%d bytes allocated for each body of %d", each, len(body))
	}
}
