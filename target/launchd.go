package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Launchd asks launchd for a service: label is its label, looked for among those
// of the user's session, of the user, and of the system, or a service target such
// as gui/501/com.example.server.
func Launchd(label string) Supervisor {
	return func(ctx context.Context) (Service, error) {
		for _, service := range serviceTargets(label, sessionUser()) {
			a, err := ask(ctx, "launchctl", "print", service)
			switch {
			case err != nil:
				return Service{}, fmt.Errorf("launchd service %s: %w", service, err)
			case a.status == 0:
				s, err := parseLaunchd(a.stdout)
				if err != nil {
					return Service{}, fmt.Errorf("launchd service %s: %w", service, err)
				}
				s.Name = "launchd service " + service
				return s, nil
			case !strings.Contains(a.stderr+a.stdout, "Could not find"):
				return Service{}, fmt.Errorf("launchd service %s: launchctl: %s", service, a.said())
			}
		}
		return Service{}, fmt.Errorf("launchd service %s: %w", label, ErrNoSuchService)
	}
}

// serviceTargets are where launchd may keep the service.
func serviceTargets(label, uid string) []string {
	if strings.Contains(label, "/") {
		return []string{label}
	}
	return []string{"gui/" + uid + "/" + label, "user/" + uid + "/" + label, "system/" + label}
}

// sessionUser is the user whose services are meant: under sudo the one who typed it.
func sessionUser() string {
	if uid, err := strconv.ParseUint(os.Getenv("SUDO_UID"), 10, 32); err == nil && os.Geteuid() == 0 {
		return strconv.FormatUint(uid, 10)
	}
	return strconv.Itoa(os.Getuid())
}

// parseLaunchd reads the answer of launchctl print: names and values, and blocks
// of them in braces, of which some have a state of their own.
func parseLaunchd(text string) (Service, error) {
	s := Service{Starts: -1}
	var blocks []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "}" {
			if len(blocks) > 0 {
				blocks = blocks[:len(blocks)-1]
			}
			continue
		}
		name, value, ok := strings.Cut(line, " = ")
		if !ok {
			name, value, ok = strings.Cut(line, " => ")
		}
		switch {
		case !ok:
		case value == "{":
			blocks = append(blocks, name)
		case len(blocks) == 1:
			if err := s.property(name, value); err != nil {
				return Service{}, err
			}
		case len(blocks) == 2 && blocks[1] == "resource limits" && name == "maxfiles (soft)":
			s.Limit = parseLimit(value)
		}
	}
	if s.State == "" {
		return Service{}, errors.New("launchctl does not say in which state it is")
	}
	return s, nil
}

// property takes over one line of the service itself; the first of a name counts.
func (s *Service) property(name, value string) error {
	switch {
	case name == "state" && s.State == "":
		s.State, s.Running = value, value == "running"
	case name == "pid" && s.PID == 0:
		pid, err := strconv.ParseInt(value, 10, 32)
		if err != nil || pid < 1 {
			return fmt.Errorf("pid = %s is no process", value)
		}
		s.PID = int(pid)
	case name == "runs" && s.Starts < 0:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			return fmt.Errorf("runs = %s is no number", value)
		}
		s.Starts = n
	}
	return nil
}
