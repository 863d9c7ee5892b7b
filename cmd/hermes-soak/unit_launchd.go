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
		return usage(fmt.Errorf("find the home that launchd has to be told: %w", err), "set HOME, or give --user")
	}
	return launchdTemplate.Execute(c.App.Writer, s)
}

// Log is the file that the service writes what it says to. The home of a service's user may
// be nowhere.
func (s service) Log() string {
	root := s.Home
	if s.User != "" {
		root = "/"
	}
	return filepath.Join(root, "Library", "Logs", s.Name+".log")
}

// xmlText is text as it stands in XML.
func xmlText(text string) (string, error) {
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(text))
	return b.String(), err
}
