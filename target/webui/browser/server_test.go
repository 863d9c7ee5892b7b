package browser_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"hermes-soak/target/webui"
)

// asked counts the requests that the page has made to a path so far, as an expression.
func asked(path string) string {
	return `performance.getEntriesByType('resource').filter((entry) => new URL(entry.name).pathname === '` + path + `').length`
}

func TestStreamRefreshesTheList(t *testing.T) {
	s := start(t, webui.Config{Sessions: 11})
	b := open(t, s.url, 1280, "")
	want(b, text("link"), "Live")
	want(b, text("shown"), "11 sessions")
	id, sessions := "", 11
	for quick := false; !quick; { // on a busy machine a poll may come first by chance
		polls := js[int](b, asked("/api/projects"))
		want(b, fmt.Sprintf("%s > %d", asked("/api/projects"), polls), true) // a poll has just ended: the next is 5 s away
		begun := time.Now()
		id = s.add()
		sessions++
		want(b, text("shown"), fmt.Sprintf("%d sessions", sessions))
		if took := time.Since(begun); took <= 3*time.Second {
			quick = true
		} else if sessions == 15 {
			t.Fatalf("the list was refreshed after %v: by a poll and not by the stream", took)
		}
	}
	b.click("#list a")
	want(b, text("session-title"), "New session")
	s.remove(id)
	want(b, text("session-note"), "This session is no longer in the list; it was deleted elsewhere.")
	want(b, text("shown"), fmt.Sprintf("%d sessions", sessions-1))
	want(b, `document.getElementById('delete').hidden`, true)
}

func TestServerLostAndBack(t *testing.T) {
	s := start(t, webui.Config{Sessions: 40})
	b := open(t, s.url, 1280, "")
	want(b, text("link"), "Live")
	b.click("#list a")
	want(b, `document.getElementById('messages').childElementCount > 1`, true)
	b.quiet()
	b.setOutage(true)
	s.stop()
	want(b, text("link"), "Lost")
	want(b, text("lost-text")+`.startsWith('Lost the server. Trying again… Last answer at ')`, true)
	want(b, `document.getElementById('try-now').checkVisibility()`, true)
	want(b, text("shown"), "40 sessions") // what came last stays readable
	b.shoot("lost")
	b.click("#new")
	want(b, text("toast"), "The session could not be made: no connection.")
	b.shoot("lost-refused")
	// It asks less and less often: 1, 2 and 4 seconds after each other.
	before := js[int](b, asked("/api/sessions"))
	time.Sleep(8 * time.Second)
	if more := js[int](b, asked("/api/sessions")) - before; more < 1 || more > 4 {
		t.Errorf("%d polls in 8 s of an outage, want 1 to 4", more)
	}
	s.start()
	want(b, text("link"), "Live")
	want(b, text("lost-text"), "")
	want(b, text("toast"), "The server is back.")
	b.setOutage(false)
	s.add()
	want(b, text("shown"), "41 sessions")
	want(b, `document.getElementById('try-now').checkVisibility()`, false)
}

// An empty list is shown as what it is, also when there was a list before.
func TestEmptyList(t *testing.T) {
	s := start(t, webui.Config{Sessions: 2})
	b := open(t, s.url, 1280, "")
	want(b, text("shown"), "2 sessions")
	for _, id := range s.ids() {
		s.remove(id)
	}
	want(b, text("nothing"), "The server now answers with an empty list. It had sessions before.")
	want(b, text("toast"), "The server now answers with an empty list. It had sessions before.")
	want(b, text("shown"), "0 sessions")
	want(b, `document.getElementById('list').childElementCount`, 0)
	b.shoot("empty")
	s.add()
	want(b, text("shown"), "1 session")
	want(b, `document.getElementById('nothing').hidden`, true)
}

func TestPassword(t *testing.T) {
	s := start(t, webui.Config{Sessions: 11, Password: "open sesame"})
	b := open(t, s.url, 1280, "")
	want(b, focused, "password")
	want(b, `document.getElementById('sidebar').checkVisibility()`, false)
	b.shoot("locked")
	b.run(chromedp.SendKeys(chromedp.CSS("#password"), "sesame"))
	b.press(kb.Enter)
	want(b, text("login-note"), "That is not the password.")
	b.shoot("locked-wrong")
	b.press("open sesame", kb.Enter) // the wrong one is selected, to be typed over
	want(b, text("shown"), "11 sessions")
	want(b, `document.getElementById('locked').checkVisibility()`, false)
	want(b, text("link"), "Live")
	// The browser reports every 401 by itself: that of the first poll and that of the wrong password.
	b.pardon("status of 401")
}

// A tab in the background costs the server nothing. Chromium has no background without a window, so it is told one.
func TestHiddenTabIsQuiet(t *testing.T) {
	s := start(t, webui.Config{Sessions: 11})
	b := open(t, s.url, 1280, "")
	want(b, text("link"), "Live")
	hide := func(hidden string) {
		js[bool](b, `Object.defineProperty(document, 'hidden', { value: `+hidden+`, configurable: true }) && document.dispatchEvent(new Event('visibilitychange'))`)
	}
	hide("true")
	var health struct {
		Streams int `json:"active_streams"`
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if s.call("GET", "/health", nil, &health); health.Streams == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d streams are open for a hidden tab", health.Streams)
		}
	}
	before := js[int](b, asked("/api/sessions"))
	s.add()
	time.Sleep(7 * time.Second)
	if now := js[int](b, asked("/api/sessions")); now != before {
		t.Errorf("a hidden tab has polled %d times", now-before)
	}
	hide("false")
	want(b, text("shown"), "12 sessions")
	want(b, text("link"), "Live")
}
