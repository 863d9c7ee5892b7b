package target

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// unitProperties are what systemctl is asked for.
const unitProperties = "Id,LoadState,ActiveState,SubState,MainPID,ControlGroup,LimitNOFILESoft,NRestarts,Restart,StartLimitBurst,StartLimitIntervalUSec"

// Systemd asks systemd for a unit: one of the system, or else one of the user that
// we run as.
func Systemd(unit string) Supervisor {
	return func(ctx context.Context) (Service, error) {
		s, err := askSystemd(ctx, "unit", "--system", unit)
		if !errors.Is(err, ErrNoSuchService) {
			return s, err
		}
		if user, userErr := askSystemd(ctx, "user unit", "--user", unit); userErr == nil {
			return user, nil
		}
		return Service{}, err
	}
}

func askSystemd(ctx context.Context, kind, manager, unit string) (Service, error) {
	a, err := ask(ctx, "systemctl", "show", manager, "--no-pager", "--property="+unitProperties, "--", unit)
	if err != nil {
		return Service{}, fmt.Errorf("%s %s: %w", kind, unit, err)
	}
	if a.status != 0 {
		return Service{}, fmt.Errorf("%s %s: systemctl: %s", kind, unit, a.said())
	}
	s, err := parseSystemd(a.stdout)
	if err != nil {
		return Service{}, fmt.Errorf("%s %s: %w", kind, unit, err)
	}
	s.Name = kind + " " + s.Name
	return s, nil
}

// parseSystemd reads the answer of systemctl show, a property a line. A property
// that an older systemd does not know is missing.
func parseSystemd(text string) (Service, error) {
	properties := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "=")
		if !ok {
			continue // an empty line between two units: the second is refused below
		}
		if _, twice := properties[name]; twice {
			return Service{}, errors.New("the name stands for several units: give one")
		}
		properties[name] = value
	}
	s := Service{
		Name:    properties["Id"],
		State:   fmt.Sprintf("%s (%s)", properties["ActiveState"], properties["SubState"]),
		Running: properties["ActiveState"] == "active" || properties["ActiveState"] == "reloading",
		Group:   properties["ControlGroup"],
		Starts:  -1,
	}
	switch load := properties["LoadState"]; {
	case s.Name == "" || properties["ActiveState"] == "":
		return Service{}, errors.New("systemctl does not say what it is")
	case load == "not-found":
		return Service{}, ErrNoSuchService
	case load == "masked", load == "bad-setting", load == "error":
		s.State += ", " + load
	}
	if text, ok := properties["MainPID"]; ok {
		pid, err := strconv.ParseInt(text, 10, 32)
		if err != nil || pid < 0 {
			return Service{}, fmt.Errorf("MainPID=%s is no process", text)
		}
		s.PID = int(pid)
	}
	if n, err := strconv.ParseInt(properties["NRestarts"], 10, 64); err == nil && n >= 0 {
		s.Starts = n // systemd tells it from 235 on
	}
	s.Limit = parseLimit(properties["LimitNOFILESoft"])
	s.Restart = properties["Restart"]
	burst, counts := strconv.Atoi(properties["StartLimitBurst"])
	within, told := parseTimespan(properties["StartLimitIntervalUSec"])
	if counts == nil && burst >= 0 && told {
		s.Starting = &StartLimit{burst, within}
	}
	return s, nil
}

// parseLimit reads a limit as supervisors print it; 0 where that is none.
func parseLimit(text string) int64 {
	if text == "infinity" || text == "unlimited" {
		return math.MaxInt64
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0
	}
	return int64(min(n, math.MaxInt64))
}

// timespans are the units in which systemd shows a time.
var timespans = map[string]time.Duration{
	"us": time.Microsecond, "ms": time.Millisecond, "s": time.Second, "min": time.Minute, "h": time.Hour,
	"d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "month": 2629800 * time.Second, "y": 31557600 * time.Second,
}

// parseTimespan reads a time as systemd shows it, such as "1min 30s"; ok is false
// where it is none, or longer than any that we can wait.
func parseTimespan(text string) (d time.Duration, ok bool) {
	switch text {
	case "0":
		return 0, true
	case "infinity":
		return math.MaxInt64, true
	}
	for part := range strings.FieldsSeq(text) {
		at := strings.IndexFunc(part, unicode.IsLetter)
		if at < 0 {
			return 0, false
		}
		n, err := strconv.ParseFloat(part[:at], 64)
		one := timespans[part[at:]]
		if err != nil || one == 0 || n < 0 || n > float64((math.MaxInt64-d)/one)/2 {
			return 0, false
		}
		d += time.Duration(n * float64(one))
		ok = true
	}
	return d, ok
}
