package soak

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// launchedPlan is the start of a run in which everything is as usual, but for the lists,
// which have one thing each.
func launchedPlan() Start {
	return Start{
		Tool: "t", Platform: "p", Baseline: &Figures{Run: "EARLIER"},
		Target: Target{Kind: "launched", URL: "http://127.0.0.1:8787", Command: []string{"python3"}, Tracing: &Tracing{Asked: true}},
		Scenario: Scenario{
			Probes:  []Probe{{Request: Request{Method: "GET", Name: "GET /a"}}, NewFault("latency", "latency:by=50ms")},
			Headers: []Header{{Name: "Authorization", Value: NewSecret("s3cret")}}, Login: &Request{Method: "POST", Name: "POST /login", Body: NewSecret("s3cret")},
			Batches: 5, Requests: 40, Concurrency: 1, Timeout: usualTimeout, Drain: usualDrain, Seed: 7, Looks: 3, Watch: []Group{{Pattern: "state.db*"}},
			Acts: []Act{NewAct("kill", "kill", 1)}, MaxErrors: usualMaxErrors, RecoverWithin: usualRecoverWithin, PollEvery: usualPollEvery,
		},
	}
}

func attachedPlan() Start {
	s, deep := launchedPlan(), "/health?deep=1"
	s.Target = Target{Kind: "attached", URL: "http://127.0.0.1:8787", DeepHealth: &deep, Supervisor: "unit a.service"}
	return s
}

func bundledPlan() Start {
	s := launchedPlan()
	s.Target = Target{Kind: "bundled", URL: "http://127.0.0.1:1", Flags: []string{"--leak", "pty"}}
	return s
}

func watchPlan() Start {
	s := attachedPlan()
	s.Baseline = nil
	s.Scenario = Scenario{Observe: &Observe{usualEvery, usualClimbEvery, usualAlert}, Probes: s.Scenario.Probes[:1], Headers: s.Scenario.Headers, Login: s.Scenario.Login,
		Timeout: usualTimeout, Watch: []Group{{Pattern: "state.db*"}}, PollEvery: usualPollEvery}
	return s
}

// again is the command of a run with that start, and what is said beside it.
func commandOf(s Start) (words, changes string) {
	r := NewReport()
	r.Start = s
	all, said := r.command()
	return strings.Join(all, " "), strings.Join(said, "; ")
}

