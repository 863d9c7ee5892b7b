package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// bench is the measurement of all clients.
type bench struct {
	clients              []client
	connections          []int
	rounds               int
	requests             int
	duration             time.Duration
	seed                 uint64
	pinServer, pinClient []string // put before their commands
	progress             io.Writer
}

// row is one client at one number of connections.
type row struct {
	client      string
	connections int
	results     []result // one a round
	err         error    // why it is invalid
}

// result is what one run of a client cost.
type result struct {
	answered int
	wall     time.Duration
	client   time.Duration // processor time, user and system, of its process and of all that it waited for
	server   time.Duration // processor time of the server meanwhile
}

// longest is how long a client may take: it hangs then.
const longest = 5 * time.Minute

// run measures every client once a round, in an order that is drawn anew.
func (b *bench) run() (rows []row, err error) {
	s, err := startServer(b.pinServer)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	dir, err := os.MkdirTemp("", "benchpeers")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var of []client // each row
	for i, n := range b.connections {
		for _, c := range b.clients {
			if i == 0 || !c.once {
				rows, of = append(rows, row{client: c.name, connections: n}), append(of, c)
			}
		}
	}
	rng := rand.New(rand.NewPCG(b.seed, 1))
	for round := range b.rounds {
		for _, i := range rng.Perm(len(rows)) {
			r, c := &rows[i], of[i]
			if r.err != nil {
				continue
			}
			got, err := b.measure(s, c, plan{s.url, r.connections, b.requests, b.duration, dir})
			if err != nil {
				r.err = fmt.Errorf("round %d: %w", round+1, err)
				fmt.Fprintf(b.progress, "%s at %d connections: %v\n", r.client, r.connections, r.err)
				continue
			}
			r.results = append(r.results, got)
			fmt.Fprintf(b.progress, "round %d: %s at %d connections: %d requests, %.2f s of CPU in %.1f s\n",
				round+1, r.client, r.connections, got.answered, got.client.Seconds(), got.wall.Seconds())
		}
	}
	return rows, nil
}

// measure runs c once.
func (b *bench) measure(s *server, c client, p plan) (r result, err error) {
	if c.files != nil {
		for name, text := range c.files(p) {
			if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
				return r, err
			}
		}
	}
	program := c.program
	if program == "" {
		if program, err = os.Executable(); err != nil {
			return r, err
		}
	}
	before, err := s.counts()
	if err != nil {
		return r, err
	}
	spent, err := s.cpu()
	if err != nil {
		return r, err
	}
	began := time.Now()
	output, state, err := command(append(append(b.pinClient[:len(b.pinClient):len(b.pinClient)], program), c.args(p)...))
	if err != nil {
		return r, err
	}
	r.wall, r.client = time.Since(began), state.UserTime()+state.SystemTime()
	now, err := s.cpu()
	if err != nil {
		return r, err
	}
	r.server = now - spent
	if c.after != nil {
		if output, _, err = command(c.after(p)); err != nil {
			return r, err
		}
	}
	if r.answered, err = c.read(output); err != nil {
		return r, err
	}
	after, err := s.counts()
	if err != nil {
		return r, err
	}
	return r, c.agree(r.answered, p, counts{after.Answered - before.Answered, after.Opened - before.Opened})
}

// agree says what of the client's own count the server's contradicts.
func (c client) agree(answered int, p plan, server counts) error {
	served, opened := int(server.Answered), int(server.Opened)-1 // one was ours
	switch {
	// What was under way when the time was over is not in the client's count.
	case answered < 1 || served < answered || !c.more && served > answered+p.connections:
		return fmt.Errorf("it says that %d requests were answered, and the server says %d", answered, served)
	case !c.more && opened > 2*p.connections: // a spare one is dialled here and there
		return fmt.Errorf("it opened %d connections, and does not keep them", opened)
	}
	return nil
}

// command runs a command and returns what it wrote to stdout.
func command(words []string) (string, *os.ProcessState, error) {
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = append(os.Environ(), "CI=true", "NO_COLOR=1")
	if err := cmd.Run(); err != nil {
		return "", nil, fmt.Errorf("%s: %w: %s%s", words[0], errors.Join(err, ctx.Err()), stdout.Bytes(), stderr.Bytes())
	}
	return stdout.String(), cmd.ProcessState, nil
}
