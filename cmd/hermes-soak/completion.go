package main

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// The scripts ask the program for what may come next, and only know how their shell
// wants to be told.
var (
	//go:embed completion/hermes-soak.bash
	bashCompletion string
	//go:embed completion/hermes-soak.zsh
	zshCompletion string
	//go:embed completion/hermes-soak.fish
	fishCompletion string
	//go:embed completion/hermes-soak.ps1
	powershellCompletion string
)

// shell is one that completes our command line.
type shell struct{ name, script string }

func shells() []shell {
	return []shell{{"bash", bashCompletion}, {"zsh", zshCompletion}, {"fish", fishCompletion}, {"powershell", powershellCompletion}}
}

func shellNames() (names []string) {
	for _, s := range shells() {
		names = append(names, s.name)
	}
	return names
}

func completionCommand(split bool) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print the script that lets a shell complete the command line",
		UsageText: "hermes-soak completion " + strings.Join(shellNames(), "|"),
		Description: "For this shell alone, or in the file that it reads at its start:\n\n" +
			"  bash         . <(hermes-soak completion bash)\n" +
			"  zsh          . <(hermes-soak completion zsh)\n" +
			"  fish         hermes-soak completion fish | source\n" +
			"  PowerShell   hermes-soak completion powershell | Out-String | Invoke-Expression",
		Before: func(c *cli.Context) error {
			if split {
				return usage(errors.New("completion takes no command behind --"), "see "+helpFor(c))
			}
			return nil
		},
		Action: printCompletion,
	}
}

func printCompletion(c *cli.Context) error {
	known := "the shells are " + strings.Join(shellNames(), ", ")
	if c.NArg() != 1 {
		return usage(fmt.Errorf("completion takes one shell, not %d", c.NArg()), known)
	}
	for _, s := range shells() {
		if s.name == c.Args().First() {
			_, err := fmt.Fprint(c.App.Writer, s.script)
			return err
		}
	}
	return usage(fmt.Errorf("completion: there is no shell %q", c.Args().First()), known)
}
