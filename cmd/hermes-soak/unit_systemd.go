package main

import (
	_ "embed" // of the template
	"fmt"
	"regexp"
	"strings"
	"text/template"

	"github.com/urfave/cli/v2"
)

//go:embed unit_systemd.tmpl
var systemdText string

var systemdTemplate = template.Must(template.New("").Funcs(template.FuncMap{
	"command": systemdCommand, "quote": systemdQuote, "percent": systemdPercent,
}).Parse(systemdText))

// printSystemd prints a service, and its timer.
func printSystemd(c *cli.Context, s service) error {
	// systemd takes the rest of that line, as it stands.
	if strings.TrimSpace(s.Dir) != s.Dir || strings.HasSuffix(s.Dir, `\`) || strings.ContainsAny(s.Dir, "\t\n\r") {
		return usage(fmt.Errorf("systemd cannot be told the path of this folder, %q", s.Dir), "go to another one")
	}
	if strings.ContainsAny(s.Args[0], "\"'\\\t\n\r") {
		return usage(fmt.Errorf("systemd takes no program whose path has quotes, backslashes or tabs: %q", s.Args[0]), "install hermes-soak elsewhere")
	}
	return systemdTemplate.Execute(c.App.Writer, s)
}

// systemdCommand is a command line of systemd.service(5). Of the program alone a dollar
// sign stands for itself.
func systemdCommand(args []string) string {
	words := []string{systemdQuote(args[0])}
	for _, a := range args[1:] {
		words = append(words, systemdQuote(strings.ReplaceAll(a, "$", "$$")))
	}
	return strings.Join(words, " ")
}

var systemdPlain = regexp.MustCompile(`^[A-Za-z0-9_@+=:,./-]+$`)

// systemdQuote is one word as systemd.syntax(7) unquotes it, with no specifier in it.
func systemdQuote(word string) string {
	word = systemdPercent(word)
	if systemdPlain.MatchString(word) {
		return word
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\t", `\t`, "\n", `\n`, "\r", `\r`).Replace(word) + `"`
}

// systemdPercent has each % stand for itself.
func systemdPercent(text string) string { return strings.ReplaceAll(text, "%", "%%") }

// Calendar is the time of day as systemd.time(7) has it.
func (s service) Calendar() string { return "*-*-* " + s.At.Format("15:04:05") }

// Folder is where the files of the service belong.
func (s service) Folder() string {
	if s.User == "" {
		return "~/.config/systemd/user"
	}
	return "/etc/systemd/system"
}

// Systemctl talks to the manager that it belongs to.
func (s service) Systemctl() string {
	if s.User == "" {
		return "systemctl --user"
	}
	return "systemctl"
}

// Enabled is what begins the watches.
func (s service) Enabled() string {
	if s.Daily() {
		return s.Name + ".timer"
	}
	return s.Name + ".service"
}
