package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
	"hermes-soak/target/faults"
)

func runCommand(command []string, split bool) *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "soak a server and judge it",
		UsageText: "hermes-soak run [flags] [-- CMD ARG...]",
		Description: "Without a target the bundled WebUI is started and soaked.\n\n" +
			"  hermes-soak run --url http://127.0.0.1:8787 -- python3 server.py    start a server and soak it\n" +
			"  hermes-soak run --url http://127.0.0.1:8787                         soak the server that listens there\n" +
			"  hermes-soak run --unit hermes-webui                                 soak what systemd runs (--launchd LABEL: what launchd does)\n" +
			"  hermes-soak run --resume ID                                         go on with a run that was killed or interrupted\n\n" +
			"Flags go over variables HERMES_SOAK_..., these over hermes-soak.yaml of this folder, and that over the profile.\n" +
			"hermes-soak config show says what is in effect, and --config '' ignores the file.\n\n" +
			leakHelp(),
		Flags:  runFlags(),
		Before: readConfig,
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usage(fmt.Errorf("run takes no arguments, not %q", c.Args().First()),
					"the command that starts the server stands behind --, as in: hermes-soak run --url http://127.0.0.1:8787 -- python3 server.py")
			}
			if c.IsSet("resume") {
				return resume(c, split)
			}
			return soakOnce(c, command, split)
		},
	}
}

// soakOnce carries out one run: plan, target, soak, reports. It ends what it
// started in every case.
func soakOnce(c *cli.Context, command []string, split bool) (err error) {
	scenario, err := scenarioFrom(c)
	if err != nil {
		return usage(fileOf(c).blame(err), "see hermes-soak run --help")
	}
	plan, err := planFrom(c, command, split)
	if err != nil {
		return fileOf(c).blame(err)
	}
	if err := plan.httpOnly(); err != nil {
		return fileOf(c).blame(err)
	}
	if !plan.trace.noGC {
		scenario.Amplify = "" // a variable or the file says it for targets that are launched
	}
	if plan.access, err = accessFrom(c, scenario); err != nil {
		return usage(err, "see hermes-soak run --help")
	}
	var unleashed *chaos
	if c.Bool("chaos") {
		unleashed = plan.unleash(scenario.Seed)
	}
	if err := plan.smallDisk(c.Int("sessions")); err != nil && !unleashed.without(&plan, faults.Spec.NeedsSmallDisk, strings.TrimPrefix(err.Error(), "fault disk-full: ")) {
		return err
	}
	defer func() {
		if gone := plan.endDisk(); gone != nil && err == nil {
			err = &exitError{soak.ExitBroken, gone, ""}
		}
	}()
	if plan.against, err = againstFrom(c, scenario); err != nil {
		return fileOf(c).blame(err)
	}
	out, err := newOutput(c, &scenario)
	if err != nil {
		return err
	}
	if unleashed != nil && !out.quiet {
		out.say(unleashed.String())
	}
	if short := plan.shortOfTime(scenario); short != "" && !out.quiet {
		out.say(short)
	}
	ctx, quit, release := interruptible(c.Context, out.say)
	defer release()
	report, err := soakTarget(ctx, quit, plan, scenario, out)
	if err != nil {
		return out.broke(err)
	}
	return conclude(report, out)
}

// conclude writes the reports and gives the verdict as exit status.
func conclude(report *soak.Report, out *output) error {
	if err := out.finish(report); err != nil {
		return &exitError{soak.ExitBroken, err, "the verdict was: " + report.Conclusion.Line}
	}
	if report.Conclusion.Exit == soak.ExitPass {
		return nil
	}
	return &exitError{status: report.Conclusion.Exit}
}

