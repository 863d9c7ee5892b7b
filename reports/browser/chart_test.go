package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// painted(chart, name, column) are the pixels of a chart that have the colour of a name of the style; column says that
// only those about the last x count.
const painted = `(() => { globalThis.painted = (chart, name, column) => {
	const probe = document.createElement('span');
	probe.style.color = 'var(' + name + ')';
	document.body.append(probe);
	const wanted = getComputedStyle(probe).color.match(/\d+/g).map(Number);
	probe.remove();
	const canvas = chart.querySelector('canvas'), over = chart.querySelector('.u-over');
	const right = (over.offsetLeft + over.offsetWidth) * canvas.width / canvas.clientWidth;
	const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
	copy.drawImage(canvas, 0, 0);
	const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
	const found = [];
	for (let i = 0; i < data.length; i += 4) {
		const x = i / 4 % canvas.width;
		if (column && Math.abs(x - right) > 8) continue;
		if (data[i + 3] > 100 && wanted.every((c, k) => Math.abs(c - data[i + k]) < 14)) found.push({ x, y: Math.floor(i / 4 / canvas.width) });
	}
	return found;
} })(), true`

// TestLastSamples: what was sampled after the last request is drawn, where a chart has no forecast beyond it too, over
// both axes, and closer.
func TestLastSamples(t *testing.T) {
	file := page(t, run(t, 60, false, ""))
	b := open(t)
	b.load(file, 1200, "light")
	js[bool](b, painted)
	all := func(state string) {
		t.Helper()
		t.Log(state)
		want(b, blank, 0)
		want(b, visible+`.filter((c) => c.dataset.gauge && painted(c, '--drain').length > 20).length === `+visible+`.filter((c) => c.dataset.gauge).length`, true)
		want(b, visible+`.filter((c) => c.dataset.gauge && painted(c, '--drain', true).length < 8).length`, 0)
	}
	all("requests")
	js[bool](b, `document.querySelector('.lead .chart').focus(), true`)
	b.run(chromedp.KeyEvent(kb.End), chromedp.KeyEvent("+"), chromedp.KeyEvent("+"))
	all("closer")
	js[bool](b, `document.querySelector('[value=seconds]').click(), true`)
	all("time")
	b.quiet(file)
}

// TestKeys: the keys look closer and farther, and go with the cursor.
func TestKeys(t *testing.T) {
	file := page(t, run(t, 60, true, ""))
	b := open(t)
	b.load(file, 1200, "light")
	want(b, blank, 0)
	js[bool](b, `document.querySelector('.lead .chart').focus(), globalThis.whole = document.querySelector('.lead canvas').toDataURL(), true`)
	is := `document.querySelector('.lead canvas').toDataURL() === whole`
	readout := `document.querySelector('.lead .readout').textContent`
	b.run(chromedp.KeyEvent("+"), chromedp.KeyEvent("+"))
	want(b, is, false)
	b.run(chromedp.KeyEvent(kb.Home))
	want(b, readout+`.startsWith('at request 0: ')`, true)
	b.run(chromedp.KeyEvent("-"), chromedp.KeyEvent("-"), chromedp.KeyEvent("-"), chromedp.KeyEvent("-"))
	want(b, is, true)
	b.run(chromedp.KeyEvent(kb.End), chromedp.KeyEvent("+"))
	want(b, is, false)
	b.run(chromedp.KeyEvent("0"))
	want(b, is, true)
	b.quiet(file)
}

// TestForecastUpToTheLimit: the forecast goes on to the limit where that is asked for, and looks like nothing else.
func TestForecastUpToTheLimit(t *testing.T) {
	r := run(t, 60, true, "")
	b := open(t)
	b.load(page(t, r), 1200, "light")
	want(b, blank, 0)
	js[bool](b, painted)
	fds := `document.querySelector('[data-gauge=fds]')`
	if n := js[int](b, `painted(`+fds+`, '--limit').length`); n != 0 {
		t.Errorf("%d pixels are of a limit that is far above", n)
	}
	js[bool](b, `document.querySelector('[name=limit]').click(), true`)
	want(b, `painted(`+fds+`, '--limit').length > 100`, true)
	want(b, `(() => {
		const low = Math.max(...painted(`+fds+`, '--limit').map(({ y }) => y));
		return painted(`+fds+`, '--forecast').some(({ y }) => y < low - 5);
	})()`, true)
}
