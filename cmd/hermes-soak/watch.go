package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
)

func watchCommand(split bool) *cli.Command {
	return &cli.Command{
		Name:      "watch",
		Usage:     "sample a live server without load, forecast, and judge it at the end",
		UsageText: "hermes-soak watch [flags]",
		Description: "Until Ctrl-C or --for. No request is sent but those of the health ladder, so growth is judged by time\n" +
			"alone: what rises may run by itself, or be what the server's clients ask.\n\n" +
			"  hermes-soak watch --url http://127.0.0.1:8787             a line a minute, or one that is redrawn on a terminal\n" +
			"  hermes-soak watch --url http://127.0.0.1:8787 --for 8h --horizon 720h\n" +
			"  hermes-soak watch --url tcp://127.0.0.1:6379              a server that speaks no HTTP: it is sent nothing\n\n" +
			settingsHelp +
			"Exit status: as of run.",
		Flags:  watchFlags(),
		Before: attachedOnly(split),
		Action: watchTarget,
	}
}

// settingsHelp says which settings watch and probe share with run.
const settingsHelp = "Settings are read from hermes-soak.yaml of this folder as by run; those that only run knows are left to it.\n\n"

// only are those of the flags that have one of the names.
func only(flags []cli.Flag, names ...string) []cli.Flag {
	return slices.DeleteFunc(flags, func(f cli.Flag) bool { return !slices.Contains(names, f.Names()[0]) })
}

// attachedFlags name a server that runs, and what lets our requests in.
func attachedFlags() []cli.Flag {
	return slices.Concat(
		only(targetFlags(), "url", "pid", "unit", "launchd", "health", "deep-health", "limit"),
		requestFlags(),
		only(loadFlags(), "timeout", "allow-remote"),
		[]cli.Flag{
			&cli.StringSliceFlag{Name: "endpoint", Category: flagsTarget, Usage: "`PATH` of a page at the top of the health ladder, such as /api/sessions (default: not asked)"},
			watchFlag("state.db*, *.db* and *.sqlite*, where one is seen open"),
			configFlag(),
		},
	)
}

func watchFlags() []cli.Flag { return withEnv(watchSettings()) }

// watchSettings are all that say what a watch does.
func watchSettings() []cli.Flag {
	return slices.Concat(attachedFlags(), []cli.Flag{
		&cli.DurationFlag{Name: "every", Category: flagsChecks, Value: 5 * time.Second, Usage: "time from one sample to the next"},
		&cli.DurationFlag{Name: "climb-every", Category: flagsChecks, Value: time.Minute, Usage: "time from one climb of the health ladder to the next: some requests each"},
		&cli.DurationFlag{Name: "for", Category: flagsChecks, Usage: "end after this long (default: at Ctrl-C)"},
		&cli.StringFlag{Name: "alert-headroom", Category: flagsChecks, Value: "80%", Usage: "share of the limit at which stderr says so, and headroom fails"},
	}, only(checkFlags(), "skip", "horizon"), reportFlags(), []cli.Flag{liveFlag(), metricsFlag()}, recordFlags())
}

// attachedOnly refuses what would have to be started, and reads the file of
// settings.
func attachedOnly(split bool) cli.BeforeFunc {
	return func(c *cli.Context) error {
		name := strings.TrimPrefix(c.Command.HelpName, c.App.Name+" ")
		if split {
			return usage(fmt.Errorf("%s attaches to a server that runs, and takes no command behind --", name), "start it yourself, then: hermes-soak "+name+" --url http://127.0.0.1:8787; or: hermes-soak run")
		}
		if err := refuseArguments(split)(c); err != nil {
			return err
		}
		if err := readConfig(c); err != nil {
			return err
		}
		if strings.Join(c.StringSlice("url"), "") == "" && !slices.ContainsFunc([]string{"pid", "unit", "launchd"}, c.IsSet) {
			return usage(fmt.Errorf("%s needs a server that runs", name), "give its --url, --unit or --launchd; of the bundled WebUI: hermes-soak serve, and the --url that it prints")
		}
		return refuseRequests(c)
	}
}

