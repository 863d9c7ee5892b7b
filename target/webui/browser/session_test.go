package browser_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"hermes-soak/target/webui"
)

const (
	currentRow = `document.querySelector('#list [aria-current="page"] .title')?.textContent ?? ''`
	dialogOpen = `document.getElementById('confirm').open`
)

func TestListOpenNewDelete(t *testing.T) {
	s := start(t, webui.Config{})
	b := open(t, s.url, 1280, "")
	want(b, text("shown"), "550 sessions")
	want(b, "document.title", "Hermes")
	want(b, "document.querySelector('#list li').ariaSetSize", "550")

	first := js[string](b, "document.querySelector('#list .title').textContent")
	b.click("#list a")
	want(b, text("session-title"), first)
	want(b, currentRow, first)
	want(b, `document.getElementById('messages').childElementCount > 1`, true)
	want(b, `document.querySelector('#messages h3 .role').textContent`, "You")
	b.shoot("open")
	b.prefer("prefers-color-scheme", "dark")
	b.shoot("open-dark")
	b.run(chromedp.Reload())
	want(b, text("session-title"), first) // its address is in the URL

	b.click("#new")
	want(b, text("session-title"), "New session")
	want(b, text("session-note"), "No messages yet.")
	want(b, focused, "session-title")
	want(b, text("shown"), "551 sessions")
	b.shoot("new")
	b.run(chromedp.NavigateBack())
	want(b, text("session-title"), first)
	b.run(chromedp.NavigateForward())
	want(b, text("session-title"), "New session")

	b.click("#delete")
	want(b, dialogOpen, true)
	want(b, focused, "Cancel")
	b.shoot("delete-dark")
	b.press(kb.Escape)
	want(b, dialogOpen, false)
	want(b, focused, "delete")
	want(b, text("shown"), "551 sessions")
	b.press(kb.Enter)
	want(b, dialogOpen, true)
	b.press(kb.Tab, kb.Enter)
	want(b, text("shown"), "550 sessions")
	want(b, text("toast"), "Session deleted.")
	want(b, "location.hash", "")
	want(b, `document.getElementById('welcome').hidden`, false)
	want(b, `document.activeElement.closest('#list') !== null`, true)
	if n := len(s.ids()); n != 550 {
		t.Errorf("the server has %d sessions, want 550", n)
	}
	want(b, "document.title", "Hermes")
}

// A question that was answered with Escape is over, also when its dialog says so only after the next one was answered.
func TestDeleteOnce(t *testing.T) {
	s := start(t, webui.Config{Sessions: 11})
	b := open(t, s.url, 1280, "")
	want(b, text("shown"), "11 sessions")
	b.click("#list a")
	want(b, `document.getElementById('delete').checkVisibility()`, true)
	js[bool](b, `(() => { const [ask, dialog] = [document.getElementById('delete'), document.getElementById('confirm')];
		ask.click(); dialog.close(); ask.click(); dialog.querySelector('[value=delete]').click(); return true })()`)
	want(b, text("shown"), "10 sessions")
	time.Sleep(500 * time.Millisecond) // for a second one to show
	want(b, asked("/api/session/delete"), 1)
}

// The list is one tab stop, with the arrows inside; and everything else is reached by Tab, in the order of the page.
func TestKeyboard(t *testing.T) {
	s := start(t, webui.Config{})
	b := open(t, s.url, 1280, "")
	want(b, text("shown"), "550 sessions")
	for _, stop := range []string{"new", "query"} {
		b.press(kb.Tab)
		want(b, focused, stop)
	}
	b.press(kb.Tab)
	want(b, "document.activeElement.type", "radio")
	b.press(kb.Tab)
	place := `Number(document.activeElement.closest('#list li')?.ariaPosInSet)`
	for _, c := range []struct {
		key  string
		want int
	}{{"", 1}, {kb.ArrowDown, 2}, {kb.ArrowDown, 3}, {kb.ArrowUp, 2}, {kb.End, 550}, {kb.ArrowDown, 550}, {kb.Home, 1}, {kb.ArrowUp, 1}, {kb.End, 550}} {
		if c.key != "" {
			b.press(c.key)
		}
		want(b, place, c.want)
		want(b, `(() => { const row = document.activeElement.getBoundingClientRect(), box = document.getElementById('scroller').getBoundingClientRect();
			return row.top >= box.top - 1 && row.bottom <= box.bottom + 1 })()`, true)
		want(b, `getComputedStyle(document.activeElement).outlineStyle`, "solid")
	}
	title := js[string](b, `document.activeElement.querySelector('.title').textContent`)
	b.press(kb.Enter)
	want(b, text("session-title"), title)
	want(b, place, 550) // the focus stays in the list
	// Rows that come and go above it take neither the focus nor the tab stop away.
	s.add()
	want(b, text("shown"), "551 sessions")
	want(b, place, 551)
	b.press(kb.Tab)
	want(b, focused, "delete")
}

func TestFilter(t *testing.T) {
	s := start(t, webui.Config{})
	b := open(t, s.url, 1280, "")
	want(b, text("shown"), "550 sessions")
	b.run(chromedp.SendKeys(chromedp.CSS("#query"), "LANDLORD"))
	want(b, text("shown"), "78 of 550 sessions")
	want(b, text("toast"), "78 of 550 sessions")
	want(b, `[...document.querySelectorAll('#list .title')].every((title) => title.textContent.includes('landlord'))`, true)
	b.click("#projects label:nth-of-type(3)")
	want(b, `[...document.querySelectorAll('#list .project')].every((project) => project.textContent === 'Research')`, true)
	b.run(chromedp.SendKeys(chromedp.CSS("#query"), " of nothing"))
	want(b, text("nothing"), "No session matches.")
	b.shoot("no-match")
	b.press(kb.Escape)
	want(b, text("shown"), "138 of 550 sessions")
	b.click("#new") // it belongs to the project that is chosen
	want(b, text("shown"), "139 of 551 sessions")
	want(b, `document.querySelector('#list .project').textContent`, "Research")
}

// What comes from the server is text, whatever it looks like.
func TestTextStaysText(t *testing.T) {
	s := start(t, webui.Config{Sessions: 1})
	evil := `<img src=x onerror="document.title='owned'"><b>bold</b> ` + "\u202e" + `&amp;`
	s.call(http.MethodPost, "/api/session/new", map[string]string{"title": evil}, nil)
	b := open(t, s.url, 1280, "")
	want(b, text("shown"), "2 sessions")
	want(b, `document.querySelector('#list .title').textContent`, evil)
	b.click("#list a")
	want(b, text("session-title"), evil)
	b.click("#delete")
	want(b, dialogOpen, true)
	want(b, `document.querySelectorAll('#list b, #list img, article img, dialog img').length`, 0)
	want(b, "document.title", "Hermes")
}
