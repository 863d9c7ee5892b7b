package main

import (
	_ "embed" // of the file that is written
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
	"hermes-soak/soak/plan"
)

//go:embed init.yaml
var initYAML []byte

// schemaName is what the first line of the file names, so that an editor needs
// no network.
const schemaName = "hermes-soak.schema.json"

func initCommand(split bool) *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "write a file of settings to begin with, and its schema for editors beside it",
		UsageText: "hermes-soak init [FILE]",
		Description: "Writes " + configName + " (or FILE) and " + schemaName + " in the same folder. The file's first line names\n" +
			"the schema, which editors with a YAML language server read. Nothing is overwritten.",
		Before: oneFile(split),
		Action: writeInit,
	}
}

// writeInit writes both files or none.
func writeInit(c *cli.Context) error {
	schema, err := plan.Schema(fileKeys())
	if err != nil {
		return err
	}
	path := fileArgument(c)
	beside := filepath.Join(filepath.Dir(path), schemaName)
	if err := writeNew(path, initYAML); err != nil {
		return err
	}
	if err := writeNew(beside, append(schema, '\n')); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	_, err = fmt.Fprintf(c.App.Writer, "wrote %s and %s\n", path, beside)
	return err
}

// writeNew writes a file that is not there yet.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usage(fmt.Errorf("init: %s is there already", path), "nothing is overwritten; name another file, or move that one")
	}
	if err != nil {
		return usage(fmt.Errorf("init: %w", err), "")
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return &exitError{soak.ExitBroken, errors.Join(fmt.Errorf("init: %w", err), os.Remove(path)), ""}
	}
	return nil
}