// attachedScenario is the part of the plan that watch and probe share.
func attachedScenario(c *cli.Context) (s soak.Scenario, err error) {
	s = soak.Scenario{Probes: []soak.Probe{}, Timeout: c.Duration("timeout"), Limit: c.Int64("limit"), PollEvery: 5 * time.Second}
	if paths := c.StringSlice("endpoint"); len(paths) > 0 {
		if s.Probes, err = probes(paths); err != nil {
			return s, err
		}
	}
	if file := fileOf(c); file.endpoints {
		if page, ok := (&soak.Scenario{Probes: file.plan.Probes}).Page(); ok {
			s.Probes = []soak.Probe{page}
		}
	}
	if err := requestsFrom(c, &s); err != nil {
		return s, err
	}
	if allTCP(c.StringSlice("url")) {
		s.Probes, s.Login = []soak.Probe{}, nil
	}
	s.Watch, err = groups(c.StringSlice("watch"), nil)
	return s, err
}

// watchScenario makes the plan of a watch.
func watchScenario(c *cli.Context) (soak.Scenario, error) {
	s, err := attachedScenario(c)
	if err != nil {
		return s, err
	}
	s.Observe = &soak.Observe{Every: c.Duration("every"), ClimbEvery: c.Duration("climb-every")}
	if s.Observe.Alert, err = percent(c.String("alert-headroom")); err != nil {
		return s, fmt.Errorf("alert-headroom: %w", err)
	}
	s.For, s.Horizon, s.Skip = c.Duration("for"), c.Duration("horizon"), c.StringSlice("skip")
	for _, name := range s.Skip {
		if !slices.Contains(soak.CheckNames(), name) {
			return s, fmt.Errorf("there is no check %q to skip", name)
		}
	}
	if c.IsSet("for") && s.For <= 0 {
		return s, fmt.Errorf("for: want a positive duration, not %s", s.For)
	}
	return s, s.Validate()
}

// watchPlan is what to watch, and how.
func watchPlan(c *cli.Context) (plan targetPlan, scenario soak.Scenario, err error) {
	if scenario, err = watchScenario(c); err != nil {
		return plan, scenario, usage(fileOf(c).blame(err), "see hermes-soak watch --help")
	}
	if plan, err = planFrom(c, nil, false); err != nil {
		return plan, scenario, fileOf(c).blame(err)
	}
	if plan.access, err = accessFrom(c, scenario); err != nil {
		return plan, scenario, usage(err, "see hermes-soak watch --help")
	}
	return plan, scenario, nil
}

// watchTarget carries out one watch.
func watchTarget(c *cli.Context) error {
	plan, scenario, err := watchPlan(c)
	if err != nil {
		return err
	}
	out, err := newOutput(c, &scenario)
	if err != nil {
		return err
	}
	view := newWatchView(out)
	ctx, quit, release := interruptible(c.Context, view.say)
	defer release()
	report, err := watchLoop(ctx, quit, plan, scenario, view)
	view.clear()
	if err != nil {
		return out.broke(err)
	}
	return conclude(report, out)
}

func watchLoop(ctx context.Context, quit <-chan struct{}, plan targetPlan, scenario soak.Scenario, view *watchView) (*soak.Report, error) {
	server, err := plan.start(ctx, quit, scenario)
	if err != nil {
		return nil, err
	}
	asking, done := until(ctx, quit)
	defer done()
	if plan.access, err = server.logIn(asking, plan, scenario); err != nil {
		return nil, err
	}
	climber, err := server.climbers(plan, scenario)
	if err != nil {
		return nil, usage(err, "")
	}
	if !view.quiet {
		view.say(server.found())
	}
	loop := soak.Loop{
		Run: rand.Text()[:12], Source: source(),
		Start: soak.Start{
			Tool: "hermes-soak " + version, Platform: runtime.GOOS + "/" + runtime.GOARCH,
			Scenario: scenario, Target: server.Target,
		},
		Sampler: server.sampler, Climb: climber.Climb, Peek: climber.Peek, Recorder: view, Quit: quit, Seen: view.seen,
	}
	r, err := loop.Soak(ctx)
	if errors.Is(err, context.Canceled) {
		err = errors.New("left at once, without a verdict")
	}
	if err != nil {
		return nil, &exitError{soak.ExitUnknown, err, ""}
	}
	return r, nil
}
