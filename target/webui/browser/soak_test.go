package browser_test

import (
	"fmt"
	"testing"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
	"hermes-soak/target/webui"
)

// TestSoaked: the console stays empty before, while and after the server is
// soaked, and the page is still in touch with it.
func TestSoaked(t *testing.T) {
	s := start(t, webui.Config{Sessions: 550})
	b := open(t, s.url, 1280, "")
	want(b, "document.title", "Hermes")
	want(b, text("link"), "Live")
	b.quiet()
	var probes []soak.Probe
	for _, path := range []string{"/api/sessions", "/api/projects"} {
		p, err := soak.NewProbe(path)
		if err != nil {
			t.Fatal(err)
		}
		probes = append(probes, p)
	}
	d, err := load.New(load.Config{BaseURL: s.url, Probes: probes, Concurrency: 4, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	polls := js[int](b, asked("/api/sessions"))
	for i, until := 0, time.Now().Add(7*time.Second); time.Now().Before(until); i++ {
		out, err := d.Send(t.Context(), soak.Wave{Kind: soak.WaveLoad, Probe: i % 2, Requests: 40})
		if err != nil || out.Errors() > 0 {
			t.Fatalf("%+v %v", out.Answers, err)
		}
	}
	b.quiet()
	want(b, asked("/api/sessions")+fmt.Sprintf(" > %d", polls), true)
	s.add()
	want(b, text("shown"), "551 sessions")
	want(b, text("link"), "Live")
	want(b, "document.title", "Hermes")
	b.shoot("soaked")
}
