package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// An explanation says why a difference is meant to be.
//
//	## Root in a container is nobody on the host, so ...
//	row inspect/*
//	- .HostConfig.UsernsMode: ""
//	+ .HostConfig.UsernsMode: "*"
//
// It is of the differences of the rows that have these very lines; a star stands for anything. `row NAME in tug` is of one world
// only. A reason holds for all rows and lines up to the next one.
type explanation struct {
	reason, row, world string
	minus, plus        []string
	used               bool
}

func parseExplanations(r io.Reader) (all []*explanation, err error) {
	var now explanation
	newReason := true
	end := func() {
		if now.minus != nil || now.plus != nil {
			e := now
			all = append(all, &e)
		}
		now.minus, now.plus = nil, nil
	}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "":
			end()
		case "#":
		case "##":
			end()
			if newReason {
				now = explanation{reason: rest}
			} else {
				now.reason += " " + rest
			}
			newReason = false
			continue
		case "row":
			end()
			now.row, now.world, _ = strings.Cut(rest, " in ")
		case "-":
			if now.plus != nil {
				end()
			}
			now.minus = append(now.minus, rest)
		case "+":
			now.plus = append(now.plus, rest)
		default:
			return nil, fmt.Errorf("explanations, line %d: a line begins with ##, row, - or +, not with %q", n, word)
		}
		if (now.minus != nil || now.plus != nil) && (now.reason == "" || now.row == "") {
			return nil, fmt.Errorf("explanations, line %d: it has no reason or no row", n)
		}
		newReason = true
	}
	end()
	return all, lines.Err()
}

func (e *explanation) of(d difference, worldName string) bool {
	return (e.world == "" || e.world == worldName) && like(e.row, d.Row) &&
		slices.EqualFunc(e.minus, d.Minus, like) && slices.EqualFunc(e.plus, d.Plus, like)
}

// like reports whether the text is what the pattern says, in which a star stands for anything.
func like(pattern, text string) bool {
	if !strings.Contains(pattern, "*") {
		return pattern == text
	}
	parts := strings.Split(pattern, "*")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return regexp.MustCompile(`(?s)\A` + strings.Join(parts, ".*") + `\z`).MatchString(text)
}

// explain finds the difference's explanation and notes that it is of use.
func explain(all []*explanation, d difference, worldName string) (reason string, ok bool) {
	for _, e := range all {
		if e.of(d, worldName) {
			e.used = true
			return e.reason, true
		}
	}
	return "", false
}

// String is the explanation's lines, as they stand in the file.
func (e *explanation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "row %s", e.row)
	if e.world != "" {
		fmt.Fprintf(&b, " in %s", e.world)
	}
	b.WriteString("\n")
	for _, line := range e.minus {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	for _, line := range e.plus {
		fmt.Fprintf(&b, "+ %s\n", line)
	}
	return b.String()
}
