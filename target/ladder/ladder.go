// Package ladder climbs the health ladder of a server: from the process, over
// its port, to a page that a user would see. Its states are words of package
// soak.
package ladder

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
)

// Config says where a server is and which rungs its ladder has. A nil function
// or an empty path is a rung that is not asked.
type Config struct {
	// BaseURL is the server's address as load.ParseAddress reads it. To one that
	// speaks no HTTP no request is sent, and only the rungs up to the connection are
	// climbed.
	BaseURL string
	// Health and DeepHealth are paths that a healthy server answers with 2xx.
	// One that the server does not have (404 or 405) says nothing about it.
	Health, DeepHealth string
	// Session is a page that a healthy server answers as it expects; where it
	// expects nothing by itself, with 2xx and a body. Without a path it is not asked.
	Session soak.Probe
	// Timeout bounds one request, from the dialing to the last byte.
	Timeout time.Duration
	// AllowRemote names the hosts that may be reached at addresses which are not
	// loopback.
	AllowRemote []string
	// Access is what lets the requests in.
	Access load.Access

	// Process says in words what became of the process, such as "pid 22468
	// alive", and whether it is up, died (a zombie too) or restarted; the state is
	// empty where this cannot be read.
	Process func(ctx context.Context) (detail string, state soak.State)
	// Supervisor says in words what keeps the process running, such as "unit
	// hermes-webui.service active (running)", and whether it says that all is well;
	// known is false where it did not answer, and the words then say why. It may
	// say so of a server that is wedged, and never sets a state.
	Supervisor func(ctx context.Context) (detail string, ok, known bool)
	// Listening says in words whether the process or a descendant listens, such
	// as "127.0.0.1:8787 in LISTEN"; known is false where this cannot be read, and
	// the words then say why. The rung is OK only where the process is seen to listen.
	Listening func(ctx context.Context) (detail string, ok, known bool)
	// Queue is the number of connections that wait to be accepted; known is false
	// where this cannot be read.
	Queue func(ctx context.Context) (n int64, known bool)
}

// Climber climbs the ladder of one server. It holds nothing open between two
// climbs.
type Climber struct {
	cfg    Config
	driver *load.Driver // nil where no request is sent
	addr   string
	// first is asked for the first byte. The others are the rungs above it, with
	// an empty path where they are not asked.
	first, deep, session soak.Probe
	// pageBytes is the size of the session path's body when it was first good.
	pageBytes int64
}

// New makes a Climber. It reports a configuration that cannot be carried out
// and sends nothing.
func New(cfg Config) (*Climber, error) {
	base, err := load.ParseAddress(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	c := &Climber{cfg: cfg, addr: base.Host, session: cfg.Session}
	if load.IsTCP(cfg.BaseURL) {
		return c, nil
	}
	for _, p := range []struct {
		to   *soak.Probe
		path string
	}{
		{&c.first, cmp.Or(cfg.Health, cfg.Session.Path, "/")},
		{&c.deep, cfg.DeepHealth},
	} {
		if p.path == "" {
			continue
		}
		if *p.to, err = soak.NewProbe(p.path); err != nil {
			return nil, fmt.Errorf("health ladder: %w", err)
		}
	}
	c.driver, err = load.New(load.Config{
		BaseURL:              cfg.BaseURL,
		Concurrency:          1,
		Timeout:              cfg.Timeout,
		ConnectionPerRequest: true,
		AllowRemote:          cfg.AllowRemote,
		Access:               cfg.Access,
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Peek climbs only the rungs that send no request: the process and its port.
// StateUp means that nothing is wrong as far as these can see; the state is
// empty when neither can be read.
func (c *Climber) Peek(ctx context.Context, when string) soak.Ladder {
	k := &climb{Ladder: soak.Ladder{When: when}}
	c.foot(ctx, k)
	if k.State == "" {
		switch {
		case len(k.seen) == 0:
			k.saw("nothing can be seen without a request")
		case k.known && !k.listens:
			k.State = soak.StateRefused
		default:
			k.State = soak.StateUp
		}
	}
	return k.done()
}

// Climb climbs every rung. It sends one request to each path, and up to 20 for
// the first byte while that does not come at once; it takes at most 5 timeouts
// and what the functions of Config take. The state is empty when the climb
// itself failed: ctx ended, or the server may not or cannot be tried; the
// evidence then says why.
func (c *Climber) Climb(ctx context.Context, when string) soak.Ladder {
	k := &climb{Ladder: soak.Ladder{When: when}}
	c.foot(ctx, k)
	if k.State != "" {
		return k.done()
	}
	c.supervisor(ctx, k)
	if c.driver == nil {
		c.connects(ctx, k)
		if k.State == soak.StateUp && k.known && !k.listens {
			c.listensByNow(ctx, k)
		}
		return k.done()
	}
	t := c.tries(ctx)
	c.accepted(ctx, k, t)
	if t.err == nil {
		c.otherProtocol(k, t)
	}
	if t.err != nil || k.State != "" {
		return k.done()
	}
	if k.known && !k.listens {
		c.listensByNow(ctx, k)
	}
	if k.State == "" {
		c.answers(ctx, k, t)
	}
	return k.done()
}

// otherProtocol says what to do where what came begins no HTTP answer, and where
// the server has hung up on all that it was sent since we came.
func (c *Climber) otherProtocol(k *climb, t *tries) {
	strange := t.last.FirstByte && t.last.Status == 0 && t.last.Class == soak.ClassOther
	if hungUp := k.When == soak.ClimbStart && t.ends == t.n; strange || hungUp {
		k.saw("if it speaks no HTTP: --url tcp://" + c.addr)
	}
}

// foot climbs the rungs below the first request. It sets a state only where
// there is no use in climbing on.
func (c *Climber) foot(ctx context.Context, k *climb) {
	if c.cfg.Process != nil {
		switch detail, state := c.cfg.Process(ctx); state {
		case soak.StateUp:
			k.rung("process", true, detail)
		case "":
		default:
			k.rung("process", false, detail)
			k.State = state
			return
		}
	}
	if c.cfg.Listening != nil {
		if detail := c.listening(ctx, k); k.known {
			k.saw(detail)
		}
	}
	c.queue(ctx, k)
}

// supervisor notes what the supervisor says. It is asked in full climbs only: it
// costs a process.
func (c *Climber) supervisor(ctx context.Context, k *climb) {
	if c.cfg.Supervisor == nil {
		return
	}
	detail, ok, known := c.cfg.Supervisor(ctx)
	if !known {
		ok, detail = false, "supervisor cannot be asked: "+detail
	}
	k.rung(soak.RungSupervisor, ok, detail)
}

// listening reads who listens and notes the rung.
func (c *Climber) listening(ctx context.Context, k *climb) (detail string) {
	detail, k.listens, k.known = c.cfg.Listening(ctx)
	if !k.known {
		k.listens = false
		detail = "cannot be seen: " + detail
	}
	k.note(soak.RungListening, k.listens, detail)
	return detail
}

// listensByNow looks again who listens, once a connection was taken while the
// process did not seem to listen: one that executed itself again does by now.
// Else it sets the state.
func (c *Climber) listensByNow(ctx context.Context, k *climb) {
	detail := c.listening(ctx, k)
	switch {
	case k.listens:
		k.saw(detail)
	case k.known:
		k.State = soak.StateRestarted
		k.saw("another process listens")
	}
}

// queue reads the accept queue.
func (c *Climber) queue(ctx context.Context, k *climb) {
	if c.cfg.Queue == nil {
		return
	}
	if n, known := c.cfg.Queue(ctx); known {
		k.Queue = &n
	}
}
