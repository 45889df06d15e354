// Package near guesses what a person meant by a word that there is not: an option, a command, a setting. It owns the guess
// alone; the sentence around it is its caller's.
package near

import (
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// Word gives the one of known that said most likely was meant for; "" if none is near, or said itself is known. At most two
// letters are too many, missing or others, and a short word begins with the right one. Of equals the first wins.
func Word(said string, known []string) string {
	if said == "" || slices.Contains(known, said) {
		return "" // something else is wrong
	}
	said = strings.ToLower(said)
	best, least := "", min(3, len(said))
	for _, word := range known {
		if differ := distance(said, strings.ToLower(word)); differ < least {
			best, least = word, differ
		}
	}
	return best
}

// distance is how many letters differ; 3 stands for all that is far.
func distance(said, word string) int {
	if letters(said) == letters(word) {
		return 1 // in another order: "exce"
	}
	differ := levenshtein.Distance(said, word, nil)
	if differ == 2 && len(said) < 5 && !strings.HasPrefix(word, said[:1]) {
		return 3
	}
	return differ
}

// letters are those of a word in the alphabet's order.
func letters(word string) string {
	sorted := []byte(word)
	slices.Sort(sorted)
	return string(sorted)
}
