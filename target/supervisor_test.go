package target

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// captured is a supervisor's answer from testdata.
func captured(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestParseSupervisors(t *testing.T) {
	const group = "/system.slice/"
	for file, want := range map[string]Service{
		"systemctl/running.txt":         {"hermes-webui.service", "active (running)", true, 22468, 3, 1024, group + "hermes-webui.service", "", nil},
		"systemctl/auto-restart.txt":    {"hermes-webui.service", "activating (auto-restart)", false, 0, 4, 256, "", "", nil},
		"systemctl/old.txt":             {"nginx.service", "active (running)", true, 812, -1, 0, group + "nginx.service", "", nil},
		"systemctl/forking.txt":         {"hermes.service", "active (running)", true, 0, 0, math.MaxInt64, "/user.slice/user-1000.slice/user@1000.service/app.slice/hermes.service", "always", &StartLimit{3, 90 * time.Second}},
		"launchctl/running.txt":         {"", "running", true, 22468, 3, 256, "", "", nil},
		"launchctl/not-running.txt":     {"", "not running", false, 0, 3, 256, "", "", nil},
		"launchctl/spawn-scheduled.txt": {"", "spawn scheduled", false, 0, 199773, 0, "", "", nil},
	} {
		parse := parseSystemd
		if strings.HasPrefix(file, "launchctl") {
			parse = parseLaunchd
		}
		for name, text := range map[string]string{"": captured(t, file), " with CRLF": strings.ReplaceAll(captured(t, file), "\n", "\r\n")} {
			if got, err := parse(text); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s%s: %+v, %v; want\n%+v", file, name, got, err, want)
			}
		}
	}
}

func TestParseSupervisorsRefuse(t *testing.T) {
	running, print := captured(t, "systemctl/running.txt"), captured(t, "launchctl/running.txt")
	for text, want := range map[string]string{
		"":                                     "does not say what it is",
		captured(t, "systemctl/several.txt"):   "several units",
		captured(t, "systemctl/not-found.txt"): ErrNoSuchService.Error(),
		strings.Replace(running, "MainPID=22468", "MainPID=-1", 1):         "MainPID=-1",
		strings.Replace(running, "MainPID=22468", "MainPID=4294967299", 1): "MainPID=4294967299",
	} {
		if s, err := parseSystemd(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("systemd, want %q: %+v, %v", want, s, err)
		}
	}
	for text, want := range map[string]string{
		"": "in which state",
		strings.Replace(print, "pid = 22468", "pid = 0", 1):  "pid = 0",
		strings.Replace(print, "runs = 3", "runs = x", 1):    "runs = x",
		strings.Replace(print, "\tstate = running\n", "", 1): "in which state", // those of the coalitions are not its own
	} {
		if s, err := parseLaunchd(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("launchd, want %q: %+v, %v", want, s, err)
		}
	}
}

func TestParseTimespan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"10s": 10 * time.Second, "0": 0, "1min 30s": 90 * time.Second, "1.500s": 1500 * time.Millisecond, "5min": 5 * time.Minute,
		"1h": time.Hour, "1d 2h": 26 * time.Hour, "100ms": 100 * time.Millisecond, "20us": 20 * time.Microsecond, "infinity": math.MaxInt64,
		"": -1, "10": -1, "s": -1, "3 apples": -1, "-1s": -1, "900000000y": -1, "NaNs": -1,
	} {
		if got, ok := parseTimespan(text); ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %s, %t; want %s", text, got, ok, want)
		}
	}
}

func TestServiceTargets(t *testing.T) {
	if got := serviceTargets("com.x", "501"); !slices.Equal(got, []string{"gui/501/com.x", "user/501/com.x", "system/com.x"}) {
		t.Errorf("by label: %q", got)
	}
	if got := serviceTargets("gui/502/com.x", "501"); !slices.Equal(got, []string{"gui/502/com.x"}) {
		t.Errorf("by target: %q", got)
	}
}

func fuzzSupervisor(f *testing.F, files string, parse func(string) (Service, error)) {
	all, err := filepath.Glob(filepath.Join("testdata", files, "*.txt"))
	if err != nil || len(all) == 0 {
		f.Fatal("no captured answers", err)
	}
	for _, file := range all {
		f.Add(captured(f, files+"/"+filepath.Base(file)))
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parse(text)
		switch {
		case err != nil && s != (Service{}):
			t.Errorf("an error, and %+v", s)
		case err == nil && (s.State == "" || s.PID < 0 || s.PID > math.MaxInt32 || s.Starts < -1 || s.Limit < 0 || s.Starting != nil && (s.Starting.Burst < 0 || s.Starting.Within < 0)):
			t.Errorf("%+v", s)
		}
	})
}

func FuzzParseSystemd(f *testing.F) { fuzzSupervisor(f, "systemctl", parseSystemd) }
func FuzzParseLaunchd(f *testing.F) { fuzzSupervisor(f, "launchctl", parseLaunchd) }

// skip skips a test that lacks something, or fails where nothing may be skipped.
func skip(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("HERMES_SOAK_TEST_STRICT") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func needShell(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/bin/sh"); err != nil {
		skip(t, "needs /bin/sh")
	}
}

// command puts a program of that name in front of all others.
func command(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
}

func TestAskSystemd(t *testing.T) {
	needShell(t)
	command(t, "systemctl", `case "$*" in
*" -- hermes-webui") case "$2" in --system) cat testdata/systemctl/running.txt;; *) exit 9;; esac;;
*" -- mine") case "$2" in --user) cat testdata/systemctl/forking.txt;; *) cat testdata/systemctl/not-found.txt;; esac;;
*" -- much") yes;;
*" -- denied") echo 'Failed to connect to bus: Host is down' >&2; exit 1;;
*) cat testdata/systemctl/not-found.txt;;
esac`)
	for unit, want := range map[string]string{"hermes-webui": "unit hermes-webui.service", "mine": "user unit hermes.service"} {
		if s, err := Systemd(unit)(t.Context()); err != nil || s.Name != want {
			t.Errorf("%s: %+v, %v", unit, s, err)
		}
	}
	for unit, want := range map[string]string{"none": "unit none: there is no such service", "much": "more than 1024 KiB", "denied": "Failed to connect to bus"} {
		_, err := Systemd(unit)(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, ErrNoSuchService) != (unit == "none") {
			t.Errorf("%s: %v", unit, err)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Systemd("x")(t.Context()); err == nil || !strings.Contains(err.Error(), "systemctl") {
		t.Errorf("no systemctl: %v", err)
	}
}

func TestAskLaunchd(t *testing.T) {
	needShell(t)
	command(t, "launchctl", `case "$2" in
gui/*/agent|system/daemon) cat testdata/launchctl/running.txt;;
*/broken) echo 'Operation not permitted' >&2; exit 1;;
*) echo 'Bad request.' >&2; echo "Could not find service \"x\" in domain for system" >&2; exit 113;;
esac`)
	for label, want := range map[string]string{"agent": "launchd service gui/" + sessionUser() + "/agent", "daemon": "launchd service system/daemon"} {
		if s, err := Launchd(label)(t.Context()); err != nil || s.Name != want || s.PID != 22468 {
			t.Errorf("%s: %+v, %v", label, s, err)
		}
	}
	for label, want := range map[string]string{"none": "there is no such service", "broken": "Operation not permitted"} {
		_, err := Launchd(label)(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, ErrNoSuchService) != (label == "none") {
			t.Errorf("%s: %v", label, err)
		}
	}
}
