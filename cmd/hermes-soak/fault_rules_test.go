package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
	"hermes-soak/target/faults"
)

func specOf(t *testing.T, text string) faults.Spec {
	t.Helper()
	s, err := faults.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestShortOfTime: a load that is planned by time and too short for its random faults
// is told of, with what they need.
func TestShortOfTime(t *testing.T) {
	abort, timed, pause := specOf(t, "abort"), specOf(t, "abort:at=1s"), specOf(t, "half-open:for=10s")
	for _, c := range []struct {
		faults []faults.Spec
		lasts  time.Duration
		want   string
	}{
		{[]faults.Spec{abort, pause}, 10 * time.Second, "--for 10s is too short for one wave of each of the random faults (2), which takes about 36s; a rate of each takes about 9m0s"},
		{[]faults.Spec{abort, timed}, 20 * time.Second, "--for 20s is short for a rate of each of the random faults (1), which takes about 1m0s"},
		{[]faults.Spec{abort}, time.Hour, ""}, {[]faults.Spec{timed}, time.Second, ""}, {nil, time.Second, ""}, {[]faults.Spec{abort}, 0, ""},
	} {
		if said := (targetPlan{faults: c.faults}).shortOfTime(soak.Scenario{For: c.lasts}); said != c.want {
			t.Errorf("%v for %s: %q, want %q", c.faults, c.lasts, said, c.want)
		}
	}
}

// TestThroughNetwork: a server that is slower than the fault is to last answers through
// it all the same, the fault is there for its time, and requests which did not meet it
// are missed.
func TestThroughNetwork(t *testing.T) {
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(200 * time.Millisecond)
		_, _ = w.Write([]byte("well"))
	}))
	defer slow.Close()
	base, err := url.Parse(slow.URL)
	if err != nil {
		t.Fatal(err)
	}
	probe, err := soak.NewProbe("/")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		fault        string
		timeout      time.Duration
		sent, missed int
		least        time.Duration
		why          string
	}{
		{"slicer:size=10,for=44ms", 20 * time.Second, 3, 0, 600 * time.Millisecond, ""},
		{"latency:by=1ms,for=1500ms", 20 * time.Second, 3, 0, 1500 * time.Millisecond, ""},
		{"slicer:size=10", 50 * time.Millisecond, 0, 3, 0, "fault slicer did not happen: a request through it did not meet it: timeout"},
		{"timeout:for=50ms", 20 * time.Second, 3, 0, 50 * time.Millisecond, ""},
		{"reset-peer", 20 * time.Second, 3, 0, 0, ""},
		{"down", 20 * time.Second, 3, 0, 0, ""},
	} {
		t.Run(c.fault, func(t *testing.T) {
			var d disturber
			one := disturbance{spec: specOf(t, c.fault), asked: 1}
			config := load.Config{BaseURL: slow.URL, Probes: []soak.Probe{probe}, Concurrency: 1, Timeout: c.timeout}
			if err := d.network(t.Context(), &one, faults.Target{URL: base, Dial: new(net.Dialer).DialContext}, config); err != nil {
				t.Fatal(err)
			}
			d.faults = append(d.faults, one)
			defer func() {
				if err := d.close(); err != nil {
					t.Error(err)
				}
			}()
			begun := time.Now()
			out, err := one.disturbed(context.Background(), soak.Wave{Requests: 3})
			if err != nil || out.Sent() != c.sent || out.Missed != c.missed || !strings.HasPrefix(out.Why, c.why) || (out.Why == "") != (c.why == "") {
				t.Errorf("%+v, %v", out, err)
			}
			if took := time.Since(begun); took < c.least {
				t.Errorf("the fault was there for %s", took)
			}
		})
	}
}
