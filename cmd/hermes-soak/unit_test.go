package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/unit"
	"howett.net/plist"
	"pgregory.net/rapid"
)

// systemdWords splits a command line as systemd.syntax(7) and systemd.service(5) say, and
// refuses what they would replace.
func systemdWords(line string) (words []string, err error) {
	for line != "" {
		var word strings.Builder
		quote := byte(0)
		for ; line != "" && (quote != 0 || line[0] != ' '); line = line[1:] {
			switch c := line[0]; {
			case c == quote:
				quote = 0
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case c == '\\' && len(line) > 1:
				plain, ok := map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', '\\': '\\', '"': '"', '\'': '\''}[line[1]]
				if !ok {
					return nil, fmt.Errorf("\\%c", line[1])
				}
				word.WriteByte(plain)
				line = line[1:]
			case c == '%' || c == '$' && len(words) > 0:
				if len(line) < 2 || line[1] != c {
					return nil, fmt.Errorf("%c would be replaced in %q", c, line)
				}
				word.WriteByte(c)
				line = line[1:]
			case c < ' ' || c == '\\':
				return nil, fmt.Errorf("%q in a line", c)
			default:
				word.WriteByte(c)
			}
		}
		if quote != 0 {
			return nil, errors.New("a quote is open")
		}
		words, line = append(words, word.String()), strings.TrimPrefix(line, " ")
	}
	return words, nil
}

