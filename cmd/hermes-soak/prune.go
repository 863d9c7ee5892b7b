package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"hermes-soak/reports/history"
	"hermes-soak/soak"
)

func pruneCommand() *cli.Command {
	return &cli.Command{
		Name:  "prune",
		Usage: "remove runs from the history, the oldest first, and give their room back to the disk",
		Description: "What is over one of the limits goes. A run that was written to in the last 24 hours and has no answer may be\n" +
			"under way, and stays.",
		Flags: append(withEnv([]cli.Flag{historyFlag()}),
			&cli.IntFlag{Name: "keep", Value: -1, DefaultText: "no limit", Usage: "the last `N` runs stay"},
			&cli.StringFlag{Name: "older", Usage: "runs that began that `TIME` ago or earlier go, such as 30d or 12h"},
			&cli.StringFlag{Name: "max-size", Usage: "the file may have `SIZE`, such as 500MiB"},
		),
		Action: func(c *cli.Context) error {
			limits, err := limitsFrom(c)
			if err != nil {
				return usage(err, "see "+helpFor(c))
			}
			return withHistory(func(c *cli.Context, h *history.History) error { return pruneRuns(c, h, limits) })(c)
		},
	}
}

func pruneRuns(c *cli.Context, h *history.History, limits history.Limits) error {
	ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
	defer stop()
	gone, err := h.Prune(ctx, limits, time.Now())
	for _, r := range gone {
		fmt.Fprintf(c.App.Writer, "removed %s of %s\n", r.ID, r.Started.Local().Format(time.DateTime))
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return &exitError{soak.ExitBroken, fmt.Errorf("prune: interrupted, %s removed", counted(len(gone), "run", "runs")), "call it again to remove the others and give back the room"}
	case err != nil:
		return &exitError{soak.ExitBroken, err, ""}
	}
	return total(c, h, counted(len(gone), "run", "runs")+" removed from")
}

func limitsFrom(c *cli.Context) (l history.Limits, err error) {
	l = history.Limits{Keep: c.Int("keep"), Size: -1}
	if !c.IsSet("keep") && c.String("older") == "" && c.String("max-size") == "" {
		return l, errors.New("prune needs a limit: --keep, --older or --max-size")
	}
	if c.IsSet("keep") && l.Keep < 0 {
		return l, fmt.Errorf("keep: want a number of runs, not %d", l.Keep)
	}
	if text := c.String("older"); text != "" {
		if l.Older, err = parseAge(text); err != nil {
			return l, fmt.Errorf("older: %w", err)
		}
	}
	if text := c.String("max-size"); text != "" {
		if l.Size, err = parseSize(text); err != nil {
			return l, fmt.Errorf("max-size: %w", err)
		}
	}
	return l, nil
}

// parseAge reads a duration, which may also be in days.
func parseAge(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		var n float64
		n, err = strconv.ParseFloat(days, 64)
		d = time.Duration(n * 24 * float64(time.Hour))
		if math.IsNaN(n) || n > math.MaxInt64/float64(24*time.Hour) {
			d = 0
		}
	}
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("want a time such as 30d or 12h, not %q", text)
	}
	return d, nil
}

// sizes are the units of a size, each 1024 of the one before.
var sizes = []string{"KiB", "MiB", "GiB"}

// parseSize reads a size in bytes.
func parseSize(text string) (int64, error) {
	number, unit := text, int64(1)
	for i, name := range sizes {
		if n, ok := strings.CutSuffix(text, name); ok {
			number, unit = n, 1<<(10*(i+1))
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return 0, fmt.Errorf("want a size such as 500MiB, 2GiB or a number of bytes, not %q", text)
	}
	return n * unit, nil
}

// sizeText is a size in the largest unit of which it has one.
func sizeText(n int64) string {
	for i := len(sizes) - 1; i >= 0; i-- {
		if unit := int64(1) << (10 * (i + 1)); n >= unit {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(unit), sizes[i])
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
