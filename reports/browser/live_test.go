package browser_test

import (
	"context"
	"errors"
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
	p, err := live.Open(context.Background(), "127.0.0.1:0", "")
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

// TestLiveLost: a page that loses its run says so and keeps what it drew, goes on where the run is there again, and
// becomes the report of a run that was interrupted.
func TestLiveLost(t *testing.T) {
	p, err := live.Open(context.Background(), "127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	b := open(t)
	between := often(t, p, 1)
	b.visit(between.URL, 1600, "dark")
	state, note := `document.getElementById('state').textContent`, `document.getElementById('note').textContent`
	want(b, state, "RUNNING")
	verdict := js[string](b, note)
	report, waves := soak.NewReport(), 0
	events(t, 30, false, "", func(e soak.Event) error {
		if e.Stop != nil {
			e.Stop.Reason = soak.StopInterrupted
		}
		if e.Wave != nil {
			waves++
		}
		if err := errors.Join(p.Record(e), report.Apply(e)); err != nil || e.Wave == nil || waves != 60 {
			return err
		}
		want(b, `document.getElementById('phase').textContent`, "Load, batch 2 of 3")
		audited(t, b, "dark and wide")
		b.shoot("live-dark", true)
		js[bool](b, `new MutationObserver(() => { globalThis.lost ??= [document.title, `+note+`, `+visible+`.length] }).observe(document.getElementById('state'), { childList: true }), true`)
		between.CloseClientConnections()
		want(b, `!!globalThis.lost && lost[0] === 'NO CONNECTION - hermes-soak' && lost[1].endsWith('hermes-soak report --report html=report.html RUN') && lost[2] >= 2`, true)
		want(b, state, "RUNNING")
		want(b, note, verdict)
		want(b, blank, 0) // of one batch too
		want(b, `document.title`, "RUNNING: Load, batch 2 of 3 - hermes-soak")
		return nil
	})
	soak.Judge(report)
	if err := p.Finish(report); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	want(b, `document.querySelector('.badge strong')?.textContent`, "UNKNOWN")
	want(b, `document.body.textContent.includes('interrupted')`, true)
	want(b, blank, 0)
}

// TestLiveKilled: the page of a program that was killed says how to see what was kept.
func TestLiveKilled(t *testing.T) {
	p, err := live.Open(context.Background(), "127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	b := open(t)
	b.visit(p.URL(), 400, "dark")
	want(b, `document.getElementById('state').textContent`, "RUNNING")
	waves := 0
	events(t, 10, true, "", func(e soak.Event) error {
		if e.Wave != nil {
			waves++
		}
		if waves < 20 {
			return p.Record(e)
		}
		return nil
	})
	want(b, `document.getElementById('phase').textContent`, "Load, batch 1 of 1")
	if err := p.Close(); err != nil { // which sends nothing, as there is no report
		t.Fatal(err)
	}
	want(b, `document.getElementById('state').textContent`, "NO CONNECTION")
	want(b, `document.getElementById('note').textContent.endsWith('hermes-soak report --report html=report.html RUN')`, true)
	want(b, visible+`.length >= 1`, true)
	want(b, blank, 0)
	want(b, fits, true)
	audited(t, b, "no connection")
	b.shoot("live-killed", true)
}
