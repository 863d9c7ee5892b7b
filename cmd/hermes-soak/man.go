package main

import (
	_ "embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/urfave/cli/v2"
)

// manMarkdown is the manual: what no flag says of itself, round the words of --help.
//
//go:embed man.md
var manMarkdown string

func manCommand() *cli.Command {
	return &cli.Command{
		Name:        "man",
		Usage:       "print the manual page",
		Description: "It is read with:  hermes-soak man | man -l -",
		Action: func(c *cli.Context) error {
			page, err := manPage(c.App)
			if err == nil {
				_, err = c.App.Writer.Write(page)
			}
			return err
		},
	}
}

// manPage is the manual in roff.
func manPage(app *cli.App) ([]byte, error) {
	part := func(i int) func(cli.Flag) string {
		return func(f cli.Flag) string { // the two halves of the line of --help
			halves := strings.SplitN(f.String(), "\t", 2)
			return inMarkdown(halves[i])
		}
	}
	t, err := template.New("man").Funcs(template.FuncMap{"text": inMarkdown, "names": part(0), "meaning": part(1)}).Parse(manMarkdown)
	if err != nil {
		return nil, fmt.Errorf("read the manual: %w", err)
	}
	var page strings.Builder
	if err := t.Execute(&page, app); err != nil {
		return nil, fmt.Errorf("write the manual: %w", err)
	}
	return md2man.Render([]byte(page.String())), nil
}

// inMarkdown is a text that means itself in Markdown.
func inMarkdown(text string) string {
	return strings.NewReplacer(`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `<`, `\<`, `[`, `\[`, `]`, `\]`).Replace(text)
}
