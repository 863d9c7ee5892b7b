package live

import (
	"bytes"
	"crypto/rand"
	_ "embed" // the page and its script
	"fmt"
	"html/template"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"time"

	"hermes-soak/reports"
	"hermes-soak/soak"
)

const (
	mostConns   = 64 // connections at once; one more is closed
	mostStreams = 16 // pages at once
	// quiet is how long a connection may ask for nothing: it keeps others out.
	quiet = 2 * time.Second
)

var (
	//go:embed page.html
	pageTemplate string
	//go:embed live.js
	liveScript string
)

// script is in a block of its own: the page of the report, which takes the place of this
// one, declares the same names.
func script() string { return "{\n" + reports.ChartScript() + "\n" + liveScript + "}\n" }

// policy lets in the parts of this page, of the report, and the stream.
func policy() string {
	return fmt.Sprintf("default-src 'none'; script-src '%s' '%s'; style-src '%s'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		reports.Digest(script()), reports.Digest(reports.PageScript()), reports.Digest(reports.PageStyle()))
}

// newKey is a name that nobody else gives a stream.
func newKey() string { return rand.Text() }

func (p *Page) newServer() *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.page)
	mux.HandleFunc("GET /events/"+p.key, p.events)
	return &http.Server{
		Handler:           p.admit(mux),
		ReadHeaderTimeout: quiet, IdleTimeout: quiet, MaxHeaderBytes: 16 << 10,
		ErrorLog: log.New(io.Discard, "", 0), // the screen is the run's
		ConnState: func(c net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				if p.conns.Add(1) > mostConns {
					_ = c.Close()
				}
			case http.StateClosed, http.StateHijacked:
				p.conns.Add(-1)
			}
		},
	}
}

// admit turns away what does not come from this page or a person: a page elsewhere can
// have its own name stand for 127.0.0.1, but it cannot change the Host header.
func (p *Page) admit(next http.Handler) http.Handler {
	policy := policy()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
		switch {
		case !p.own(r.Host):
			http.Error(w, "this page answers to loopback hosts only", http.StatusMisdirectedRequest)
		case origin != "" && origin != "http://"+r.Host, (site == "cross-site" || site == "same-site") && r.Header.Get("Sec-Fetch-Mode") != "navigate":
			http.Error(w, "this page answers to no other page", http.StatusForbidden)
		case r.ContentLength != 0:
			http.Error(w, "nothing is sent to this page", http.StatusRequestEntityTooLarge)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// own tells whether a Host header names this machine by a name that nobody else has, and
// our port.
func (p *Page) own(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, "80"
	}
	if _, ours, _ := net.SplitHostPort(p.listener.Addr().String()); port != ours {
		return false
	}
	ip, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && ip.IsLoopback()
}

// page answers with the page, or with the report once there is one.
func (p *Page) page(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	content := p.report
	p.mu.Unlock()
	if content == nil {
		var b bytes.Buffer
		history := ""
		if p.history != "" {
			history = "--history " + soak.Quoted(p.history) + " "
		}
		t, err := template.New("page").Parse(pageTemplate)
		if err == nil {
			err = t.Execute(&b, map[string]any{"Style": template.CSS(reports.PageStyle()), "Script": template.JS(script()), "Key": p.key, "History": history})
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		content = b.Bytes()
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(p.patience))
	_, _ = w.Write(content) // who has gone away needs no answer
}

// events is the stream of one page: the newest frame, and each newer one when the one
// before is written. A page that does not read for so long is dropped; its browser comes
// again.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	if !p.enter() {
		http.Error(w, fmt.Sprintf("this run has %d pages already", mostStreams), http.StatusServiceUnavailable)
		return
	}
	defer p.leave()
	w.Header().Set("Content-Type", "text/event-stream")
	out, seen := http.NewResponseController(w), -1
	for {
		p.mu.Lock()
		f, changed := p.newest, p.changed
		p.mu.Unlock()
		if f.number > seen {
			seen = f.number
			_ = out.SetWriteDeadline(time.Now().Add(p.patience))
			if f.write(w) != nil || out.Flush() != nil || f.last {
				return
			}
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

// write writes the frame as a server-sent event; there is none in the first.
func (f frame) write(w io.Writer) error {
	if f.number == 0 {
		_, err := io.WriteString(w, "retry: 1000\n\n")
		return err
	}
	for _, part := range [][]byte{[]byte("event: " + f.event + "\ndata: "), f.data, []byte("\n\n")} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// enter counts a page in, where there is room, and has it drawn.
func (p *Page) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.streams == mostStreams {
		return false
	}
	p.streams++
	p.stir()
	return true
}

func (p *Page) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.streams--; p.streams == 0 && p.parted != nil {
		close(p.parted)
		p.parted = nil
	}
}
