package main

import (
	_ "embed" // of the template
	"encoding/xml"
	"fmt"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/urfave/cli/v2"
)

//go:embed unit_launchd.tmpl
var launchdText string

var launchdTemplate = template.Must(template.New("").Funcs(template.FuncMap{"xml": xmlText}).Parse(launchdText))

// printLaunchd prints a property list.
func printLaunchd(c *cli.Context, s service) (err error) {
	if s.Home, err = serviceHome(s.User); err != nil {
		return usage(fmt.Errorf("user: %w", err), "launchd has to be told the home of the service")
	}
	return launchdTemplate.Execute(c.App.Writer, s)
}

// Log is the file that the service writes what it says to.
func (s service) Log() string { return filepath.Join(s.Home, "Library", "Logs", s.Name+".log") }

// xmlText is text as it stands in XML.
func xmlText(text string) (string, error) {
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(text))
	return b.String(), err
}
