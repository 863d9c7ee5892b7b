package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v3/disk"
	"github.com/urfave/cli/v2"

	"hermes-soak/reports"
	"hermes-soak/soak"
	"hermes-soak/soak/load"
)

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Usage:     "say what can be measured on this machine, and what to do about the rest",
		UsageText: "hermes-soak doctor [--pid PID | --url URL]",
		Description: "Looks and changes nothing; sends no request. With --pid, or --url, it also reads that server\n" +
			"once, as a soak would.\n\n" +
			"Exit status: 0 all that a soak needs can be measured, 2 usage, 3 something is limited, such as\n" +
			"handles that can only be counted, 4 nothing can be measured.",
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "pid", Usage: "also look at the process `PID` and all below it"},
			&cli.StringFlag{Name: "url", Usage: "also look at the server that listens at `URL`, such as http://127.0.0.1:8787"},
		},
		Action: doctor,
	}
}

func doctor(c *cli.Context) error {
	m := machine{root: procRoot, uid: os.Geteuid(), pid: c.Int("pid"), url: c.String("url"), output: commandOutput, free: freeBytes}
	switch {
	case c.IsSet("pid") && c.IsSet("url"):
		return usage(errors.New("--pid and --url are two ways to name a server; give one"), "")
	case c.IsSet("pid") && m.pid < 1:
		return usage(fmt.Errorf("pid: want a process id, not %d", m.pid), "")
	case c.IsSet("url"):
		if _, err := load.ParseURL(m.url); err != nil {
			return usage(err, "")
		}
	}
	status, err := m.examine(c.Context, c.App.Writer, slices.Concat(platformRows(), commonRows(), m.targetRows()))
	if err != nil {
		return &exitError{soak.ExitBroken, err, ""}
	}
	if status == soak.ExitPass {
		return nil
	}
	return &exitError{status: status}
}

// machine is where doctor looks.
type machine struct {
	root string // where Linux shows its processes
	uid  int
	pid  int    // of the server that was asked for, or 0
	url  string // where it listens, or ""
	// output runs a program and returns the first line that it writes.
	output func(ctx context.Context, name string, args ...string) (string, error)
	free   func(dir string) (uint64, error)
}

// anyServer reports whether no server was named: then what other users' processes
// show counts too.
func (m machine) anyServer() bool { return m.pid == 0 && m.url == "" }

// row is one thing that doctor looks at.
type row struct {
	name string
	look func(context.Context, machine) finding
}

// finding is what a look found.
type finding struct {
	mark     string
	evidence string
	advice   string // "" where there is nothing to do
	exit     int    // what it makes of a soak
}

// fine: as it should be.
func fine(evidence string) finding {
	return finding{mark: "ok", evidence: evidence, exit: soak.ExitPass}
}

// note: not as it should be, and a soak measures all the same.
func note(evidence, advice string) finding {
	return finding{"warn", evidence, advice, soak.ExitPass}
}

// limited: a soak measures less.
func limited(evidence, advice string) finding {
	return finding{"warn", evidence, advice, soak.ExitUnknown}
}

// cannot: a soak measures nothing.
func cannot(evidence, advice string) finding {
	return finding{"cannot", evidence, advice, soak.ExitBroken}
}

// examine prints the rows and the conclusion, and returns the exit status. Its
// error is that of printing.
func (m machine) examine(ctx context.Context, w io.Writer, rows []row) (int, error) {
	columns, exit := width(w), soak.ExitPass
	var why []string
	for _, r := range rows {
		f := r.look(ctx, m)
		switch {
		case f.exit > exit:
			exit, why = f.exit, []string{r.name}
		case f.exit == exit:
			why = append(why, r.name)
		}
		if _, err := fmt.Fprintln(w, layout(r.name, f, columns)); err != nil {
			return 0, fmt.Errorf("print what was found: %w", err)
		}
	}
	line := "READY: all that a soak needs can be measured here"
	switch exit {
	case soak.ExitUnknown:
		line = "LIMITED: a soak can measure, with less to see: " + strings.Join(why, ", ")
	case soak.ExitBroken:
		line = "BLIND: nothing can be measured: " + strings.Join(why, ", ")
	}
	if _, err := fmt.Fprintln(w, strings.Join(broken(line, columns), "\n")); err != nil {
		return 0, fmt.Errorf("print what was found: %w", err)
	}
	return exit, nil
}

// narrow is the width below which the columns would leave no room for text.
const narrow = 72

// layout is a finding in columns, or in lines of its own on a narrow terminal;
// columns is 0 where there is none.
func layout(name string, f finding, columns int) string {
	const names = 16
	indent, head := len("cannot  ")+names, fmt.Sprintf("%-8s%-*s", f.mark, names, name)
	if columns > 0 && columns < narrow {
		indent, head = 2, fmt.Sprintf("%s %s:\n  ", f.mark, name)
	}
	room := 0
	if columns > 0 {
		room = max(columns-indent, 1)
	}
	lines := broken(reports.Printable(f.evidence), room)
	if f.advice != "" {
		lines = append(lines, broken("-> "+f.advice, room)...)
	}
	return head + strings.Join(lines, "\n"+strings.Repeat(" ", indent))
}

// broken is a text in lines between its words, none longer than room unless a word
// is; room is 0 where it is one line.
func broken(text string, room int) []string {
	if room == 0 {
		return []string{text}
	}
	var lines []string
	for word := range strings.FieldsSeq(text) {
		last := len(lines) - 1
		if last < 0 || len([]rune(lines[last]))+1+len([]rune(word)) > room {
			lines = append(lines, word)
		} else {
			lines[last] += " " + word
		}
	}
	return lines
}

// commandOutput runs a program that answers at once.
func commandOutput(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// freeBytes is the room that we may fill on the disk of dir.
func freeBytes(dir string) (uint64, error) {
	usage, err := disk.Usage(dir)
	if err != nil {
		return 0, err
	}
	return usage.Free, nil
}
