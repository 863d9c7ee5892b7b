package browser_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"hermes-soak/target/webui"
)

// watching notes each task that held the page up for over 50 ms, and each change of the document.
const watching = `
globalThis.longTasks = []; globalThis.changes = 0;
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: 'longtask' });
new MutationObserver((records) => (changes += records.length)).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });`

// longest is how long a task has held the page up at most, in ms, since it was asked the last time.
const longest = `Math.max(0, ...longTasks.splice(0))`

const tooLong = 100.0 // ms

// worked is how many ms of processor time the page has used so far, in all its tasks. A machine that is busy elsewhere
// makes a task long by the clock; it does not make this more.
func (b *tab) worked() float64 {
	b.t.Helper()
	got, err := chromedp.Call(b.ctx, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, metric := range got.Metrics {
		if metric.Name == "TaskDuration" {
			return metric.Value * 1000
		}
	}
	b.t.Fatal("Chromium does not tell TaskDuration")
	return 0
}

func TestFiveThousandSessions(t *testing.T) {
	s := start(t, webui.Config{Sessions: 5000})
	b := open(t, s.url, 1280, watching)
	want(b, text("shown"), "5,000 sessions")
	want(b, text("link"), "Live")
	if _, err := chromedp.Call(b.ctx, performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks}); err != nil {
		t.Fatal(err)
	}
	t.Logf("first render: longest task %.0f ms", js[float64](b, longest))
	rows := js[int](b, `document.getElementById('list').childElementCount`)
	if rows < 5 || rows > 60 {
		t.Errorf("%d rows are in the document", rows)
	}
	for _, c := range []struct {
		what string
		do   func()
	}{
		{"polls that bring no change", func() { unchanged(b) }},
		{"polls that bring a change", func() {
			for range 3 {
				id := s.add()
				want(b, text("shown"), "5,001 sessions")
				s.remove(id)
				want(b, text("shown"), "5,000 sessions")
			}
		}},
		{"scrolling through all of it", func() {
			js[bool](b, `new Promise((done) => { const box = document.getElementById('scroller'); let at = 0;
				requestAnimationFrame(function step() { box.scrollTop = at += 30000; at < box.scrollHeight ? requestAnimationFrame(step) : done(true) }) })`)
			want(b, `Math.max(...[...document.querySelectorAll('#list li')].map((row) => Number(row.ariaPosInSet)))`, 5000)
		}},
		{"search", func() {
			b.run(chromedp.SendKeys(chromedp.CSS("#query"), "release notes"))
			want(b, text("shown"), "714 of 5,000 sessions")
			b.press(kb.Escape)
			want(b, text("shown"), "5,000 sessions")
		}},
		{"opening", func() {
			b.click("#list a")
			want(b, `document.getElementById('messages').childElementCount > 1`, true)
		}},
		{"polls that bring no change, with a session open", func() { unchanged(b) }},
	} {
		before := b.worked()
		c.do()
		time.Sleep(200 * time.Millisecond) // a long task is reported after it has ended
		clock, work := js[float64](b, longest), b.worked()-before
		t.Logf("%s: longest task %.0f ms by the clock (0: none over 50), %.0f ms of work in all", c.what, clock, work)
		// No task has worked longer than either says.
		if took := min(clock, work); took > tooLong {
			t.Errorf("%s: a task took %.0f ms, want at most %.0f", c.what, took, tooLong)
		}
	}
}

// unchanged lets two polls pass and wants that they have left the document alone.
func unchanged(b *tab) {
	b.t.Helper()
	want(b, text("toast"), "") // it goes by itself
	js[int](b, "changes = 0")
	polls := js[int](b, asked("/api/projects"))
	want(b, fmt.Sprintf("%s >= %d", asked("/api/projects"), polls+2), true)
	time.Sleep(100 * time.Millisecond) // what the last one brought would be in the document by now
	if n := js[int](b, "changes"); n != 0 {
		b.t.Errorf("polls that bring nothing new have changed the document %d times", n)
	}
}
