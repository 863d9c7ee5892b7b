package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
	"hermes-soak/soak/plan"
	"hermes-soak/target/faults"
)

func faultFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "fault", Category: flagsFaults, Usage: "disturb the server: `KIND[:key=value,...]`, such as abort, latency:by=50ms or pause; repeatable; an occurrence is what one client did, or one request that met a bad network or a disturbed server; it comes at random times, or with at=30s once then, with every=2m again and again; the kinds are " + strings.Join(faults.Kinds(), ", ")},
		&cli.BoolFlag{Name: "chaos", Category: flagsFaults, Usage: "one fault of every kind, with values drawn from the seed: those of clients and of the network, and on the bundled WebUI those of processes and files too; --fault says otherwise of a kind"},
		&cli.BoolFlag{Name: "allow-process-faults", Category: flagsFaults, Usage: "let faults of processes (pause, cpu, fd-limit, kill, term) disturb a server that was not started by hermes-soak"},
		&cli.DurationFlag{Name: "recover-within", Category: flagsFaults, Value: 30 * time.Second, Usage: "how long the server may take to be healthy again after a fault, at most 24h"},
	}
}

// faultKinds are what a file may say of a fault in a mapping.
func faultKinds() (all []plan.Variant) {
	for _, kind := range faults.Kinds() {
		all = append(all, plan.Variant{Name: kind, Keys: faults.Keys(kind)})
	}
	return all
}

func checkFault(spec string) error {
	_, err := faults.Parse(spec)
	return err
}

// buildFault is what --fault would be given for a mapping of the file.
func buildFault(kind string, settings [][2]string) (string, error) {
	s, err := faults.New(kind, settings)
	return s.String(), err
}

// mostRecovery bounds --recover-within.
const mostRecovery = 24 * time.Hour

