package main

import (
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
)

// The names of groups of flags in --help.
const (
	flagsTarget  = "Target"
	flagsBundled = "Bundled WebUI"
	flagsLoad    = "Load"
	flagsRequest = "Requests"
	flagsChecks  = "Checks"
	flagsFaults  = "Faults"
	flagsReports = "Reports"
)

// profile is a named size of run.
type profile struct {
	name              string
	batches, requests int
}

func profiles() []profile {
	return []profile{{"smoke", 5, 40}, {"nightly", 200, 100}, {"release", 1000, 100}}
}

func runFlags() []cli.Flag {
	return append(withEnv(append(settingFlags(), configFlag())), resumeFlag())
}

// settingFlags are all that say what a run does.
func settingFlags() []cli.Flag {
	return slices.Concat(targetFlags(), bundledFlags(), loadFlags(), requestFlags(), checkFlags(), againstFlags(), faultFlags(), traceFlags(), reportFlags(), []cli.Flag{liveFlag()}, recordFlags())
}

// withEnv lets every flag be set by HERMES_SOAK_ and its name; lists have one
// value a line there. A variable that is empty is as one that is not set, where
// the flag library would set a text to "" and a list to one that holds "".
func withEnv(flags []cli.Flag) []cli.Flag {
	for _, f := range flags {
		name := []string{envName(f.Names()[0])}
		if value, found := os.LookupEnv(name[0]); found && value == "" {
			continue
		}
		switch f := f.(type) {
		case *cli.StringFlag:
			f.EnvVars = name
		case *cli.StringSliceFlag:
			f.EnvVars = name
		case *cli.IntFlag:
			f.EnvVars = name
		case *cli.Int64Flag:
			f.EnvVars = name
		case *cli.Uint64Flag:
			f.EnvVars = name
		case *cli.Float64Flag:
			f.EnvVars = name
		case *cli.DurationFlag:
			f.EnvVars = name
		case *cli.BoolFlag:
			f.EnvVars = name
		}
	}
	return flags
}

// envName is the variable that sets a flag.
func envName(flag string) string {
	return "HERMES_SOAK_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func loadFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "profile", Category: flagsLoad, Value: "smoke", Usage: "size of the run: smoke (5 batches of 40 requests), nightly (200 of 100) or release (1000 of 100)"},
		&cli.StringSliceFlag{Name: "endpoint", Category: flagsLoad, Usage: "`PATH` to poll; repeatable (default: /api/sessions and /api/projects)"},
		&cli.IntFlag{Name: "batches", Category: flagsLoad, Usage: "number of batches (default: the profile's)"},
		&cli.IntFlag{Name: "requests", Category: flagsLoad, Usage: "requests in a batch (default: the profile's)"},
		&cli.DurationFlag{Name: "for", Category: flagsLoad, Usage: "poll for this long, such as 8h, instead of a number of batches; such a run is never extended, but where something grew that the requests do not explain, an idle stretch as long as the load follows"},
		&cli.BoolFlag{Name: "no-extend", Category: flagsLoad, Usage: "send what was planned and no more (default: where that does not decide growth, twice the batches, then four times)"},
		&cli.IntFlag{Name: "concurrency", Category: flagsLoad, Value: 1, Usage: "requests in flight at once; with 1 the checks see most"},
		&cli.Float64Flag{Name: "rate", Category: flagsLoad, Usage: "requests per second inside a load wave (default: as fast as the server answers)"},
		&cli.DurationFlag{Name: "timeout", Category: flagsLoad, Value: 10 * time.Second, Usage: "of one request"},
		&cli.BoolFlag{Name: "connection-per-request", Category: flagsLoad, Usage: "open a connection for every request, as curl in a loop does"},
		&cli.DurationFlag{Name: "drain", Category: flagsLoad, Value: 2 * time.Second, Usage: "least time without requests at the end; a tenth of the load if that is longer"},
		&cli.Uint64Flag{Name: "seed", Category: flagsLoad, Usage: "of all that is random in the run (default: drawn, and printed)"},
		&cli.StringSliceFlag{Name: "allow-remote", Category: flagsLoad, Usage: "send load to `HOST` although it is not loopback; repeatable"},
	}
}

func checkFlags() []cli.Flag {
	return []cli.Flag{
		watchFlag("state.db*, *.db* and *.sqlite*, where one is seen open"),
		&cli.StringSliceFlag{Name: "allow", Category: flagsChecks, Usage: "`PATTERN=N` handles that may stay open in a watched group; repeatable"},
		&cli.StringSliceFlag{Name: "gate", Category: flagsChecks, Usage: "`GAUGE` that may not grow either: rss; repeatable"},
		&cli.StringFlag{Name: "pprof", Category: flagsChecks, Usage: "`URL` of a Go server's profiles, such as http://127.0.0.1:6060/debug/pprof: no stack may hold more goroutines with every batch"},
		&cli.StringSliceFlag{Name: "skip", Category: flagsChecks, Usage: "`CHECK` that is not made: " + strings.Join(soak.CheckNames(), ", ") + "; repeatable"},
		&cli.StringFlag{Name: "tolerance", Category: flagsChecks, Usage: "growth of `RATE` per request that is let pass, such as 1/1000; a pass must have ruled out more (default: every leak fails)"},
		&cli.BoolFlag{Name: "fail-fast", Category: flagsChecks, Usage: "end the load once growth has failed, and by much, at three looks running of those after 5, 10, 20, 40 ... batches"},
		&cli.StringFlag{Name: "max-errors", Category: flagsChecks, Value: "1%", Usage: "share of answers that may be errors"},
		&cli.DurationFlag{Name: "p99", Category: flagsChecks, Usage: "fail when 1 % of an endpoint's answers take longer (default: not asked)"},
		&cli.DurationFlag{Name: "horizon", Category: flagsChecks, Usage: "fail a leak that would reach the limit sooner than this (default: not asked)"},
		&cli.DurationFlag{Name: "poll-every", Category: flagsChecks, Value: 5 * time.Second, Usage: "pace of one client in production, for forecasts"},
	}
}

// watchFlag replaces the groups that are watched otherwise.
func watchFlag(otherwise string) cli.Flag {
	return &cli.StringSliceFlag{Name: "watch", Category: flagsChecks,
		Usage: "file group that must be given back: `PATTERN` of a base name, or of a path if it holds a slash; repeatable (default: " + otherwise + ")"}
}

func reportFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "report", Category: flagsReports, Usage: formatsHelp()},
		&cli.BoolFlag{Name: "quiet", Category: flagsReports, Usage: "print only checks that did not pass, and the verdict"},
		&cli.StringFlag{Name: "color", Category: flagsReports, Value: "auto", Usage: "auto, always or never; NO_COLOR is honoured"},
	}
}
