package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hermes-soak/soak"
	"hermes-soak/target/faults"
)

// plausible refuses faults of which is known beforehand that they come to nothing, on
// this target and in a load that is planned to last for so long; 0 is planned by
// batches.
func (p targetPlan) plausible(lasts time.Duration) error {
	for _, s := range p.faults {
		switch {
		case s.NeedsProxy() && strings.HasPrefix(p.url, "https:"):
			return overTLS(s)
		case s.NeedsStream() && p.kind != "bundled":
			return usage(fmt.Errorf("fault %s: no event stream of this server is known", s.Kind()), fmt.Sprintf("name the path of one: --fault %s:path=/PATH", s.Kind()))
		case lasts > 0 && s.Lasts() > lasts:
			return usage(fmt.Errorf("fault %s: it lasts %s, and the load %s", s.Kind(), s.Lasts(), lasts), "give a shorter for= or a longer --for")
		}
	}
	return nil
}

// overTLS says that a fault cannot be had.
func overTLS(s faults.Spec) error {
	return usage(fmt.Errorf("fault %s: a bad network is put before http:// alone", s.Kind()), "leave it out for https://; those of clients are for both")
}

// cellLeast is what the slots of a cell and the proof of health take on a server that is
// quick: 45 s were enough for one wave each of 16 of 20 faults of the bundled WebUI.
const cellLeast = time.Second

// enoughWaves is how many waves of a fault are enough for a rate, give or take some.
const enoughWaves = 15

// shortOfTime says, of a load that is planned by time, that it is too short for the
// faults that come at random, and how long they need by estimate; "" where it is not.
func (p targetPlan) shortOfTime(s soak.Scenario) string {
	random := slices.DeleteFunc(slices.Clone(p.faults), func(f faults.Spec) bool { at, _ := f.When(); return at > 0 })
	if s.For == 0 || len(random) == 0 {
		return ""
	}
	var round time.Duration // one wave of each, and two of the load between
	for _, f := range random {
		round += 3*cellLeast + 3*f.Lasts()
	}
	switch {
	case s.For < round:
		return fmt.Sprintf("--for %s is too short for one wave of each of the random faults (%d), which takes about %s; a rate of each takes about %s",
			s.For, len(random), round.Round(time.Second), (enoughWaves * round).Round(time.Minute))
	case s.For < enoughWaves*round:
		return fmt.Sprintf("--for %s is short for a rate of each of the random faults (%d), which takes about %s", s.For, len(random), (enoughWaves * round).Round(time.Minute))
	}
	return ""
}
