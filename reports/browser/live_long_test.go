package browser_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/systeminfo"
	"github.com/chromedp/chromedp"

	"hermes-soak/reports/live"
	"hermes-soak/soak"
)

const (
	mib = 1 << 20
	// most is what the live page may take in the browser, beyond a blank page.
	most = 100 * mib
)

// often serves the live page with each frame of its stream so many times: in a long run there are thousands, and a test
// has seconds.
func often(t *testing.T, p *live.Page, times int) *httptest.Server {
	t.Helper()
	target, err := url.Parse(p.URL())
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Del("Origin") // which is of this server
		},
		FlushInterval: -1,
		ModifyResponse: func(res *http.Response) error {
			if res.Header.Get("Content-Type") != "text/event-stream" {
				return nil
			}
			frames, out := res.Body, (*io.PipeWriter)(nil)
			res.Body, out = io.Pipe()
			go func() {
				defer frames.Close()
				in := bufio.NewReader(frames)
				for {
					frame, err := in.ReadBytes('\n')
					for err == nil && !bytes.HasSuffix(frame, []byte("\n\n")) {
						var line []byte
						line, err = in.ReadBytes('\n')
						frame = append(frame, line...)
					}
					for range times {
						if err == nil {
							_, err = out.Write(frame)
						}
					}
					if err != nil {
						out.CloseWithError(io.EOF)
						return
					}
				}
			}()
			return nil
		},
	})
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// used is what the page's script holds, once what it does not is collected: objects, elements and buffers.
func (b *tab) used() int64 {
	b.t.Helper()
	for range 2 { // what a destroyed element held goes with the second
		if _, err := chromedp.Call(b.ctx, heapprofiler.CollectGarbage, cdp.Empty{}); err != nil {
			b.t.Fatal(err)
		}
	}
	heap, err := chromedp.Call(b.ctx, runtime.GetHeapUsage, cdp.Empty{})
	if err != nil {
		b.t.Fatal(err)
	}
	return int64(heap.UsedSize + heap.EmbedderHeapUsedSize + heap.BackingStorageSize)
}

// resident is the memory of the process that shows the page, without what it shares with others; it includes its
// canvases, and what the collector left for later. It is 0 where /proc does not tell it.
func (b *tab) resident() (largest int64) {
	b.t.Helper()
	all, err := chromedp.CallBrowser(b.ctx, systeminfo.GetProcessInfo, cdp.Empty{})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, p := range all.ProcessInfo {
		if p.Type != "renderer" {
			continue
		}
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.ID)) // a spare one may be gone by now
		own := int64(0)
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(line, ":")
			if n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64); err == nil && strings.HasPrefix(name, "Private_") {
				own += n << 10
			}
		}
		largest = max(largest, own)
	}
	return largest
}

// TestLiveMemory: a live page stays under 100 MB in the browser, and does not grow with what it was sent. It is sent the
// events of an hour; HERMES_SOAK_LIVE_HOURS=8 makes that 8 hours, and more frames of each.
func TestLiveMemory(t *testing.T) {
	hours, err := strconv.Atoi(cmp.Or(os.Getenv("HERMES_SOAK_LIVE_HOURS"), "1"))
	if err != nil {
		t.Fatal(err)
	}
	parts, times := 3, 12
	if hours > 1 {
		parts, times = hours, 60
	}
	p, err := live.Open(context.Background(), "127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	b := open(t)
	if _, err := chromedp.Call(b.ctx, network.Disable, cdp.Empty{}); err != nil { // which keeps what was received, for us
		t.Fatal(err)
	}
	b.visit("about:blank", 1600, "light")
	blank := b.resident()
	b.visit(often(t, p, times).URL, 1600, "light")
	want(b, `document.getElementById('state').textContent`, "RUNNING")
	js[bool](b, `globalThis.frames = 0, new MutationObserver(() => frames++).observe(document.getElementById('phase'), { childList: true }), true`)
	cells, waves, part := hours*12_000, 0, 0 // of three waves of 100 ms
	var first int64
	events(t, cells, true, "", func(e soak.Event) error {
		if e.Wave != nil {
			waves++
		}
		if err := p.Record(e); err != nil || e.Wave == nil || waves%(3*cells/parts) != 0 {
			return err
		}
		part++
		want(b, `document.getElementById('phase').textContent`, fmt.Sprintf("Load, batch %d of %d", e.Wave.Batch, cells/10))
		for n := js[int](b, `frames`); n < part*times; n = js[int](b, `frames`) {
			want(b, fmt.Sprintf(`frames > %d`, n), true)
		}
		used, own := b.used(), b.resident()-blank
		t.Logf("%d waves, %d frames: %d MB used by the page, %d MB more than a blank one in its process", waves, js[int](b, `frames`), used/mib, own/mib)
		if used > most || own > most {
			t.Errorf("that is more than %d MB", most/mib)
		}
		if part == 1 {
			first = used
		}
		if used > first+8*mib {
			t.Errorf("it was %d MB at first", first/mib)
		}
		return nil
	})
}
