package ladder

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"hermes-soak/soak"
)

// TestTCP: of a server that speaks no HTTP only the connection is asked for, and
// it is sent nothing.
func TestTCP(t *testing.T) {
	const foot = "pid 22468 alive, ADDR in LISTEN, "
	for name, tc := range map[string]struct {
		shut     bool
		queue    []int64 // at the looks one after the other; the last one stays
		state    soak.State
		evidence string
	}{
		"takes connections": {false, []int64{0}, soak.StateUp, "accepts connections, and is sent nothing"},
		"takes them late":   {false, []int64{3, 3, 1, 0}, soak.StateUp, "accepts connections, and is sent nothing"},
		"hangs":             {false, []int64{2, 1, 2}, soak.StateWedgedHang, "2 connections wait to be accepted, and never none within " + patience.String()},
		"is not there":      {true, []int64{0}, soak.StateRefused, "connection to ADDR: refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := gone(t)
			if !tc.shut {
				s = serve(t, func(p *peer) { t.Errorf("it was asked for %q", p.path) })
			}
			s.url = "tcp://" + s.addr
			cfg := config(s)
			var looks atomic.Int64
			cfg.Queue = func(context.Context) (int64, bool) {
				return tc.queue[min(int(looks.Add(1)), len(tc.queue))-1], true
			}
			l := climbed(t, s, cfg, tc.state, string(tc.state)+": "+foot+tc.evidence)
			if len(l.Rungs) != 3 || l.Rungs[2].Name != "connect" || l.Rungs[2].OK != (tc.state == soak.StateUp) {
				t.Errorf("rungs %+v", l.Rungs)
			}
		})
	}
}

func TestTCPOfAnother(t *testing.T) {
	s := serve(t, func(*peer) {})
	s.url = "tcp://" + s.addr
	cfg := config(s)
	cfg.Listening = func(context.Context) (string, bool, bool) { return "pid 9 listens", false, true }
	cfg.Queue = nil
	climbed(t, s, cfg, soak.StateRestarted, "restarted: pid 22468 alive, pid 9 listens, accepts connections, and is sent nothing, another process listens")
	cfg.Queue = func(context.Context) (int64, bool) { return 1, true }
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("no time"))
	if l := climber(t, cfg).Climb(ctx, "start"); l.State != "" || !strings.HasSuffix(l.Evidence, ", no time") {
		t.Errorf("cut short: %+v", l)
	}
	cfg.BaseURL = "tcp://192.0.2.1:1"
	if l := climber(t, cfg).Climb(context.Background(), "start"); l.State != "" || !strings.Contains(l.Evidence, "not a loopback address") {
		t.Errorf("far away: %+v", l)
	}
}

// TestOtherProtocol: what begins no HTTP answer has a hint; what hangs up has it
// when we come, and later it is the server that has changed.
func TestOtherProtocol(t *testing.T) {
	for how, tc := range map[string]struct{ start, later bool }{"raw": {true, true}, "close": {true, false}, "reset": {}, "200 ok": {}} {
		s := pages(t, map[string]string{"/health": how, "/health?deep=1": how, "/api/sessions": how})
		c := climber(t, config(s))
		for when, want := range map[string]bool{soak.ClimbStart: tc.start, soak.ClimbFailure: tc.later} {
			if l := c.Climb(context.Background(), when); strings.Contains(l.Evidence, "if it speaks no HTTP: --url tcp://"+s.addr) != want {
				t.Errorf("%s at %s: %s", how, when, l.Evidence)
			}
		}
	}
}
