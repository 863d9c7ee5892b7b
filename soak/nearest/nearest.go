// Package nearest finds the word that was meant.
package nearest

import (
	"slices"
	"strings"
)

// Word is the one of words, of which there is at least one, that has the fewest letters to
// change, the first of several; "" where more than half of its letters would have to
// change, and nothing like it was meant.
func Word(word string, words []string) string {
	near := slices.MinFunc(words, func(a, b string) int { return distance(word, a) - distance(word, b) })
	if 2*distance(word, near) > len(near) {
		return ""
	}
	return near
}

// Asked is the question whether that word was meant, and what there is otherwise.
func Asked(word string, words []string) string {
	known := "known: " + strings.Join(words, ", ")
	if near := Word(word, words); near != "" {
		return "did you mean " + near + "? " + known
	}
	return known
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
