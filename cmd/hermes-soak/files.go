package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
	"hermes-soak/target"
	"hermes-soak/target/faults"
)

// database is the file of a bundled WebUI in a home that we made ourselves; "" is none.
func (s *server) database() string {
	if s.home == "" {
		return ""
	}
	return filepath.Join(s.home, "state.db")
}

// ledgerOf is the one ledger of all faults of a run, and of the server's database.
func (d *disturber) ledgerOf(ctx context.Context, s *server, config load.Config) (*ledger, error) {
	if d.ledger == nil {
		var err error
		if d.ledger, err = newLedger(ctx, config, s.database()); err != nil {
			return nil, &exitError{soak.ExitBroken, err, ""}
		}
	}
	return d.ledger, nil
}

// stored looks at what became of the sessions in the ledger; nil where there is none.
func (d *disturber) stored(s *server) func(context.Context) soak.Stored {
	if d.ledger == nil {
		return nil
	}
	return func(ctx context.Context) soak.Stored { return d.ledger.check(ctx, s.database()) }
}

// files makes a fault of the bundled WebUI's files, of which new sessions tell most.
//
// A reader follows when the fault is over: while connections stay open, SQLite keeps
// the descriptor of the one closed last for the next to come, and the writers may have
// used that up. It would seem to be kept by the request that comes next.
func (d *disturber) files(ctx context.Context, one *disturbance, s *server, config load.Config, within time.Duration) (err error) {
	if one.ledger, err = d.ledgerOf(ctx, s, config); err != nil {
		return err
	}
	one.within, one.patience = within, config.Timeout
	if one.works = one.spec.Kind() == "db-replace"; !one.works {
		one.patience = min(one.patience, one.spec.Lasts()*9/10) // the server is to give up first
	}
	reader, err := soak.NewProbe("/health?deep=1")
	if err != nil {
		return err
	}
	config.Probes = []soak.Probe{reader}
	one.through, err = load.New(config)
	return err
}

// afterwards makes sure that new sessions are taken again once a fault of files is
// over, and reads.
func (one *disturbance) afterwards(ctx context.Context) error {
	one.ledger.prove(ctx, one.within)
	// What it is answered, the proof of health tells.
	_, err := one.through.Send(ctx, soak.Wave{Kind: soak.WaveLoad, Requests: 1})
	return err
}

// smallDisk puts the home of the bundled WebUI on a small disk of its own where a fault
// is to fill that. It executes the program again: nothing may have begun.
func (p *targetPlan) smallDisk(sessions int) (err error) {
	if !slices.ContainsFunc(p.faults, faults.Spec.NeedsSmallDisk) {
		return nil
	}
	const room, perSession = 64 << 20, 8 << 10 // bytes
	if p.disk, err = target.SmallDisk(room + perSession*int64(sessions)); err != nil {
		return usage(fmt.Errorf("fault disk-full: not available: %w", err), "it needs Linux and the right to mount, which root has; leave it out elsewhere")
	}
	return nil
}

// endDisk removes the small disk, which the guard has done where it came to that.
func (p *targetPlan) endDisk() error {
	if p.disk == "" {
		return nil
	}
	return target.EndSmallDisk(p.disk)
}
