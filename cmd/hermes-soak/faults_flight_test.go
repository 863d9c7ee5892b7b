package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
	"hermes-soak/target/faults"
)

// nothing is a fault that does nothing, or that cannot be carried out.
type nothing struct{ missed error }

func (n nothing) Inject(context.Context) (func(context.Context) error, error) {
	if n.missed != nil {
		return nil, n.missed
	}
	return func(context.Context) error { return nil }, nil
}

// TestInFlight: what a client that went away left under way counts until the end of the
// wave. A burst is read to its end, so no more than one is under way.
func TestInFlight(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	probe, err := soak.NewProbe("/")
	if err != nil {
		t.Fatal(err)
	}
	for spec, tt := range map[string]struct {
		missed   error
		want     int
		together bool
	}{
		"abort":              {nil, 5, false},
		"reset":              {errors.New("no"), 5, false},
		"sse-drop:path=/":    {nil, 5, false},
		"half-open:for=10ms": {nil, 5, true},
		"burst":              {nil, 50, false},
		"burst:count=2":      {errors.New("no"), 2, false},
		"timeout:for=10ms":   {nil, 5, false},
		"latency:for=10ms":   {nil, 5, false},
		"pause:for=50ms":     {nil, 5, true},
	} {
		parsed, err := faults.Parse(spec)
		if err != nil {
			t.Fatal(err)
		}
		through, err := load.New(load.Config{BaseURL: s.URL, Probes: []soak.Probe{probe}, Concurrency: 1, Timeout: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		d := disturber{endpoints: 1, faults: []disturbance{{Fault: nothing{tt.missed}, spec: parsed, through: through, asked: 1}}}
		out, err := d.Send(t.Context(), soak.Wave{Kind: soak.WaveLoad, Probe: 1, Requests: 5})
		if err != nil || out.MaxInFlight != tt.want || out.Together != tt.together {
			t.Errorf("%s: %d in flight, together %v, %v", spec, out.MaxInFlight, out.Together, err)
		}
		through.Close()
	}
}
