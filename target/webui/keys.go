package webui

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// settings are the keys of a leak or a shape; those that its kind does not have are zero.
type settings struct {
	every  int
	on     string
	after  int
	gc     int
	period time.Duration
	size   int
	linger time.Duration
}

// A key is one setting: how it is read and written.
type key struct {
	name string
	set  func(*settings, string) error
	get  func(settings) string
}

func keys() []key {
	return []key{
		{"every",
			func(s *settings, v string) error { return setNumber(&s.every, v, 1) },
			func(s settings) string { return strconv.Itoa(s.every) }},
		{"on", setOn,
			func(s settings) string { return s.on }},
		{"after",
			func(s *settings, v string) error { return setNumber(&s.after, v, 0) },
			func(s settings) string { return strconv.Itoa(s.after) }},
		{"gc",
			func(s *settings, v string) error { return setNumber(&s.gc, v, 1) },
			func(s settings) string { return strconv.Itoa(s.gc) }},
		{"period",
			func(s *settings, v string) error { return setTime(&s.period, v) },
			func(s settings) string { return s.period.String() }},
		{"size",
			func(s *settings, v string) error { return setNumber(&s.size, v, 1) },
			func(s settings) string { return strconv.Itoa(s.size) }},
		{"for",
			func(s *settings, v string) error { return setTime(&s.linger, v) },
			func(s settings) string { return s.linger.String() }},
	}
}

func keyNamed(name string) (key, bool) {
	all := keys()
	i := slices.IndexFunc(all, func(k key) bool { return k.name == name })
	if i < 0 {
		return key{}, false
	}
	return all[i], true
}

func setNumber(n *int, value string, least int) error {
	v, err := strconv.Atoi(value)
	if err != nil || v < least {
		return fmt.Errorf("want a whole number, %d or more", least)
	}
	*n = v
	return nil
}

// setOn takes only paths that read the database: a leak on any other would never happen, without a word.
func setOn(s *settings, value string) error {
	known := []string{"*", pathSessions, pathProjects, pathSession, pathNew, pathDelete, pathExport, pathHealth}
	if !slices.Contains(known, value) {
		return fmt.Errorf("no such path reads the database%s; known: %s (* is all under /api/, %s its deep form)",
			suggest(value, known), strings.Join(known, ", "), pathHealth)
	}
	s.on = value
	return nil
}

func setTime(t *time.Duration, value string) error {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return errors.New("want a duration above 0, such as 200ms or 5s")
	}
	*t = d
	return nil
}

// suggest says which of the known words was meant, if that is obvious: at most two letters off, and fewer than half.
func suggest(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(word, k); d < least && 2*d < len(k) {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// distance is the Levenshtein distance in bytes: how many are to be inserted, removed or replaced.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
