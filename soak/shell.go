package soak

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var unquoted = regexp.MustCompile(`^[\w@%+=:,./-]+$`)

// Quoted is a word as a POSIX shell takes it. What does not print, and could turn the line
// round or hide in it, is written in octal and made by printf: not every shell has $'...'.
func Quoted(word string) string {
	if unquoted.MatchString(word) || word == redacted {
		return word
	}
	if !strings.ContainsFunc(word, unprintable) {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	made := strings.TrimRight(word, "\n") // the shell takes the line breaks at the end off what a command prints
	ends := word[len(made):]
	var s strings.Builder
	for len(made) > 0 {
		r, size := utf8.DecodeRuneInString(made)
		switch {
		case unprintable(r):
			for _, b := range []byte(made[:size]) {
				fmt.Fprintf(&s, `\%03o`, b)
			}
		case r == '\\' || r == '%':
			s.WriteString(strings.Repeat(string(r), 2))
		case r == '\'':
			s.WriteString(`'\''`)
		default:
			s.WriteRune(r)
		}
		made = made[size:]
	}
	line := `"$(printf -- '` + s.String() + `')"`
	if ends != "" {
		line += "'" + ends + "'"
	}
	return line
}

// unprintable is also what stands for bytes that are no text.
func unprintable(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }
