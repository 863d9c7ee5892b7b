package browser_test

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"hermes-soak/target/webui"
)

// At 320 px nothing is cut off at the side, and the list is a panel behind a button.
func TestNarrow(t *testing.T) {
	s := start(t, webui.Config{})
	b := open(t, s.url, 320, "")
	fits := `document.documentElement.scrollWidth <= innerWidth &&
		[...document.querySelectorAll('main, nav, header')].every((part) => part.scrollWidth <= part.clientWidth)`
	panel := `document.getElementById('sidebar').checkVisibility({ visibilityProperty: true })`
	expanded := `document.getElementById('panel-button').ariaExpanded`
	want(b, text("shown"), "550 sessions")
	want(b, panel, true) // the list comes first where no session is open
	want(b, expanded, "true")
	want(b, fits, true)
	b.shoot("narrow-list")
	first := js[string](b, "document.querySelector('#list .title').textContent")
	b.click("#list a")
	want(b, panel, false)
	want(b, expanded, "false")
	want(b, text("session-title"), first)
	want(b, focused, "session-title")
	want(b, `document.getElementById('conversation').inert`, false)
	want(b, fits, true)
	want(b, `document.querySelector('.link').offsetTop < document.querySelector('h1').offsetHeight / 2`, true) // one line
	b.shoot("narrow-open")
	b.click("#panel-button")
	want(b, panel, true)
	want(b, focused, "query")
	want(b, `document.getElementById('conversation').inert`, true)
	b.press(kb.Escape)
	want(b, panel, false)
	want(b, focused, "panel-button")
	b.setOutage(true)
	s.stop()
	want(b, text("link"), "Lost")
	want(b, fits, true)
	b.shoot("narrow-lost")
}

func TestDarkAndLight(t *testing.T) {
	s := start(t, webui.Config{Sessions: 11})
	b := open(t, s.url, 1280, "")
	brightness := func(property string) string {
		return `(() => { const [r, g, b] = getComputedStyle(document.body).` + property + `.match(/\d+/g).map(Number); return (r + g + b) / 3 > 127 })()`
	}
	for _, scheme := range []string{"light", "dark"} {
		b.prefer("prefers-color-scheme", scheme)
		want(b, brightness("backgroundColor"), scheme == "light")
		want(b, brightness("color"), scheme == "dark")
	}
	b.prefer("prefers-reduced-motion", "reduce")
	want(b, `[...document.querySelectorAll('*')].every((e) => getComputedStyle(e).transitionDuration === '0s' && getComputedStyle(e).animationName === 'none')`, true)
}

// axe-core finds nothing serious in any state of the page, in both schemes.
func TestAccessibility(t *testing.T) {
	path := os.Getenv("HERMES_SOAK_AXE")
	if path == "" {
		skip(t, "HERMES_SOAK_AXE does not name an axe.min.js")
	}
	axe, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, webui.Config{})
	b := open(t, s.url, 1280, "")
	audit := func(state string) {
		t.Helper()
		for _, scheme := range []string{"light", "dark"} {
			b.prefer("prefers-color-scheme", scheme)
			found := js[[]string](b, string(axe)+`; axe.run().then((result) => result.violations.map((v) => v.impact + ' ' + v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 120) + ' ' + n.failureSummary).join(' | ')))`)
			for _, violation := range found {
				report := t.Logf
				if strings.HasPrefix(violation, "serious") || strings.HasPrefix(violation, "critical") {
					report = t.Errorf
				}
				report("%s, %s: %s", state, scheme, violation)
			}
		}
	}
	want(b, text("link"), "Live")
	audit("the list")
	b.click("#list a")
	want(b, `document.getElementById('messages').childElementCount > 1`, true)
	audit("a session")
	b.click("#projects label:nth-of-type(2)")
	b.click("#delete")
	want(b, dialogOpen, true)
	audit("the dialog")
	b.press(kb.Escape)
	b.setOutage(true)
	s.stop()
	want(b, text("link"), "Lost")
	b.click("#new")
	want(b, text("toast")+`.startsWith('The session could not be made')`, true)
	audit("the server lost")

	narrow := start(t, webui.Config{})
	b = open(t, narrow.url, 320, "")
	want(b, text("link"), "Live")
	audit("a narrow screen")

	locked := start(t, webui.Config{Sessions: 1, Password: "p"})
	b = open(t, locked.url, 1280, "")
	want(b, focused, "password")
	audit("the login")
	b.pardon("status of 401")
}
