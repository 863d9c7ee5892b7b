package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"hermes-soak/reports"
	"hermes-soak/soak"
	"hermes-soak/target/python/audit"
)

func auditCommand(split bool) *cli.Command {
	return &cli.Command{
		Name:      "audit",
		Usage:     "find SQLite connections in Python source that nothing closes",
		UsageText: "hermes-soak audit [flags] DIR",
		Description: "Reads the Python files below DIR; imports, runs and writes nothing of them. It needs a Python of 3.8 or\n" +
			"later, best the target's own. A line of the finding may take it back, with a reason:\n\n" +
			"  conn = sqlite3.connect(path)  # hermes-soak: ignore[HS002] the process ends right behind it\n\n" +
			"Folders named .git, venv, .venv, node_modules, __pycache__ or site-packages are left out.\n\n" +
			"Exit status: 0 nothing found, 1 something found, 2 usage, 3 nothing found, but something could not be\n" +
			"read or there is no Python file, 4 the audit could not be made.",
		Flags: withEnv([]cli.Flag{
			&cli.StringFlag{Name: "python", Value: "python3", Usage: "the interpreter that parses the files: the target's own, `PATH` or name"},
			&cli.StringFlag{Name: "evidence", Usage: "the record `RUN.jsonl` of a traced run: what it confirms comes first, also where no rule finds it"},
			&cli.StringSliceFlag{Name: "report", Usage: "write `FORMAT=FILE`: json or sarif; repeatable"},
		}),
		Before: func(c *cli.Context) error {
			switch {
			case split:
				return usage(errors.New("audit takes no command behind --"), "see "+helpFor(c))
			case c.NArg() == 0:
				return usage(errors.New("audit needs a folder"), "as in: hermes-soak audit .")
			case c.NArg() > 1:
				return usage(fmt.Errorf("audit takes one folder, not also %q", c.Args().Get(1)), "flags stand before it; see "+helpFor(c))
			}
			return nil
		},
		Action: auditFolder,
	}
}

// auditFolder audits, and writes what was found.
func auditFolder(c *cli.Context) error {
	dir := c.Args().First()
	if info, err := os.Stat(dir); err != nil {
		return usage(fmt.Errorf("audit: %w", err), "")
	} else if !info.IsDir() {
		return usage(fmt.Errorf("audit: %s is not a folder", dir), "it takes the folder that the server's imports start from")
	}
	run, err := evidence(c)
	if err != nil {
		return err
	}
	files, err := auditReports(c.StringSlice("report"))
	if err != nil {
		return err
	}
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
	defer stop()
	found, err := audit.Run(ctx, c.String("python"), dir)
	if err != nil {
		return &exitError{soak.ExitBroken, err, "--python names the interpreter, of 3.8 or later"}
	}
	found.Tool = version
	if run != nil {
		found.Confirm(run, func(path string) string { return within(dir, path) })
	}
	errs := []error{reports.AuditText(c.App.Writer, found)}
	for _, f := range files {
		errs = append(errs, f.write(f, found), f.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return &exitError{soak.ExitBroken, err, ""}
	}
	if found.Exit() != soak.ExitPass {
		return &exitError{status: found.Exit()}
	}
	return nil
}

// within is the path below the folder of a file that a run names from the root, or
// from another folder; the name itself where the folder has none such.
func within(dir, name string) string {
	for rest, more := name, true; more; _, rest, more = strings.Cut(rest, "/") {
		if info, err := os.Stat(filepath.Join(dir, rest)); err == nil && info.Mode().IsRegular() {
			return rest
		}
	}
	return name
}

// evidence reads and judges the record of a traced run.
func evidence(c *cli.Context) (*soak.Report, error) {
	name := c.String("evidence")
	if name == "" {
		return nil, nil
	}
	in, err := openRecord(c, name)
	if err != nil {
		return nil, usage(err, "")
	}
	defer in.Close()
	report := soak.NewReport()
	if err := reports.Read(in, report.Apply); err != nil {
		return nil, usage(fmt.Errorf("evidence %s: %w", name, err), "")
	}
	if report.Trace == nil {
		return nil, usage(fmt.Errorf("evidence %s: the run was not traced", name), "a launched Python target is: hermes-soak run --report jsonl=FILE --url URL -- python3 server.py")
	}
	soak.Judge(report) // what leaks for good is a failure by growth
	return report, nil
}

// auditFile is a report of an audit.
type auditFile struct {
	*os.File
	write func(io.Writer, *soak.Audit) error
}

// auditReports opens the reports, so that a path that cannot be written is known
// before the work.
func auditReports(asked []string) (files []auditFile, err error) {
	defer func() {
		if err != nil {
			for _, f := range files {
				f.Close()
			}
		}
	}()
	formats := map[string]func(io.Writer, *soak.Audit) error{"json": reports.AuditJSON, "sarif": reports.SARIF}
	for _, r := range asked {
		format, path, _ := strings.Cut(r, "=")
		if formats[format] == nil || path == "" || path == "-" {
			return files, usage(fmt.Errorf("report %q: want json=FILE or sarif=FILE", r), "")
		}
		if slices.ContainsFunc(files, func(f auditFile) bool { return f.Name() == path }) {
			return files, usage(fmt.Errorf("report %s: %s is written by another report", format, path), "")
		}
		f, err := os.Create(path)
		if err != nil {
			return files, usage(fmt.Errorf("report %s: %w", format, err), "")
		}
		files = append(files, auditFile{f, formats[format]})
	}
	return files, nil
}