// faultsFrom reads the faults that are asked for.
func faultsFrom(c *cli.Context) (all []faults.Spec, err error) {
	for _, text := range c.StringSlice("fault") {
		s, err := faults.Parse(text)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	if within := c.Duration("recover-within"); (len(all) > 0 || c.Bool("chaos")) && (within <= 0 || within > mostRecovery) {
		return nil, fmt.Errorf("recover-within: want more than 0 and at most 24h, not %s", within)
	}
	return all, nil
}

// query is that of a fault's path, which may be a secret.
var query = regexp.MustCompile(`\?[^,]*`)

// faultProbes are the faults as the record names them.
func faultProbes(specs []faults.Spec) (all []soak.Probe) {
	for _, s := range specs {
		p := soak.NewFault(s.Kind(), query.ReplaceAllString(s.String(), "?…"))
		p.At, p.Every = s.When()
		all = append(all, p)
	}
	return numbered(all)
}

// disturber sends the waves of faults, and leaves all others to the driver.
type disturber struct {
	soak.Driver
	endpoints int
	faults    []disturbance
	proxy     *faults.Proxy  // nil where no fault needs one
	healer    *faults.Healer // the same
	ledger    *ledger        // the same
}

// disturbance is a fault, and for one of the network or of processes the driver of
// the requests that meet it.
type disturbance struct {
	soak.Fault
	spec    faults.Spec
	through *load.Driver
	next    int                                // endpoint to be asked through it
	asked   int                                // of so many
	climb   func(context.Context) *soak.Ladder // while it is there; nil is not looked
	// Of a fault of files alone:
	ledger   *ledger       // of the new sessions that are asked for meanwhile
	patience time.Duration // of who asks for them
	works    bool          // they are to be taken while it is there
	within   time.Duration // and again so soon after it
}

// newDisturber makes the faults of a target. The requests that go through a bad
// network are those of config.
func newDisturber(ctx context.Context, plan targetPlan, server *server, config load.Config, s soak.Scenario, driver soak.Driver) (*disturber, error) {
	d := &disturber{Driver: driver, endpoints: len(s.Probes)}
	base, err := load.ParseURL(config.BaseURL)
	if err != nil {
		return nil, usage(err, "")
	}
	target := faults.Target{
		URL: base, Dial: load.Dialer(plan.allowRemote), DialSmall: load.DialerFrom(net.Dialer{Control: faults.SmallBuffer}, plan.allowRemote),
		Headers: config.Access.HeadersFor(base), Path: "/",
	}
	if base.Scheme == "https" {
		target.TLS = &tls.Config{RootCAs: config.Access.Roots, InsecureSkipVerify: config.Access.Insecure}
	}
	if page, ok := s.Page(); ok {
		target.Path = page.Path
	}
	for i, spec := range plan.faults {
		one := disturbance{spec: spec, asked: len(config.Probes)}
		switch {
		case spec.NeedsProxy():
			err = d.network(ctx, &one, target, config)
		case spec.NeedsProcesses():
			err = d.process(ctx, &one, server, plan, config, s.RecoverWithin)
		default:
			one.Fault, err = spec.Client(pathOf(spec.Kind(), plan.kind, target), s.Seed+uint64(i))
		}
		if err != nil {
			return nil, errors.Join(err, d.close())
		}
		d.faults = append(d.faults, one)
	}
	return d, nil
}

// pathOf is the target with the path that shows most of a fault, where it is ours.
func pathOf(fault, target string, t faults.Target) faults.Target {
	paths := map[string]string{"abort": "/api/export", "slow-reader": "/api/export", "sse-drop": "/api/sessions/stream"}
	if path := paths[fault]; target == "bundled" && path != "" {
		t.Path = path
	}
	return t
}

// network makes a fault of the network in front of the target.
func (d *disturber) network(ctx context.Context, one *disturbance, target faults.Target, config load.Config) (err error) {
	if target.TLS != nil { // of a service, whose address was not known before
		return overTLS(one.spec)
	}
	if d.proxy == nil {
		if d.proxy, err = faults.StartProxy(ctx, target.Dial, net.JoinHostPort(target.URL.Hostname(), portOf(target.URL))); err != nil {
			return &exitError{soak.ExitBroken, err, ""}
		}
	}
	if one.Fault, err = one.spec.Network(d.proxy); err != nil {
		return err
	}
	through := *target.URL
	through.Host = d.proxy.Addr()
	config.BaseURL, config.ConnectionPerRequest = through.String(), true
	config.Timeout = one.spec.Patience(config.Timeout)
	config.Access.Headers = append([]soak.Header{{Name: "Host", Value: soak.NewSecret(target.URL.Host)}}, config.Access.Headers...)
	one.through, err = load.New(config)
	return err
}

// Send carries out the wave of a fault, or has the driver send that of an endpoint.
func (d *disturber) Send(ctx context.Context, w soak.Wave) (soak.Outcome, error) {
	if w.Probe < d.endpoints {
		return d.Driver.Send(ctx, w)
	}
	one := &d.faults[w.Probe-d.endpoints]
	if one.through != nil { // who ends the run does not wait for answers that a fault holds up
		defer context.AfterFunc(ctx, one.through.Close)()
	}
	switch {
	case one.spec.NeedsProxy():
		return one.disturbed(ctx, w)
	case one.spec.NeedsProcesses():
		return one.meanwhile(ctx, w)
	}
	return one.occur(ctx, w.Requests)
}

// occur is n occurrences of a client's fault, injected one by one; those that last
// are held together. A burst takes its answers to their end before the next comes; of
// all others the server may still be at work on each when the last of them is over, and
// on what was given up as missed.
func (one *disturbance) occur(ctx context.Context, n int) (out soak.Outcome, err error) {
	out.Together = one.spec.Lasts() > 0
	var heals []func(context.Context) error
	healAll := func() {
		for _, heal := range heals {
			err = errors.Join(err, heal(context.WithoutCancel(ctx)))
		}
		heals = nil
	}
	for range n {
		if ctx.Err() != nil {
			break
		}
		if out.MaxInFlight++; one.spec.AtOnce() > 1 {
			out.MaxInFlight = one.spec.AtOnce()
		}
		heal, missed := one.Inject(ctx)
		if missed != nil {
			if ctx.Err() == nil { // else it was given up by us
				out.Missed, out.Why = out.Missed+1, missed.Error()
			}
			continue
		}
		out.Add(soak.Answer{N: 1, Class: soak.ClassOK}, 0)
		heals = append(heals, heal)
		if one.spec.Lasts() == 0 {
			healAll()
		}
	}
	if len(heals) > 0 {
		hold(ctx, one.spec.Lasts())
	}
	healAll()
	return out, err
}

// hold waits, at most until ctx is done.
func hold(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// disturbed sends the requests of the wave through the bad network, the endpoints
// in turn. Each of them that met the fault is one occurrence. One that ends on its way
// goes on in the server, so all of them count as in flight at once.
func (one *disturbance) disturbed(ctx context.Context, w soak.Wave) (out soak.Outcome, err error) {
	heal, err := one.Inject(ctx)
	if err != nil {
		return soak.Outcome{Missed: w.Requests, Why: err.Error()}, nil
	}
	over := time.Now().Add(one.spec.Lasts())
	for range w.Requests {
		ask := soak.Wave{Kind: soak.WaveLoad, Probe: one.next % one.asked, Requests: 1}
		one.next++
		answers, failed := one.through.Send(ctx, ask)
		one.note(&out, answers.Answers)
		out.MaxInFlight = out.Sent() + out.Missed
		if ctx.Err() != nil {
			break // the request was given up by us
		}
		if failed != nil {
			err = failed
			break
		}
	}
	if err == nil {
		hold(ctx, time.Until(over))
	}
	return out, errors.Join(err, heal(context.WithoutCancel(ctx)))
}

// note adds the answers of requests through the bad network. One that the fault did not
// touch is no occurrence of it.
func (one *disturbance) note(out *soak.Outcome, answers []soak.Answer) {
	for _, a := range answers {
		if one.spec.Met(a) {
			out.Add(a, 0)
			continue
		}
		out.Missed += a.N
		out.Why = fmt.Sprintf("fault %s did not happen: a request through it did not meet it: %s", one.spec.Kind(), a.Class)
		if a.Status != 0 {
			out.Why += fmt.Sprintf(", status %d", a.Status)
		}
	}
}

// close ends what the faults need.
func (d *disturber) close() (err error) {
	for _, one := range d.faults {
		if one.through != nil {
			one.through.Close()
		}
	}
	if d.proxy != nil {
		err = d.proxy.Close()
	}
	if d.healer != nil {
		err = errors.Join(err, d.healer.Close())
	}
	return err
}
