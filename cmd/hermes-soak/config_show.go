package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
	"hermes-soak/soak/plan"
)

// showConfig prints the plan in effect as YAML, but for what is not set and asks
// for nothing.
func showConfig(c *cli.Context, command []string, split bool) error {
	scenario, err := scenarioFrom(c)
	if err != nil {
		return usage(fileOf(c).blame(err), "see hermes-soak run --help")
	}
	if _, err := planFrom(c, command, split); err != nil {
		return fileOf(c).blame(err)
	}
	environment, err := contextOf(c.App, withEnv(settingFlags()))
	if err != nil {
		return usage(err, "")
	}
	var out strings.Builder
	for _, k := range fileKeys() {
		value, from := valueIn(c, k), sourceOf(c, environment, k)
		switch {
		case k.Name == "batches" && !c.IsSet(k.Name) && scenario.Batches > 0:
			value, from = fmt.Sprint(scenario.Batches), "profile "+c.String("profile")
		case k.Name == "requests" && !c.IsSet(k.Name):
			value, from = fmt.Sprint(scenario.Requests), "profile "+c.String("profile")
		case k.Name == "login" && scenario.Login != nil:
			value = inJSON(scenario.Login.Name)
		case !c.IsSet(k.Name) && slices.Contains([]string{"", `""`, "[]", "{}", "0", "0s", "false"}, value):
			continue
		}
		fmt.Fprintf(&out, "%s: %s # %s\n", k.Name, value, from)
	}
	from := sourceOf(c, environment, plan.Key{Name: "endpoint"})
	if file := fileOf(c); file.endpoints {
		from = file.path
	}
	fmt.Fprintf(&out, "endpoint: # %s\n", from)
	for _, p := range scenario.Probes {
		fmt.Fprintf(&out, "  - %s\n", inJSON(probeInYAML(p)))
	}
	_, err = fmt.Fprint(c.App.Writer, out.String())
	return err
}

// sourceOf says where a value comes from. environment has what the variables
// alone would set.
func sourceOf(c, environment *cli.Context, k plan.Key) string {
	file := fileOf(c)
	switch s := file.setting(k.Name); {
	case s != nil:
		return fmt.Sprintf("%s:%d", file.path, s.Place.Line)
	case !c.IsSet(k.Name):
		return "default"
	case fromVariable(c, environment, k.Name):
		return envName(k.Name)
	}
	return "--" + k.Name
}

// fromVariable reports whether a flag has the value that its variable says.
func fromVariable(c, environment *cli.Context, name string) bool {
	if !environment.IsSet(name) {
		return false
	}
	if list := c.StringSlice(name); list != nil {
		return strings.Join(list, "\n") == os.Getenv(envName(name))
	}
	return c.Value(name) == environment.Value(name)
}

// valueIn is the value of a flag in YAML, without secrets.
func valueIn(c *cli.Context, k plan.Key) string {
	switch {
	case k.Name == "basic" && c.String(k.Name) != "":
		user, _, _ := strings.Cut(c.String(k.Name), ":")
		return inJSON(user + ":…")
	case k.Name == "login-body" && c.String(k.Name) != "":
		return inJSON("…")
	case k.Kind == plan.Headers:
		headers := map[string]string{}
		for _, h := range c.StringSlice(k.Name) {
			name, _, _ := strings.Cut(h, ":")
			headers[name] = "…"
		}
		return inJSON(headers)
	case k.Kind == plan.Texts, k.Kind == plan.Specs:
		all := append([]string{}, c.StringSlice(k.Name)...)
		if k.Kind == plan.Specs {
			for i, spec := range all {
				all[i] = query.ReplaceAllString(spec, "?...") // a path of a fault takes no …
			}
		}
		return inJSON(all)
	case k.Kind == plan.Text:
		return inJSON(c.String(k.Name))
	}
	return fmt.Sprint(c.Value(k.Name))
}

// probeInYAML is a probe in the words of a file.
func probeInYAML(p soak.Probe) map[string]any {
	m := requestInYAML(p.Request)
	if p.Weight > 0 {
		m["weight"] = p.Weight
	}
	if !p.Expect.IsZero() {
		e := map[string]any{}
		for _, s := range p.Expect.Status {
			statuses, _ := e["status"].([]string)
			e["status"] = append(statuses, s.String())
		}
		set(e, "type", p.Expect.Type)
		set(e, "json", p.Expect.JSON)
		set(e, "min-bytes", p.Expect.MinBytes)
		set(e, "min-items", p.Expect.MinItems)
		m["expect"] = e
	}
	for name, steps := range map[string][]soak.Request{"before": p.Before, "after": p.After} {
		var all []map[string]any
		for _, r := range steps {
			all = append(all, requestInYAML(r))
		}
		if all != nil {
			m[name] = all
		}
	}
	return m
}

func requestInYAML(r soak.Request) map[string]any {
	path, query, asks := strings.Cut(r.Path, "?")
	if asks && query != "" {
		_, query, _ = strings.Cut(r.Name, "?")
		query, _, _ = strings.Cut(query, " #") // a name may be numbered
		path += "?" + query
	}
	m := map[string]any{"method": r.Method, "path": path}
	set(m, "type", r.ContentType)
	if r.Body.Reveal() != "" {
		m["body"] = "…"
	}
	headers := map[string]string{}
	for _, h := range r.Headers {
		headers[h.Name] = "…"
	}
	if len(headers) > 0 {
		m["header"] = headers
	}
	return m
}

// set sets what is not zero.
func set[T comparable](m map[string]any, name string, value T) {
	var zero T
	if value != zero {
		m[name] = value
	}
}

// inJSON is v in JSON, which is YAML too.
func inJSON(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // texts, numbers, lists and maps of them always can be
	return strings.TrimSpace(b.String())
}
