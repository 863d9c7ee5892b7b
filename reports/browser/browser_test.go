package browser_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a test waits for the page to come to what it should be.
const patience = 60 * time.Second

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

// A tab is a browser with one page, and all that its console said and that it asked for.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	faults   []string
	requests []string
}

func open(t *testing.T) *tab {
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
		if err := chromedp.Cancel(b.ctx); err != nil {
			t.Errorf("ending the browser: %v", err)
		}
	})
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return b
}

// listen notes what the page asks for, and whatever a console would show in red or yellow.
func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, "data:") {
			b.requests = append(b.requests, u)
		}
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, fmt.Sprintf("exception: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		said := fmt.Sprintf("console.%s:", e.Type)
		for _, arg := range e.Args {
			said += " " + string(arg.Value) + arg.Description
		}
		b.faults = append(b.faults, said)
	case *log.EventEntryAdded:
		b.faults = append(b.faults, fmt.Sprintf("%s %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL))
	}
}

// load shows a file at a width in CSS pixels and in a colour scheme.
func (b *tab) load(file string, width int64, scheme string) {
	b.t.Helper()
	b.visit((&url.URL{Scheme: "file", Path: file}).String(), width, scheme)
}

func (b *tab) visit(address string, width int64, scheme string) {
	b.t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		b.t.Fatal(err)
	}
	b.run(chromedp.EmulateViewport(width, 1000), chromedp.Navigate(address))
	want(b, `document.readyState`, "complete")
}

// quiet wants nothing in the console so far, and no request but that for the file.
func (b *tab) quiet(file string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		b.t.Errorf("in the console: %s", fault)
	}
	for _, u := range b.requests {
		if !strings.HasSuffix(u, file) {
			b.t.Errorf("the page asked for %s", u)
		}
	}
	if len(b.requests) == 0 {
		b.t.Error("no request was seen at all, not even that for the file")
	}
	b.faults, b.requests = nil, nil
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
		b.t.Fatalf("%.300s: %v", expression, err)
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

// shoot saves what is to be seen in the folder HERMES_SOAK_SHOTS, for a person to look at.
func (b *tab) shoot(name string, whole bool) {
	b.t.Helper()
	folder := os.Getenv("HERMES_SOAK_SHOTS")
	if folder == "" {
		return
	}
	take := chromedp.CaptureScreenshot()
	if whole {
		take = chromedp.FullScreenshot(100)
	}
	png, err := chromedp.Run(b.ctx, take)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
