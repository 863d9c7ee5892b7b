package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/urfave/cli/v2"
	"pgregory.net/rapid"

	"hermes-soak/soak"
	"hermes-soak/target/faults"
)

// askedFor is the start of the run that the arguments ask for, as it would be recorded but
// for what is seen of the server, and what of the plan stands in no record.
func askedFor(args []string) (start soak.Start, tracing tracePlan, err error) {
	args, command, split := splitCommand(args)
	app := newApp(io.Discard, io.Discard, command, split)
	app.Command("run").Action = func(c *cli.Context) error {
		scenario, err := scenarioFrom(c)
		if err != nil {
			return err
		}
		plan, err := planFrom(c, command, split)
		if err != nil {
			return err
		}
		if c.Bool("chaos") {
			plan.unleash(scenario.Seed)
		}
		start.Target = soak.Target{Kind: plan.kind, URL: redactURL(plan.url), Others: plan.others, Command: soak.RedactArgs(command), Flags: plan.flags, PID: 1, Ticks: 1}
		if plan.kind == "attached" {
			start.Target.Health, start.Target.DeepHealth = plan.recordedHealth(), plan.recordedDeep()
		}
		if unit := c.String("unit"); unit != "" {
			start.Target.Supervisor = "user unit " + unit
		}
		if label := c.String("launchd"); label != "" {
			start.Target.Supervisor = "launchd service " + label
		}
		if tracing = plan.trace; tracing.on {
			start.Target.Tracing = &soak.Tracing{Asked: tracing.asked, Children: tracing.children, Openers: tracing.openers}
		}
		scenario.Probes = append(probesAt(scenario.Probes, append([]string{start.Target.URL}, plan.others...)), faultProbes(plan.faults)...)
		scenario.Acts = actsOf(plan.acts)
		start.Scenario = scenario
		return nil
	}
	app.Command("watch").Action = func(c *cli.Context) error {
		scenario, err := watchScenario(c)
		if err != nil {
			return err
		}
		plan, err := planFrom(c, nil, false)
		start.Scenario = scenario
		start.Target = soak.Target{Kind: plan.kind, URL: redactURL(plan.url), Others: plan.others, Health: plan.recordedHealth(), DeepHealth: plan.recordedDeep(), PID: 1, Ticks: 1}
		return err
	}
	return start, tracing, app.Run(args)
}

