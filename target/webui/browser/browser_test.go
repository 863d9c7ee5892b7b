package browser_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a test waits for the page to come to what it should be.
const patience = time.Minute

// strict makes a missing browser or a missing axe-core a failure: in CI a skip would go unseen.
var strict = os.Getenv("HERMES_SOAK_TEST_STRICT") == "1"

// skip leaves out what cannot be done here, but not in CI.
func skip(t *testing.T, why string) {
	t.Helper()
	if strict {
		t.Fatal(why + ", and HERMES_SOAK_TEST_STRICT is 1")
	}
	t.Skip(why)
}

// findChromium returns the browser of this machine. Chrome goes first: where it is, chromium may be a stub that wants snap.
func findChromium() string {
	for _, name := range []string{"google-chrome", "google-chrome-stable", "chrome", "chromium", "chromium-browser"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// A tab is one page in a browser of its own, and everything that its console said.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	outage bool
	faults []string
}

// open starts a browser at a width in CSS pixels; before runs in the page before its own scripts.
func open(t *testing.T, url string, width int64, before string) *tab {
	t.Helper()
	chromium := findChromium()
	if chromium == "" {
		skip(t, "there is no Chromium")
	}
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(chromium), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.UserDataDir(t.TempDir()),
	}
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync"} {
		flags = append(flags, chromedp.Flag(name, true))
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), flags...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	// This starts the browser, which would end with a deadline that is on the context here.
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			b.shoot("failed-" + t.Name())
		}
		b.quiet()
		if err := chromedp.Cancel(b.ctx); err != nil {
			t.Errorf("ending the browser: %v", err)
		}
	})
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: before}); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.EmulateViewport(width, 800), chromedp.Navigate(url))
	return b
}

// listen notes whatever a console would show in red or yellow. While the server is down the browser itself reports the
// requests that it lost, and no page can keep it from that.
func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, fmt.Sprintf("exception: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			said := fmt.Sprintf("console.%s:", e.Type)
			for _, arg := range e.Args {
				said += " " + string(arg.Value) + arg.Description
			}
			b.faults = append(b.faults, said)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError && e.Entry.Level != log.EntryLevelWarning {
			return
		}
		if b.outage && e.Entry.Source == log.EntrySourceNetwork && strings.Contains(e.Entry.Text, "net::ERR_") {
			return
		}
		b.faults = append(b.faults, fmt.Sprintf("%s %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL))
	}
}

// quiet wants nothing in the console so far.
func (b *tab) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		b.t.Errorf("in the console: %s", fault)
	}
	b.faults = nil
}

// pardon forgets one kind of fault that the test has provoked, and wants it to be there.
func (b *tab) pardon(text string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var left []string
	for _, fault := range b.faults {
		if !strings.Contains(fault, text) {
			left = append(left, fault)
		}
	}
	if len(left) == len(b.faults) {
		b.t.Errorf("the console did not say %q", text)
	}
	b.faults = left
}

func (b *tab) setOutage(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.outage = on
}

func (b *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// js evaluates an expression in the page; a promise is awaited.
func js[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// want waits until an expression gives the wanted value.
func want[T comparable](b *tab, expression string, value T) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		got := js[T](b, expression)
		if got == value {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%s is %v, want %v", expression, got, value)
		}
		time.Sleep(30 * time.Millisecond)
	}
}

// text is what an element says, as an expression.
func text(id string) string { return fmt.Sprintf("document.getElementById(%q).textContent", id) }

// focused names the element that has the focus, as an expression.
const focused = "document.activeElement.id || document.activeElement.textContent.trim() || document.activeElement.tagName"

func (b *tab) click(selector string) {
	b.t.Helper()
	b.run(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// press sends keys to whatever has the focus.
func (b *tab) press(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		b.run(chromedp.KeyEvent(key))
	}
}

func (b *tab) prefer(feature, value string) {
	b.t.Helper()
	features := []*emulation.MediaFeature{{Name: feature, Value: value}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		b.t.Fatal(err)
	}
}

// shoot saves what is to be seen in the folder HERMES_SOAK_SHOTS, for a person to look at.
func (b *tab) shoot(name string) {
	b.t.Helper()
	folder := os.Getenv("HERMES_SOAK_SHOTS")
	if folder == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, strings.ReplaceAll(name, "/", "-")+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
