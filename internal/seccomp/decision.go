package seccomp

import "slices"

// A decision says what happens to a system call: a verdict, or a question whose answers are decisions.
// Decisions are compared with ==: verdicts by value, questions by identity.
type decision interface {
	emit(a *assembler) label
}

// verdict is what the filter returns: an action in the upper 16 bits, its data in the lower.
type verdict uint32

// Offsets into struct seccomp_data of the words that are asked about. Both machines are little-endian.
const (
	wordNumber = 0
	wordArch   = 4
	wordArgs   = 16 // six arguments of 64 bits, lower word first
)

func wordArgLow(index uint) uint32  { return wordArgs + 8*uint32(index) }
func wordArgHigh(index uint) uint32 { return wordArgLow(index) + 4 }

// span is a range of a number line: from this number up to where the next span begins.
type span struct {
	from uint32
	to   decision
}

// search looks up a word on a number line. The first span begins at 0, and neighbours differ.
type search struct {
	word uint32
	line []span
}

// newSearch joins neighbouring spans that decide alike; if one is left there is nothing to ask.
// The spans must be sorted and begin at 0.
func newSearch(word uint32, line []span) decision {
	joined := slices.CompactFunc(line, func(a, b span) bool { return a.to == b.to })
	if len(joined) == 1 {
		return joined[0].to
	}
	return &search{word: word, line: joined}
}

// masked asks whether word&mask == value.
type masked struct {
	word, mask, value uint32
	yes, no           decision
}

// newMasked leaves out the question of a mask that looks at nothing.
func newMasked(word, mask, value uint32, yes, no decision) decision {
	if mask == 0 || yes == no {
		return yes
	}
	return &masked{word: word, mask: mask, value: value & mask, yes: yes, no: no}
}