// asRecorded is what a record holds of the start.
func asRecorded(t rapid.TB, start soak.Start) (out soak.Start, text string) {
	b, err := json.MarshalIndent(start, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out, string(b)
}

// again has a shell take the command of the recorded run apart, and reads what it asks for.
func again(t rapid.TB, args []string) (view *soak.View) {
	start, tracing, err := askedFor(args)
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	recorded, _ := asRecorded(t, start)
	r := soak.NewReport()
	if err := r.Apply(soak.Event{Schema: soak.Schema, Run: "R", Wall: time.Unix(1e9, 0), Kind: "start", Start: &recorded}); err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	soak.Judge(r)
	view = soak.NewView(r)
	line := strings.Join(view.Command, " ")
	words, err := exec.Command("sh", "-c", `printf '%s\0' `+line).Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	second, tracingToo, err := askedFor(strings.Split(strings.TrimSuffix(string(words), "\x00"), "\x00"))
	if err != nil {
		t.Fatalf("%q\nagain %s\n%v", args, line, err)
	}
	start.Scenario.Headers, start.Scenario.Login = nil, nil // these are told to be added
	_, want := asRecorded(t, start)
	if _, got := asRecorded(t, second); got != want || tracingToo != tracing {
		t.Fatalf("%q\nagain %s\n%s %+v\nwant %s %+v", args, line, got, tracingToo, want, tracing)
	}
	return view
}

// TestAgain: the command of a page asks for the same run, and says what it cannot say.
func TestAgain(t *testing.T) {
	needsShell(t)
	t.Setenv("AGAIN_TEST_KEY", "s3cret")
	var seen strings.Builder
	attached := []string{"run", "--url", "http://127.0.0.1:8787", "--seed", "1"}
	for name, tt := range map[string]struct {
		args    []string
		changes string
	}{
		"bundled": {[]string{"run"}, "--start-timeout"},
		"bundled that leaks": {[]string{"run", "--seed", "9", "--leak", "pty:every=3,on=*", "--leak", "state.db", "--shape", "pool:size=3", "--exhausted", "reset", "--sessions", "20", "--nofile", "400",
			"--home", "/tmp/it's a home"}, "--start-timeout"},
		"chaos":                  {[]string{"run", "--chaos", "--seed", "5"}, ""},
		"profile":                {[]string{"run", "--profile", "nightly", "--seed", "18446744073709551615"}, ""},
		"attached":               {append(attached, "--url", "http://127.0.0.1:8788", "--health", "/up", "--deep-health", "", "--endpoint", "/a?k=s3cret", "--endpoint", "/b"), "was redacted"},
		"launchd":                {append(attached, "--launchd", "gui/501/a", "--fault", "latency"), "--allow-process-faults"},
		"unit":                   {append(attached, "--unit", "a.service"), "was running already"},
		"launched":               {[]string{"run", "--url", "http://127.0.0.1:1", "--env", "K=s3cret", "--cwd", "/x", "--", "python3", "my server.py", "--token", "s3cret", "--port=1"}, "--cwd, --env, --nofile"},
		"launched, with a limit": {[]string{"run", "--url", "http://127.0.0.1:1", "--nofile", "300", "--", "python3", "server.py"}, "--cwd, --env, --log"},
		"untraced":               {[]string{"run", "--url", "http://127.0.0.1:1", "--trace", "off", "--", "a\x1b[2Jb", "-x"}, ""},
		"traced":                 {[]string{"run", "--url", "http://127.0.0.1:1", "--trace", "sqlite,fd", "--trace-children", "--amplify", "gc-off", "--", "python3"}, ""},
		"https":                  {append([]string{"run", "--insecure", "--url", "https://example.org", "--seed", "1"}, "--header", "X-Key: env:AGAIN_TEST_KEY", "--login", "POST /login?t=s3cret"), "the headers x-key "},
		"faults":                 {[]string{"run", "--fault", "latency:by=50ms,at=3s,every=2m", "--fault", "pause", "--fault", "kill:n=2", "--recover-within", "5s"}, ""},
		"mix": {append(attached, "--connection-per-request", "--drain", "3s", "--no-extend", "--fail-fast", "--max-errors", "5%", "--p99", "2s", "--horizon", "1000h", "--poll-every", "1s",
			"--timeout", "3s", "--rate", "12.5", "--tolerance", "1/1000", "--limit", "99", "--gate", "rss", "--skip", "alive", "--pprof", "http://127.0.0.1:6060/debug/pprof", "--allow", "*.db*=3"), ""},
		"time":  {append(attached, "--for", "90m", "--requests", "7", "--concurrency", "3"), ""},
		"watch": {[]string{"watch", "--url", "http://127.0.0.1:8787", "--every", "1s", "--climb-every", "5s", "--for", "8h", "--alert-headroom", "55%", "--endpoint", "/a", "--skip", "alive", "--horizon", "720h", "--limit", "9", "--timeout", "1s", "--watch", "/srv/*.db"}, ""},
		"tcp":   {[]string{"watch", "--url", "tcp://127.0.0.1:6379"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "faults" && runtime.GOOS != "linux" {
				t.Skip("kill is for Linux alone")
			}
			if strings.Contains(strings.Join(tt.args, " "), "s3cret") {
				start, _, err := askedFor(append([]string{"hermes-soak"}, tt.args...))
				if err != nil {
					t.Fatal(err)
				}
				if _, text := asRecorded(t, start); strings.Contains(text, "s3cret") {
					t.Fatalf("the record has a secret: %s", text)
				}
			}
			view := again(t, append([]string{"hermes-soak"}, tt.args...))
			said := strings.Join(view.Command, " ") + "\n" + strings.Join(view.Changes, "\n")
			if strings.Contains(said, "s3cret") || !strings.Contains(said, tt.changes) {
				t.Errorf("%s\nwant %q", said, tt.changes)
			}
			seen.WriteString(said + "\n")
		})
	}
	for _, f := range slices.Concat(runFlags(), watchFlags()) {
		name := f.Names()[0]
		said := regexp.MustCompile(`--` + name + `[ ,;\n]`).MatchString(seen.String())
		if _, not := notAgain[name]; said == not {
			t.Errorf("--%s: said again is %t, and there is a reason not to: %t", name, said, not)
		}
	}
}

// notAgain are the flags that no command of a page has, and why.
var notAgain = map[string]string{
	"pid": "its --url finds it", "profile": "its --batches and --requests are said", "chaos": "its faults are said",
	"baseline": "no run of this test has one", "force-baseline": "the same",
	"report": "it says what is written", "quiet": "the same", "color": "the same", "live": "the same", "otlp": "the same", "metrics": "the same",
	"history": "it says where", "no-history": "the same", "config": "its settings are said", "resume": "the run is whole",
	"login-type": "it goes with --login-body",
}

// TestAgainWhateverIsAsked: of any run.
func TestAgainWhateverIsAsked(t *testing.T) {
	needsShell(t)
	text := rapid.StringOfN(rapid.SampledFrom([]rune("ab*'\"$`\\;&|<>(){}!#~=% \té\u202e\x1b")), 1, 8, -1)
	whole := func(from, to int) func(*rapid.T) string {
		return func(t *rapid.T) string { return fmt.Sprint(rapid.IntRange(from, to).Draw(t, "n")) }
	}
	duration := func(t *rapid.T) string {
		return time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "d")).String()
	}
	share := func(t *rapid.T) string { return fmt.Sprint(rapid.Float64Range(0, 1).Draw(t, "share")) }
	on := func(*rapid.T) string { return "" }
	flags := map[string]func(*rapid.T) string{
		"endpoint": func(t *rapid.T) string {
			return "/" + rapid.StringMatching(`[a-z'$&;()*!~é %?=]{0,8}`).Draw(t, "path")
		},
		"requests": whole(5, 500), "concurrency": whole(1, 5), "rate": func(t *rapid.T) string { return fmt.Sprint(rapid.Float64Range(0.001, 1e9).Draw(t, "rate")) },
		"batches": whole(1, 99), "no-extend": on, "timeout": duration, "drain": duration, "connection-per-request": on, "seed": whole(0, 1<<40),
		"watch": func(t *rapid.T) string { return text.Draw(t, "pattern") }, "gate": func(*rapid.T) string { return "rss" }, "skip": func(t *rapid.T) string { return rapid.SampledFrom(soak.CheckNames()).Draw(t, "check") },
		"fail-fast": on, "tolerance": func(t *rapid.T) string { return fmt.Sprint(rapid.Float64Range(1e-9, 1e3).Draw(t, "tolerance")) }, "max-errors": share, "p99": duration,
		"limit": whole(1, 1<<40), "horizon": duration, "poll-every": duration, "recover-within": duration,
		"fault": func(t *rapid.T) string { return rapid.SampledFrom(faults.Kinds()).Draw(t, "fault") },
		"leak":  func(t *rapid.T) string { return "state.db:after=" + whole(0, 9)(t) }, "nofile": whole(64, 4096), "sessions": whole(1, 999), "home": func(t *rapid.T) string { return text.Draw(t, "home") }, "insecure": on,
	}
	names := slices.Sorted(maps.Keys(flags))
	rapid.Check(t, func(t *rapid.T) {
		args := []string{"hermes-soak", "run", "--seed=1"}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 8, rapid.ID[string]).Draw(t, "flags") {
			value := flags[name](t)
			if args = append(args, "--"+name); value != "" {
				args = append(args, value)
			}
		}
		if _, _, err := askedFor(args); err != nil {
			t.Skip(err) // what is no run is not recorded
		}
		again(t, args)
	})
}