func TestCommand(t *testing.T) {
	watching := func(change func(*Start)) func() Start {
		return func() Start { s := watchPlan(); change(&s); return s }
	}
	for name, tt := range map[string]struct {
		start          func() Start
		words, changes string
	}{
		"launched": {func() Start {
			s := launchedPlan()
			s.Target.Command = []string{"python3", "my server.py", redacted}
			s.Scenario.Probes = append([]Probe{{Request: Request{Method: "GET", Name: "GET /a?k=" + redacted}}}, s.Scenario.Probes...)
			s.Scenario.Watch, s.Baseline, s.Target.Tracing = []Group{{Pattern: "it's*", Allow: 2}}, nil, &Tracing{}
			return s
		}, `hermes-soak run --url http://127.0.0.1:8787 --endpoint '/a?k=…' --endpoint /a --batches 5 --requests 40 --concurrency 1 --seed 7` +
			` --fault latency:by=50ms --fault kill --watch 'it'\''s*' --allow 'it'\''s*=2' -- python3 'my server.py' …`,
			"the values of the headers authorization are not in the record: --header, --basic; the login POST /login goes before the load, and what it sends is not in the record: --login, --login-body, --login-token;" +
				" to be added where the run had it, since the record does not hold it: --cwd, --env, --nofile, --log, --start-timeout, --health, --deep-health; … stands for what was redacted"},
		"launched, with a limit": {func() Start {
			s := launchedPlan()
			s.Scenario.Headers, s.Scenario.Login, s.Baseline, s.Target.Tracing, s.Target.Flags = nil, nil, nil, &Tracing{}, []string{"--nofile", "100"}
			return s
		}, `hermes-soak run --url http://127.0.0.1:8787 --endpoint /a --batches 5 --requests 40 --concurrency 1 --seed 7 --fault latency:by=50ms --fault kill --watch 'state.db*' --nofile 100 -- python3`,
			"to be added where the run had it, since the record does not hold it: --cwd, --env, --log, --start-timeout, --health, --deep-health"},
		"attached": {func() Start {
			s := attachedPlan()
			s.Scenario.Headers, s.Scenario.Login, s.Baseline = nil, nil, nil
			s.Target.URL, s.Target.Others, s.Target.Health = "https://[::1]:8787", []string{"https://example.org:1"}, "/up"
			s.Scenario.Probes[0].Name += " at https://[::1]:8787"
			s.Scenario.Probes = slices.Insert(s.Scenario.Probes, 1, Probe{Request: Request{Method: "GET", Name: "GET /a at https://example.org:1"}})
			s.Scenario.For, s.Scenario.Batches, s.Scenario.Looks = 8*time.Hour, 0, 1
			return s
		}, `hermes-soak run --unit a.service --url 'https://[::1]:8787' --url https://example.org:1 --health /up --endpoint /a --for 8h0m0s --requests 40 --concurrency 1 --seed 7 --fault latency:by=50ms --fault kill --watch 'state.db*'`,
			"the server was running already: it must be there, and as it was; to be added where the run had it, since the record does not hold it: --allow-remote, --ca, --allow-process-faults"},
		"bundled": {func() Start {
			s := bundledPlan()
			s.Scenario.Headers, s.Scenario.Login, s.Baseline, s.Scenario.Probes, s.Scenario.Acts = nil, nil, nil, s.Scenario.Probes[:1], nil
			s.Scenario.Looks, s.Scenario.ConnectionPerRequest, s.Scenario.MaxErrors = 1, true, 0.05
			return s
		}, `hermes-soak run --leak pty --endpoint /a --batches 5 --no-extend --requests 40 --concurrency 1 --seed 7 --connection-per-request --watch 'state.db*' --max-errors 0.05`,
			"to be added where the run had it, since the record does not hold it: --log, --start-timeout, --health, --deep-health"},
		"bundled, of old": {func() Start {
			s := bundledPlan()
			s.Scenario.Headers, s.Scenario.Login, s.Baseline, s.Target.Flags = nil, nil, nil, nil
			return s
		}, `hermes-soak run --endpoint /a --batches 5 --requests 40 --concurrency 1 --seed 7 --fault latency:by=50ms --fault kill --watch 'state.db*'`,
			"the target is the bundled WebUI: what it was made to leak (--leak, --shape, --nofile) is not in this record; to be added where the run had it, since the record does not hold it: --log, --start-timeout, --health, --deep-health"},
		"a file's endpoints": {func() Start {
			s := bundledPlan()
			s.Scenario.Headers, s.Scenario.Login, s.Baseline, s.Scenario.Acts = nil, nil, nil, nil
			s.Scenario.Probes = []Probe{s.Scenario.Probes[0], {Request: Request{Method: "POST", Name: "POST /b"}}}
			return s
		}, `hermes-soak run --leak pty --batches 5 --requests 40 --concurrency 1 --seed 7 --watch 'state.db*'`,
			"the endpoints stand in a configuration file (hermes-soak.yaml, or --config FILE), which is not in the record; no flag can say all that is asked of POST /b;" +
				" to be added where the run had it, since the record does not hold it: --log, --start-timeout, --health, --deep-health"},
		"watch": {watching(func(s *Start) {
			s.Scenario.Headers, s.Scenario.Login, s.Target.Supervisor = nil, nil, ""
			none := ""
			s.Target.DeepHealth, s.Scenario.Observe.Alert, s.Scenario.Horizon = &none, 0.5, time.Hour
		}), `hermes-soak watch --url http://127.0.0.1:8787 --deep-health '' --endpoint /a --alert-headroom 0.5 --watch 'state.db*' --horizon 1h0m0s`,
			"the server was running already: it must be there, and as it was"},
		"watch by launchd": {watching(func(s *Start) {
			s.Scenario.Headers, s.Scenario.Login, s.Target.Supervisor, s.Target.URL, s.Scenario.Probes = nil, nil, "launchd service gui/501/a", "tcp://127.0.0.1:6379", nil
		}), `hermes-soak watch --launchd gui/501/a --url tcp://127.0.0.1:6379 --watch 'state.db*'`, "the server was running already: it must be there, and as it was"},
		"series":  {func() Start { s := attachedPlan(); s.Assumed = "x"; return s }, "", "the run is a series of batches that was counted elsewhere: hermes-soak judge judges it again"},
		"nothing": {func() Start { return Start{} }, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			words, changes := commandOf(tt.start())
			if words != tt.words {
				t.Errorf("%s\nwant %s", words, tt.words)
			}
			if changes != tt.changes {
				t.Errorf("%s\nwant %s", changes, tt.changes)
			}
		})
	}
}

