package browser_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"hermes-soak/reports/live"
	"hermes-soak/soak"
)

// TestLive: the page draws the run while it goes on, at both widths, and becomes the
// report, which stays whole when the run is no longer there.
func TestLive(t *testing.T) {
	p, err := live.Open(context.Background(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	b := open(t)
	b.visit(p.URL(), 400, "light")
	want(b, `document.getElementById('state').textContent`, "RUNNING")
	report, waves := soak.NewReport(), 0
	events(t, 60, true, hostile, func(e soak.Event) error {
		if e.Wave != nil {
			waves++
		}
		// Early, where there is little to draw, in the middle, and late.
		early, middle := e.Wave != nil && waves == 8, e.Wave != nil && waves == 100
		if err := p.Record(e); err != nil {
			return err
		}
		if err := report.Apply(e); err != nil {
			return err
		}
		if early || middle {
			drawn := map[bool]string{true: "batch 1 of 6", false: "batch 4 of 6"}[early]
			want(b, `document.getElementById('phase').textContent`, "Load, "+drawn)
			if middle {
				b.run(chromedp.EmulateViewport(1600, 1000))
			}
			want(b, visible+`.length >= 2`, true)
			want(b, blank, 0)
			want(b, fits, true)
			audited(t, b, drawn)
			if js[bool](b, `/[\p{Cc}\p{Cf}]/u.test(document.body.textContent.replaceAll('\n', ''))`) {
				t.Error("the page shows what hides in a text")
			}
			b.shoot(fmt.Sprintf("live-%d", waves), true)
		}
		return nil
	})
	soak.Judge(report)
	if err := p.Finish(report); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	want(b, `document.querySelector('.badge strong').textContent`, "FAIL")
	want(b, visible+`.length >= 2`, true)
	want(b, blank, 0)
	want(b, `document.querySelector('a[download]').download`, "hermes-soak-RUN.html")
	audited(t, b, "the report")
	for _, width := range []int64{400, 1600} {
		b.run(chromedp.EmulateViewport(width, 1000))
		want(b, blank, 0)
		want(b, fits, true)
		b.shoot(fmt.Sprintf("live-end-%d", width), false)
	}
	js[bool](b, `document.querySelector('[value=seconds]').click(), true`)
	want(b, blank, 0)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		t.Errorf("in the console: %s", fault)
	}
	for _, u := range b.requests {
		if !strings.HasPrefix(u, p.URL()) && !strings.HasPrefix(u, "blob:"+strings.TrimSuffix(p.URL(), "/")) {
			t.Errorf("the page asked for %s", u)
		}
	}
}