// TestAgainQuoted: a shell makes of each word of the command the word again, and all of it
// prints.
func TestAgainQuoted(t *testing.T) {
	needsShell(t)
	check := func(t rapid.TB, words []string) {
		r := soak.NewReport()
		r.Start = soak.Start{Target: soak.Target{Kind: "launched", URL: "http://127.0.0.1:1", Command: words}}
		soak.Judge(r)
		all := soak.NewView(r).Command
		line := strings.Join(all[slices.Index(all, "--")+1:], " ")
		if i := strings.IndexFunc(line, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
			t.Fatalf("%q: the sign at %d of %s does not print", words, i, line)
		}
		out, err := exec.Command("sh", "-c", `printf '%s\0' `+line).Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !slices.Equal(got, words) {
			t.Fatalf("%q\nwant %q\nof %s", got, words, line)
		}
	}
	check(t, []string{"", "-", "--", "a b", "it's", `a\nb`, "a\nb", "\n", "a\n\n", "$(id)", "`id`", "a\x1b[2J%s'\\", "\u202egpj", "\xff", "é", "!x", "~", "*", "a;b", "#", "…", "…x"})
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.SliceOfN(rapid.String().Filter(func(s string) bool { return !strings.Contains(s, "\x00") }), 1, 6).Draw(t, "words"))
	})
}

func needsShell(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh")
	}
}