// untold are the parts of a start that no command has a word of, and why. What is no
// part of the record cannot be told.
var untold = map[string]string{
	"Tool": "it is that of who runs it", "Platform": "the same",
	"Target.PID": "another process", "Target.Ticks": "the same", "Target.Boot": "the same",
	"Target.Limit":          "it was read from the server, and is again; --nofile is told to be added",
	"Target.Amplified":      "it was seen, and is again",
	"Target.Tracing.Loaded": "the same",
	"Scenario.Login.Method": "the name has it", "Scenario.Login.ContentType": "the login is told to be added", "Scenario.Login.Headers": "no flag gives it any",
	"Scenario.Probes[1].Method": "it is a fault", "Scenario.Probes[1].Name": "the fault's words are told", "Scenario.Probes[1].ContentType": "it is a fault", "Scenario.Probes[1].Headers": "the same",
	"Scenario.Probes[1].Weight": "the same", "Scenario.Probes[1].Before": "the same", "Scenario.Probes[1].After": "the same",
	"Scenario.Probes[1].Expect.Status": "the same", "Scenario.Probes[1].Expect.Type": "the same", "Scenario.Probes[1].Expect.JSON": "the same",
	"Scenario.Probes[1].Expect.MinBytes": "the same", "Scenario.Probes[1].Expect.MinItems": "the same",
	"Scenario.Probes[1].At": "the fault's words have it", "Scenario.Probes[1].Every": "the same",
	"Scenario.Probes[0].At": "it is a fault's", "Scenario.Probes[0].Every": "the same",
	"Scenario.Acts[0].Name": "the fault's words are told", "Scenario.Acts[0].Times": "the fault's words have it",
}

// noWatch are the parts of a scenario that a watch has none of.
var noWatch = []string{"Batches", "Requests", "Acts", "Concurrency", "Rate", "Drain", "ConnectionPerRequest", "Seed", "Looks", "Amplify", "FailFast",
	"MaxErrors", "P99", "RecoverWithin", "PollEvery"}

// each changes one part after the other of what v holds, and puts it back.
func each(v reflect.Value, path string, seen func(path string)) {
	with := func(other reflect.Value) {
		before := reflect.ValueOf(v.Interface())
		v.Set(other)
		seen(path)
		v.Set(before)
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Anonymous {
				each(v.Field(i), path, seen)
			} else if f.Tag.Get("json") != "-" {
				each(v.Field(i), strings.TrimPrefix(path+"."+f.Name, "."), seen)
			}
		}
	case reflect.Pointer:
		if v.IsNil() {
			other := reflect.New(v.Type().Elem())
			with(other)
			return
		}
		each(v.Elem(), path, seen)
	case reflect.Slice:
		if v.Len() == 0 {
			with(reflect.Append(v, reflect.Zero(v.Type().Elem())))
		}
		for i := range v.Len() {
			each(v.Index(i), fmt.Sprintf("%s[%d]", path, i), seen)
		}
	case reflect.String:
		with(reflect.ValueOf(v.String() + "x").Convert(v.Type()))
	case reflect.Bool:
		with(reflect.ValueOf(!v.Bool()))
	case reflect.Int, reflect.Int64:
		with(reflect.ValueOf(v.Int() + 2).Convert(v.Type()))
	case reflect.Uint64:
		with(reflect.ValueOf(v.Uint() + 1).Convert(v.Type()))
	case reflect.Float64:
		with(reflect.ValueOf(v.Float() + 0.25))
	default:
		panic(path + " is of a kind that this test does not know: " + v.Kind().String())
	}
}

// TestCommandTellsAll: whatever part of a plan is another one, the command is another one,
// or what is said beside it, but for what is known not to matter.
func TestCommandTellsAll(t *testing.T) {
	told := map[string]bool{}
	bare, old := launchedPlan(), bundledPlan()
	bare.Target.Command, bare.Target.Tracing, old.Target.Flags = nil, nil, nil
	for _, plan := range []Start{launchedPlan(), attachedPlan(), bundledPlan(), bare, old} {
		plan.Scenario.Looks = 1
		words, changes := commandOf(plan)
		if strings.Contains(words+changes, "s3cret") {
			t.Errorf("a secret: %s %s", words, changes)
		}
		plan.Baseline = nil // its figures are those of the earlier run
		words, changes = commandOf(plan)
		each(reflect.ValueOf(&plan).Elem(), "", func(path string) {
			w, c := commandOf(plan)
			told[path] = told[path] || w != words || c != changes
		})
	}
	for path, is := range told {
		if why, deliberate := untold[path]; is == deliberate {
			t.Errorf("%s: told is %t, and the reason not to is %q", path, is, why)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(untold)) {
		if _, known := told[path]; !known {
			t.Errorf("there is no %s", path)
		}
	}
	watch := watchPlan()
	words, changes := commandOf(watch)
	each(reflect.ValueOf(&watch.Scenario).Elem(), "", func(path string) {
		if w, c := commandOf(watch); w == words && c == changes && !slices.Contains(noWatch, path) && untold["Scenario."+path] == "" {
			t.Errorf("watch: %s is not told", path)
		}
	})
}