// soakTarget starts the target, soaks it and ends it again.
func soakTarget(ctx context.Context, quit <-chan struct{}, plan targetPlan, scenario soak.Scenario, out *output) (r *soak.Report, err error) {
	server, err := plan.start(ctx, quit, scenario)
	if err != nil {
		return nil, err
	}
	defer func() {
		if stopped := server.stop(ctx); stopped != nil && err == nil {
			err = &exitError{soak.ExitBroken, fmt.Errorf("end the target: %w", stopped), ""}
		}
	}()
	if !out.quiet && plan.kind == "attached" {
		out.say(server.found())
	}
	if note := plan.unlisted(); note != "" && !out.quiet {
		out.say(note)
	}
	release, err := server.claim(plan)
	if err != nil {
		return nil, err
	}
	defer release()
	if plan.access, err = server.logIn(ctx, plan, scenario); err != nil {
		return nil, err
	}
	return soakServer(ctx, quit, plan, scenario, server, out)
}

// soakServer opens what the soak of a server that is up needs, soaks it, and closes that
// again, what was opened last first.
func soakServer(ctx context.Context, quit <-chan struct{}, plan targetPlan, scenario soak.Scenario, server *server, out *output) (r *soak.Report, err error) {
	config := load.Config{
		Probes: scenario.Probes, Concurrency: scenario.Concurrency, Rate: scenario.Rate,
		Timeout: scenario.Timeout, ConnectionPerRequest: scenario.ConnectionPerRequest, AllowRemote: plan.allowRemote,
		Access: plan.access,
	}
	driver, err := newSpread(config, server.urls())
	if err != nil {
		return nil, usage(err, "")
	}
	defer driver.Close()
	defer context.AfterFunc(ctx, driver.Close)()
	goroutines, err := goroutineReader(ctx, plan, scenario.Timeout)
	if err != nil {
		return nil, err
	}
	climber, err := server.climbers(plan, scenario)
	if err != nil {
		return nil, usage(err, "")
	}
	climb, err := server.climbing(climber, plan)
	if err != nil {
		return nil, usage(err, "")
	}
	scenario.Probes = probesAt(scenario.Probes, server.urls())
	config.BaseURL = server.urls()[0]
	disturbed, err := newDisturber(ctx, plan, server, config, scenario, driver)
	if err != nil {
		return nil, err
	}
	defer func() {
		if ended := disturbed.close(); ended != nil && err == nil {
			err = &exitError{soak.ExitBroken, fmt.Errorf("end the faults: %w", ended), ""}
		}
	}()
	acting, err := disturbed.newActor(ctx, server, plan, config, scenario, climb, quit)
	if err != nil {
		return nil, err
	}
	defer acting.load.Close()
	scenario.Probes = append(scenario.Probes, faultProbes(plan.faults)...)
	scenario.Acts = actsOf(plan.acts)
	return soakLoop(ctx, plan, out, soak.Loop{
		Run: rand.Text()[:12], Source: source(),
		Start: soak.Start{
			Tool: "hermes-soak " + version, Platform: runtime.GOOS + "/" + runtime.GOARCH,
			Scenario: scenario, Target: server.Target, Baseline: plan.against.figures,
		},
		Driver: disturbed, Sampler: server.sampling(plan.trace), Climb: climb, Peek: climber.Peek, Goroutines: goroutines, Actor: acting,
		Stored: disturbed.stored(server), Recorder: out, Quit: quit,
	})
}

// soakLoop carries out the soak, or goes on with one.
func soakLoop(ctx context.Context, plan targetPlan, out *output, loop soak.Loop) (*soak.Report, error) {
	if err := plan.against.refuse(loop.Start); err != nil {
		return nil, err
	}
	out.begin(loop.Start)
	if plan.resumed != nil {
		plan.resumed.goOn(ctx, &loop, out)
	}
	r, err := loop.Soak(ctx)
	if errors.Is(err, soak.ErrNotResumed) && ctx.Err() == nil {
		return nil, plan.resumed.notResumed(err)
	}
	if err != nil {
		if errors.Is(err, context.Canceled) {
			err = errors.New("left at once, without a verdict")
		}
		return nil, &exitError{soak.ExitUnknown, err, ""}
	}
	return r, nil
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}
