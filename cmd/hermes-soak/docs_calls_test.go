package main

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"mvdan.cc/sh/v3/syntax"
)

// allFlags are the names of the flags of all commands.
func allFlags() (names []string) {
	for _, c := range allCommands(newApp(io.Discard, io.Discard, nil, false)) {
		names = append(names, flagNames(c)...)
	}
	return append(names, "version")
}

// allCommands are the commands and those below them.
func allCommands(app *cli.App) (all []*cli.Command) {
	for _, c := range app.Commands {
		all = append(append(all, c), c.Subcommands...)
	}
	return all
}

// parseCalls lets the program parse its calls in a shell's text.
func parseCalls(text string) (calls int, err error) {
	file, err := syntax.NewParser().Parse(strings.NewReader(runGo.ReplaceAllString(text, "hermes-soak")), "")
	if err != nil {
		return 0, err
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		call, ok := n.(*syntax.CallExpr)
		if !ok {
			return true
		}
		var words []string
		for _, w := range call.Args {
			words = append(words, literal(w))
		}
		at := slices.Index(words, "hermes-soak")
		if at < 0 || at+1 == len(words) || at > 0 && !slices.Contains([]string{"exec", "sudo", "timeout", "env"}, words[0]) {
			return true
		}
		calls++
		err = errors.Join(err, parseCall(words[at:]))
		return true
	})
	return calls, err
}

// literal is a word as the shell would hand it on, but for what only it knows.
func literal(w *syntax.Word) (text string) {
	syntax.Walk(w, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Lit:
			text += strings.ReplaceAll(n.Value, `\`, "")
		case *syntax.SglQuoted:
			text += n.Value
		case *syntax.ParamExp, *syntax.CmdSubst:
			text += "1"
			return false
		}
		return true
	})
	return text
}

// parseCall parses one call, and does nothing of it.
func parseCall(words []string) error {
	ours, behind, split := splitCommand(words)
	app := newApp(io.Discard, io.Discard, behind, split)
	for _, c := range allCommands(app) {
		if c.Subcommands == nil {
			c.Action = func(*cli.Context) error { return nil }
		}
		if slices.Contains(flagNames(c), "config") { // it would read a file of settings
			c.Before = nil
		}
	}
	return app.Run(ours)
}
