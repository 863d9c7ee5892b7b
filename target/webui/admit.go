package webui

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// maxBody is how many bytes of body a request may announce. A route that reads none leaves it to net/http.
const maxBody = 64 << 10

// admit counts a request, puts the security headers on its answer, and turns away what must not reach a route. A panic
// in a route is caught by net/http, which cuts that connection and serves on.
func (s *Server) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		s.lastRequest.Store(time.Now().UnixMilli())
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if !loopbackHost(r.Host) {
			// A page elsewhere can point its own name at 127.0.0.1 and read us from a browser; it cannot change the Host header.
			answerError(w, http.StatusMisdirectedRequest, "this server answers to loopback hosts only, not to "+strconv.Quote(r.Host))
			return
		}
		if r.ContentLength < 0 || r.ContentLength > maxBody {
			h.Set("Connection", "close")
			answerError(w, http.StatusRequestEntityTooLarge, "request body too large or of unknown length")
			return
		}
		if s.limit.mode == exhaustedReset && s.limit.reached() {
			reset(w)
			return
		}
		if s.starving.hungry() {
			s.starving.wait(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// loopbackHost tells whether a Host header names this machine: localhost, 127.0.0.0/8 or [::1], with or without a port.
func loopbackHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	} else if h, ok := strings.CutPrefix(host, "["); ok {
		host = strings.TrimSuffix(h, "]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