// optionOf is the one value of a section that has a name.
func optionOf(t rapid.TB, text, section, name string) string {
	t.Helper()
	all, err := unit.DeserializeOptions(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	var values []string
	for _, o := range all {
		if o.Section == section && o.Name == name {
			values = append(values, o.Value)
		}
	}
	if len(values) != 1 {
		t.Fatalf("%s= is %q in\n%s", name, values, text)
	}
	return values[0]
}

// unitText is what the program prints.
func unitText(t rapid.TB, args ...string) string {
	t.Helper()
	var out, said bytes.Buffer
	if status := run(context.Background(), append([]string{"hermes-soak"}, args...), &out, &said); status != 0 {
		t.Fatalf("%q: exit status %d: %s", args, status, &said)
	}
	return out.String()
}

// hostileText is text with what means something to systemd, a shell, XML or us.
var hostileText = rapid.OneOf(
	rapid.SampledFrom([]string{"", "%n", "%%", "$HOME", "${HOME}", "$$", ";", "-", "--", "a b", `"`, `'`, `\`, `\\`, `\x41`, "\n", "a\n[Service]\nExecStart=/bin/false", "#", "&<>]]>", "é ✓", "=", "~", "@", "|", "*"}),
	rapid.StringOf(rapid.RuneFrom([]rune("ab %$\\\"'\n\t\r;-={}<&é✓"))),
	rapid.String().Filter(func(s string) bool { return writable(s) == nil }),
)

// TestUnitQuoting: every argument comes back from systemd's quoting and from a property list.
func TestUnitQuoting(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := service{Name: "a", Dir: "/tmp", Home: "/home", Args: append([]string{"/usr/bin/$x %y \\z"}, rapid.SliceOf(hostileText).Draw(t, "args")...)}
		line := systemdCommand(s.Args)
		if words, err := systemdWords(line); err != nil || !slices.Equal(words, s.Args) {
			t.Errorf("%s\nhas the words %q (%v), want %q", line, words, err, s.Args)
		}
		var text bytes.Buffer
		if err := launchdTemplate.Execute(&text, s); err != nil {
			t.Fatal(err)
		}
		var list struct{ ProgramArguments []string }
		if _, err := plist.Unmarshal(text.Bytes(), &list); err != nil || !slices.Equal(list.ProgramArguments, s.Args) {
			t.Errorf("%s\nhas %q (%v), want %q", &text, list.ProgramArguments, err, s.Args)
		}
	})
}

// TestUnitFlags: each flag that was given stands in the service, and the service's own
// command line makes the same service.
func TestUnitFlags(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := hostileText.Filter(func(s string) bool { return strings.TrimSpace(s) == s && s != "" && !strings.Contains(s, "\n") }) // the library splits and trims lists
		want := []string{"--url=http://127.0.0.1:8787"}
		for _, w := range rapid.SliceOfN(text, 0, 3).Draw(t, "remote") {
			want = append(want, "--allow-remote="+w)
		}
		want = append(want, "--every="+time.Duration(rapid.Int64Range(1, 1<<40).Draw(t, "every")).String())
		for i, w := range rapid.SliceOfN(text, 0, 2).Draw(t, "report") { // each a file of its own, in a folder that is there
			want = append(want, fmt.Sprintf("--report=jsonl=%d%s", i, strings.NewReplacer("/", "_", `\`, "_").Replace(w)))
		}
		want = append(want, "--history="+text.Draw(t, "history"))
		want = append(want, "--no-history=true") // the tests' own environment says so
		if rapid.Bool().Draw(t, "otlp") {
			want = append(want, "--otlp=true")
		}
		kinds := []string{"launchd"}
		if runtime.GOOS != "windows" { // of which systemd takes no path
			kinds = append(kinds, "systemd")
		}
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		first := unitText(t, append([]string{"unit", kind}, want...)...)
		args := argsOf(t, kind, first)
		if !slices.Equal(args[2:], want) || args[1] != "watch" {
			t.Errorf("given %q, it has %q", want, args)
		}
		if again := unitText(t, append([]string{"unit", kind}, args[2:]...)...); again != first {
			t.Errorf("of its own command line it makes\n%s\nand not\n%s", again, first)
		}
	})
}

// argsOf is the command line of a service.
func argsOf(t rapid.TB, kind, text string) []string {
	t.Helper()
	if kind == "launchd" {
		var list struct{ ProgramArguments []string }
		if _, err := plist.Unmarshal([]byte(text), &list); err != nil {
			t.Fatal(err)
		}
		return list.ProgramArguments
	}
	words, err := systemdWords(optionOf(t, text, "Service", "ExecStart"))
	if err != nil {
		t.Fatal(err)
	}
	return words
}

// propertyList is all that launchd is told.
type propertyList struct {
	Label, UserName, WorkingDirectory, StandardOutPath, StandardErrorPath string
	ProgramArguments                                                      []string
	EnvironmentVariables                                                  map[string]string
	RunAtLoad, KeepAlive                                                  bool
	ThrottleInterval, ExitTimeOut, Umask                                  int
	StartCalendarInterval                                                 map[string]int
	SoftResourceLimits                                                    map[string]int
}

func TestUnitLaunchd(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", "/state & more")
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(home, "Library", "Logs", "hermes-soak-watch.log")
	want := propertyList{
		Label: "hermes-soak-watch", WorkingDirectory: dir, StandardOutPath: log, StandardErrorPath: log,
		ProgramArguments:     []string{self, "watch", "--url=http://127.0.0.1:8787", "--for=1h0m0s", "--no-history=true"},
		EnvironmentVariables: map[string]string{"HOME": home, "XDG_STATE_HOME": "/state & more"},
		RunAtLoad:            true, KeepAlive: true, ThrottleInterval: 30, ExitTimeOut: 60, Umask: 0o077,
		SoftResourceLimits: map[string]int{"NumberOfFiles": 4096},
	}
	for _, daily := range []bool{false, true} {
		args := []string{"unit", "launchd", "--url", "http://127.0.0.1:8787", "--for", "1h", "--no-history"}
		if daily {
			args = append(args, "--at", "00:05")
			want.RunAtLoad, want.KeepAlive, want.ThrottleInterval = false, false, 0
			want.StartCalendarInterval = map[string]int{"Hour": 0, "Minute": 5}
		}
		var got propertyList
		text := unitText(t, args...)
		if _, err := plist.Unmarshal([]byte(text), &got); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got (%v)\n%+v, want\n%+v of\n%s", err, got, want, text)
		}
		var all map[string]any
		if _, err := plist.Unmarshal([]byte(text), &all); err != nil || len(all) != map[bool]int{false: 12, true: 10}[daily] {
			t.Errorf("%d keys (%v) in\n%s", len(all), err, text)
		}
	}
}

// TestUnitRefuses what would not be the same watch in a service.
func TestUnitRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		env  string
		args []string
		want string
	}{
		"no server":           {"", []string{"--for", "1h"}, "hermes-soak: unit systemd needs a server that runs"},
		"a process":           {"", []string{"--pid", "7", "--url", "http://127.0.0.1:1"}, "--pid is that of one process"},
		"an unknown flag":     {"", []string{"--url", "http://127.0.0.1:1", "--nonsense"}, "there is no flag --nonsense"},
		"what watch refuses":  {"", []string{"--url", "http://127.0.0.1:1", "--every", "0s"}, "every: want a positive duration"},
		"a bad address":       {"", []string{"--url", "http://u:p@127.0.0.1:1"}, "target address"},
		"a secret":            {"", []string{"--url", "http://127.0.0.1:1", "--header", "X-Key: hunter2"}, "header X-Key: the file of a service can be read by others"},
		"a variable":          {"", []string{"--url", "http://127.0.0.1:1", "--header", "X-Key: env:HOME"}, "header X-Key: "},
		"a password":          {"", []string{"--url", "http://127.0.0.1:1", "--basic", "me:env:HOME"}, "basic: the service has none"},
		"the environment":     {"HERMES_SOAK_EVERY", []string{"--url", "http://127.0.0.1:1"}, "HERMES_SOAK_EVERY is set here"},
		"no end":              {"", []string{"--url", "http://127.0.0.1:1", "--at", "03:00"}, "--at needs --for"},
		"no time":             {"", []string{"--url", "http://127.0.0.1:1", "--at", "25:00", "--for", "1h"}, "at: want a time of day"},
		"a name":              {"", []string{"--url", "http://127.0.0.1:1", "--name", "../x"}, "name: want letters and digits"},
		"a user":              {"", []string{"--url", "http://127.0.0.1:1", "--user", "a b"}, "user: want the name of a user"},
		"a byte":              {"", []string{"--url", "http://127.0.0.1:1", "--history", "\x00"}, "a character that the file of a service cannot hold"},
		"no text":             {"", []string{"--url", "http://127.0.0.1:1", "--history", "\xff"}, "is no UTF-8"},
		"an ending":           {"", []string{"--url", "http://127.0.0.1:1", "--name", "x.service"}, "hint: give --name x\n"},
		"another's timer":     {"", []string{"--url", "http://127.0.0.1:1", "--name", "x.timer"}, "hint: give --name x\n"},
		"no such user":        {"", []string{"--url", "http://127.0.0.1:1", "--user", "nobody-has-this-name"}, `there is no user "nobody-has-this-name" here`},
		"any port":            {"", []string{"--url", "http://127.0.0.1:1", "--metrics", ":0"}, "metrics: want HOST:PORT with a port from 1 to 65535"},
		"no port":             {"", []string{"--url", "http://127.0.0.1:1", "--live", "127.0.0.1"}, "live: want HOST:PORT with a port from 1"},
		"of launchd":          {"", []string{"--launchd", "ai.webui"}, "hint: give --url, or print it with: hermes-soak unit launchd"},
		"metrics for an hour": {"", []string{"--url", "http://127.0.0.1:1", "--at", "03:00", "--for", "1h", "--metrics", ":9108"}, "--metrics is for a watch all the time"},
		"metrics with gaps":   {"", []string{"--url", "http://127.0.0.1:1", "--for", "1m", "--metrics", ":9108"}, "--metrics of watches that end after 1m0s have gaps too often"},
		"no loopback":         {"", []string{"--url", "http://127.0.0.1:1", "--live", ":9108"}, `live: ":9108" is not a loopback address`},
		"everybody":           {"", []string{"--url", "http://127.0.0.1:1", "--live", "0.0.0.0:9108"}, "is not a loopback address"},
		"one address":         {"", []string{"--url", "http://127.0.0.1:1", "--metrics", ":9108", "--live", "localhost:9108"}, "live: 127.0.0.1:9108 is the address of --metrics"},
		"all addresses":       {"", []string{"--url", "http://127.0.0.1:1", "--metrics", "0.0.0.0:9108", "--live", "127.0.0.1:9108"}, "is the address of --metrics"},
		"elsewhere":           {"", []string{"--url", "http://192.0.2.1:1"}, "not a loopback address: 192.0.2.1:1 (to send requests there: --allow-remote 192.0.2.1)"},
		"a second elsewhere":  {"", []string{"--url", "tcp://127.0.0.1:1", "--url", "tcp://[2001:db8::1]:1"}, "not a loopback address"},
		"everywhere":          {"", []string{"--url", "http://0.0.0.0:1"}, "is no address to send to"},
		"no folder":           {"", []string{"--url", "http://127.0.0.1:1", "--report", "html=no-such-folder/x"}, "report html: open no-such-folder/x: "},
		"a folder":            {"", []string{"--url", "http://127.0.0.1:1", "--report", "jsonl=testdata"}, "report jsonl: open testdata: is a directory"},
		"in a file":           {"", []string{"--url", "http://127.0.0.1:1", "--report", "json=unit.go/x"}, "report json: open unit.go/x: "},
		"no format":           {"", []string{"--url", "http://127.0.0.1:1", "--report", "htm=x"}, "did you mean html=FILE"},
		"one file":            {"", []string{"--url", "http://127.0.0.1:1", "--report", "html=x", "--report", "json=./x"}, "report json: ./x is written by another report"},
		"over the history":    {"", []string{"--url", "http://127.0.0.1:1", "--history", "x.db", "--report", "json=x.db"}, "report json=x.db would overwrite the history"},
		"no history":          {"", []string{"--url", "http://127.0.0.1:1", "--history", "no-such-folder/x.db"}, "history: open no-such-folder/x.db: "},
		"no colour":           {"", []string{"--url", "http://127.0.0.1:1", "--color", "x"}, "color: want auto, always or never"},
		"the server itself":   {"", []string{"--unit", "webui.service", "--name", "webui"}, "hint: give another one, as in: --name webui-watch\n"},
		"the server's own":    {"", []string{"--unit", "hermes-soak-watch"}, `name: "hermes-soak-watch" is the server's own service`},
		"longer than a day":   {"", []string{"--url", "http://127.0.0.1:1", "--at", "03:00", "--for", "24h"}, "--at is once a day"},
		"a command":           {"", []string{"--url", "http://127.0.0.1:1", "--", "x"}, "takes no command behind --"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("HERMES_SOAK_NO_HISTORY", "")
			if c.env != "" {
				t.Setenv(c.env, "1s")
			}
			var out, said bytes.Buffer
			status := run(t.Context(), append([]string{"hermes-soak", "unit", "systemd"}, c.args...), &out, &said)
			if status != 2 || out.Len() > 0 || !strings.Contains(said.String(), c.want) || name != "a bad address" && name != "no colour" && !strings.Contains(said.String(), "\nhint: ") || strings.Contains(said.String(), "hunter2") {
				t.Errorf("exit status %d\n%s%s\nwant %q", status, &out, &said, c.want)
			}
		})
	}
}

// TestUnitOfOther: launchd knows no server of systemd, and a user's home is where it can be found.
func TestUnitOfOther(t *testing.T) {
	for _, c := range []struct{ home, flag, want string }{
		{"/home/x", "--unit=webui.service", "hint: give --url, or print it with: hermes-soak unit systemd"},
		{"/home/x", "--launchd=hermes-soak-watch", `name: "hermes-soak-watch" is the server's own service`},
		{"", "--url=http://127.0.0.1:1", "hint: set HOME, or give --user"},
		{"./x", "--url=http://127.0.0.1:1", `"./x" is no absolute path`},
	} {
		t.Setenv("HOME", c.home)
		t.Setenv("USERPROFILE", c.home) // of Windows
		t.Setenv("HERMES_SOAK_NO_HISTORY", "")
		var out, said bytes.Buffer
		if status := run(t.Context(), []string{"hermes-soak", "unit", "launchd", c.flag}, &out, &said); status != 2 || out.Len() > 0 || !strings.Contains(said.String(), c.want) {
			t.Errorf("%+v: exit status %d\n%s%s", c, status, &out, &said)
		}
	}
}

// TestUnitPassing: what go run made is gone by the time a service needs it.
func TestUnitPassing(t *testing.T) {
	t.Parallel()
	for program, want := range map[string]bool{
		"/tmp/go-build2837737880/b001/exe/hermes-soak":                               true,
		"/home/me/.cache/go-build/9d/" + strings.Repeat("9d", 32) + "-d/hermes-soak": true,
		"/other/" + strings.Repeat("9d", 32) + "-d/hermes-soak":                      true,
		"/tmp/go-build2837737880/b001/hermes-soak.test":                              false,
		"/usr/bin/hermes-soak":                                                       false,
		"/home/me/go/bin/hermes-soak":                                                false,
		"/opt/exe/hermes-soak":                                                       false,
	} {
		if passing(program) != want {
			t.Errorf("%s: want %v", program, want)
		}
	}
}
