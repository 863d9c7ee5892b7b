package main

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
	"hermes-soak/target"
	"hermes-soak/target/faults"
)

// TestBetween: with the time between a start and an end, systemd's limit is never
// reached, also after a start that was not ours.
func TestBetween(t *testing.T) {
	for _, limit := range []*target.StartLimit{nil, {Burst: 5, Within: 10 * time.Second}, {Burst: 2, Within: 10 * time.Second}, {Burst: 1, Within: 10 * time.Second}, {Burst: 3, Within: 30 * time.Second}, {Burst: 20, Within: time.Minute}} {
		gap := between(target.Service{Starting: limit})
		if limit == nil {
			limit = &target.StartLimit{Burst: 5, Within: 10 * time.Second} // its defaults
		}
		starts := 0
		for at := time.Duration(0); at <= limit.Within && starts <= limit.Burst; at += gap {
			starts++
		}
		if starts > limit.Burst {
			t.Errorf("%+v: %d starts within that time, %s apart", *limit, starts, gap)
		}
	}
	for _, limit := range []target.StartLimit{{Burst: 0, Within: 10 * time.Second}, {Burst: 5, Within: 0}} {
		if gap := between(target.Service{Starting: &limit}); gap != 0 {
			t.Errorf("%+v is no limit: %s", limit, gap)
		}
	}
}

// TestRestarts: an act after which systemd would leave the service down is refused.
func TestRestarts(t *testing.T) {
	for _, tt := range []struct {
		restart, act string
		limit        *target.StartLimit
		want         string // "" is no error
	}{
		{"always", "kill", nil, ""}, {"always", "term", nil, ""}, {"", "kill", nil, ""}, {"", "term", nil, ""},
		{"no", "kill", nil, "Restart=no"}, {"no", "term", nil, "Restart=no"},
		{"on-failure", "kill", nil, ""}, {"on-failure", "term", nil, "Restart=on-failure"},
		{"on-abnormal", "kill", nil, ""}, {"on-abnormal", "term", nil, "Restart=on-abnormal"},
		{"on-abort", "kill", nil, ""}, {"on-abort", "term", nil, "Restart=on-abort"},
		{"on-watchdog", "kill", nil, "Restart=on-watchdog"}, {"on-watchdog", "term", nil, "Restart=on-watchdog"},
		{"on-success", "kill", nil, "Restart=on-success"}, {"on-success", "term", nil, ""},
		{"always", "kill", &target.StartLimit{Burst: 5, Within: time.Hour}, "no more than 5 times within 1h0m0s"},
		{"always", "kill", &target.StartLimit{Burst: 3, Within: math.MaxInt64}, "no more than 3 times"},
		{"always", "kill", &target.StartLimit{Burst: 0, Within: time.Hour}, ""},
	} {
		spec, err := faults.Parse(tt.act)
		if err != nil {
			t.Fatal(err)
		}
		err = restarts(target.Service{Name: "unit a.service", Restart: tt.restart, Starting: tt.limit}, []faults.Spec{spec})
		var exit *exitError
		if (err == nil) != (tt.want == "") || err != nil && (!errors.As(err, &exit) || exit.status != soak.ExitUsage || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}
