package main

import (
	"context"
	"slices"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
)

// spread sends the waves of several addresses of one server: the endpoints of the
// first, then those of the second, and so on.
type spread struct {
	drivers   []*load.Driver
	endpoints int
}

// newSpread makes a driver for each URL. config holds the endpoints of one.
func newSpread(config load.Config, urls []string) (*spread, error) {
	s := &spread{endpoints: len(config.Probes)}
	for _, u := range urls {
		config.BaseURL = u
		d, err := load.New(config)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.drivers = append(s.drivers, d)
	}
	return s, nil
}

// Send sends the wave to the address that its endpoint belongs to.
func (s *spread) Send(ctx context.Context, w soak.Wave) (soak.Outcome, error) {
	d := s.drivers[w.Probe/s.endpoints]
	w.Probe %= s.endpoints
	return d.Send(ctx, w)
}

// Close ends what is under way.
func (s *spread) Close() {
	for _, d := range s.drivers {
		d.Close()
	}
}

// probesAt are the endpoints of all addresses. Those of one address keep their
// names.
func probesAt(probes []soak.Probe, urls []string) (all []soak.Probe) {
	if len(urls) == 1 {
		return probes
	}
	for _, u := range urls {
		more := slices.Clone(probes)
		for i := range more {
			more[i].Name += " at " + u
		}
		all = append(all, more...)
	}
	return all
}
