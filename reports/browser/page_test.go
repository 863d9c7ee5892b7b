package browser_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const (
	// visible are the charts that are not folded away, and blank how many of them show
	// nothing: not one pixel has a colour of a line or a dot of samples; what is written, and
	// the grid, are as good as grey.
	visible = `[...document.querySelectorAll('.chart')].filter((c) => c.checkVisibility())`
	blank   = visible + `.filter((c) => {
		const canvas = c.querySelector('canvas');
		if (!canvas) return true;
		const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
		copy.drawImage(canvas, 0, 0);
		const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
		for (let i = 0; i < data.length; i += 4) {
			const r = data[i], g = data[i + 1], b = data[i + 2];
			if (data[i + 3] > 200 && Math.max(r, g, b) - Math.min(r, g, b) > 60) return false;
		}
		return true;
	}).length`
	// fits says that nothing sticks out at the side.
	fits = `document.documentElement.scrollWidth <= innerWidth`
	// above is how far down the last answer of the verdict ends.
	above = `document.querySelector('.verdict dl').getBoundingClientRect().bottom`
)

// hostile is what a name may hold to break out of where it stands.
const hostile = "</script><script>alert(1)</script><img src=//evil.example/x onerror=alert(1)>\"'`\n\x00\u202Egpj.\u2028]]><!--"

// audited has axe-core find nothing serious, where there is an axe-core.
func audited(t *testing.T, b *tab, state string) {
	t.Helper()
	path := os.Getenv("HERMES_SOAK_AXE")
	if path == "" {
		return
	}
	axe, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, violation := range js[[]string](b, string(axe)+`; axe.run().then((result) => result.violations.map((v) => v.impact + ' ' + v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 120) + ' ' + n.failureSummary).join(' | ')))`) {
		report := t.Logf
		if strings.HasPrefix(violation, "serious") || strings.HasPrefix(violation, "critical") {
			report = t.Errorf
		}
		report("%s: %s", state, violation)
	}
}

// TestPage: at both widths and in both themes the page asks for nothing, complains of
// nothing, draws its charts, and is fit for those who do not see it.
func TestPage(t *testing.T) {
	if os.Getenv("HERMES_SOAK_AXE") == "" && strict {
		t.Fatal("HERMES_SOAK_AXE does not name an axe.min.js, and HERMES_SOAK_TEST_STRICT is 1")
	}
	b := open(t)
	for name, file := range map[string]string{
		"leak": page(t, run(t, 120, true, "")), "clean": page(t, run(t, 60, false, "")), "hostile": page(t, run(t, 40, true, hostile)),
	} {
		for _, width := range []int64{400, 1600} {
			for _, scheme := range []string{"light", "dark"} {
				state := fmt.Sprintf("%s-%d-%s", name, width, scheme)
				if name != "leak" && (width == 400) != (scheme == "light") {
					continue // two of the four are enough
				}
				b.load(file, width, scheme)
				want(b, visible+`.length >= 2`, true)
				want(b, blank, 0)
				want(b, fits, true)
				if got := js[bool](b, `(() => { const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number); return r + g + b > 384 })()`); got != (scheme == "light") {
					t.Errorf("%s: light is %v", state, got)
				}
				if name == "leak" {
					audited(t, b, state)
				}
				b.shoot(state, false)
				b.quiet(file)
			}
		}
		if n := js[float64](b, above); name == "leak" && n > 1000 {
			t.Errorf("the answers end %v px down: they are not on the first screen", n)
		}
	}
}

// TestSwitches: axis, limit and theme change what is drawn; folded charts are drawn when
// they are opened; the keyboard goes from sample to sample.
func TestSwitches(t *testing.T) {
	file := page(t, run(t, 60, true, ""))
	b := open(t)
	b.load(file, 1200, "light")
	want(b, blank, 0)
	picture := `document.querySelector('.lead canvas').toDataURL()`
	changed := func(what, do string) {
		t.Helper()
		js[bool](b, `globalThis.before = `+picture+`, `+do+`, true`)
		t.Log(what)
		want(b, picture+` !== before`, true)
		want(b, blank, 0)
	}
	changed("time", `document.querySelector('[value=seconds]').click()`)
	changed("limit", `document.querySelector('[name=limit]').click()`)
	changed("theme", `(() => { const s = document.getElementById('theme'); s.value = 'dark'; s.dispatchEvent(new Event('change')) })()`)
	want(b, `getComputedStyle(document.body).colorScheme`, "dark")
	folded := js[int](b, visible+`.length`)
	js[bool](b, `document.querySelectorAll('#charts > details').forEach((d) => { d.open = true }), true`)
	want(b, fmt.Sprintf(`%s.length > %d`, visible, folded), true)
	want(b, blank, 0)
	js[bool](b, `document.querySelector('.lead .chart').focus(), true`)
	readout := `document.querySelector('.lead .readout').textContent`
	b.run(chromedp.KeyEvent(kb.ArrowRight))
	want(b, readout+`.startsWith('after 0 s: ')`, true)
	first := js[string](b, readout)
	b.run(chromedp.KeyEvent(kb.End))
	want(b, fmt.Sprintf("%s !== %q && %s.includes('never released')", readout, first, readout), true)
	js[bool](b, `dispatchEvent(new Event('beforeprint')), true`)
	want(b, `[...document.querySelectorAll('details')].every((d) => d.open)`, true)
	want(b, `getComputedStyle(document.body).colorScheme`, "light")
	want(b, blank, 0)
	js[bool](b, `dispatchEvent(new Event('afterprint')), true`)
	want(b, `getComputedStyle(document.body).colorScheme`, "dark")
	b.quiet(file)
}

// TestUpdate: the same script draws newer data of a run that goes on.
func TestUpdate(t *testing.T) {
	file := page(t, run(t, 60, true, ""))
	b := open(t)
	b.load(file, 1200, "light")
	want(b, blank, 0)
	js[bool](b, `globalThis.before = document.querySelector('.lead canvas').toDataURL(), (() => {
		const data = JSON.parse(document.getElementById('data').textContent);
		const charts = soakCharts(document.querySelector('.lead'), data);
		document.querySelectorAll('.lead .uplot').forEach((drawn) => drawn.remove());
		for (const g of data.gauges) g.points.values = g.points.values.map((v) => 2 * v);
		charts.update(data);
	})(), true`)
	want(b, `document.querySelector('.lead canvas').toDataURL() !== before`, true)
	want(b, blank, 0)
	b.quiet(file)
}
