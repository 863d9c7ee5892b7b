package soak

import (
	"fmt"
	"strings"
	"time"

	"hermes-soak/soak/ratchet"
)

// short is a duration as people say it: two figures.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.2gms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%.3gms", float64(d)/float64(time.Millisecond))
	case d < 2*time.Minute:
		return fmt.Sprintf("%.3gs", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.3g h", d.Hours())
	}
	return fmt.Sprintf("%.3g days", d.Hours()/24)
}

func inSeconds(s float64) string { return short(time.Duration(s * float64(time.Second))) }

// count is n of the thing.
func count(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %s", n, plural(thing))
}

// plural is more than one of the thing.
func plural(thing string) string {
	switch {
	case strings.HasPrefix(thing, "MiB "):
		return thing
	case strings.HasSuffix(thing, "s"):
		return thing + "es"
	}
	return thing + "s"
}

// perTime is a rate per hour, told in the unit of time in which it is a number
// that people can picture.
func perTime(r ratchet.Interval, told float64, thing string) string {
	unit, in := "hour", 1/told
	switch {
	case r.Rate > 2*3600:
		unit, in = "second", 3600/told
	case r.Rate > 2*60:
		unit, in = "minute", 60/told
	}
	return fmt.Sprintf("%+.2f %s per %s (95%% %.2f-%.2f)", r.Rate/in, plural(thing), unit, r.Low/in, r.High/in)
}
