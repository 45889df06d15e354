package main

import (
	"regexp"
	"slices"
	"strings"
)

// normaliser makes what was seen in two worlds comparable: ids, times, addresses and whatever else no two runs have in common
// are replaced by words that say what was there.
type normaliser struct {
	rules []rule
}

type rule struct {
	what *regexp.Regexp // if it has a group, the group is replaced and the rest stays
	by   string
}

// common are the rules for every row.
var common = []rule{
	{regexp.MustCompile(`sha256:[0-9a-f]{64}`), "<digest>"},
	{regexp.MustCompile(`sha256:[0-9a-f]{12}\b`), "<digest>"},
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "<id>"},
	{regexp.MustCompile(`\b[0-9a-f]{12}\b`), "<id>"},
	{regexp.MustCompile(`[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)`), "<time>"},
	{regexp.MustCompile(`[1-9]\d{3}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?(?: [A-Z]{3})?`), "<time>"},
	{regexp.MustCompile(`\b(?:About an? \w+|Less than a \w+|\d+ (?:second|minute|hour|day|week|month|year)s?)(?: ago)?\b`), "<a while>"},
	{regexp.MustCompile(`\b(?:172\.(?:1[6-9]|2\d|3[01])|192\.168)\.\d+\.\d+\b`), "<ip>"},
	{regexp.MustCompile(`\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b`), "<mac>"},
	{regexp.MustCompile(`\b(?:3[2-9]\d{3}|[45]\d{4}|6[0-5]\d{3})\b`), "<port>"},
}

// runcsParts are words of an error that say which of runc's parts it went through; tug has no runc, and no such parts.
var runcsParts = rule{regexp.MustCompile(`runc create failed: |error during container init: `), ""}

// tugsName is what is called docker elsewhere: in the world of tug the command line says its own name where docker says its.
var tugsName = rule{regexp.MustCompile(`\btug\b`), "docker"}

func newNormaliser(w world, masks []string) normaliser {
	var n normaliser
	if w.cli == "tug" {
		n.rules = append(n.rules, tugsName)
	}
	for _, mask := range masks {
		n.rules = append(n.rules, rule{regexp.MustCompile(mask), "<masked>"})
	}
	n.rules = append(n.rules, runcsParts)
	n.rules = append(n.rules, common...)
	return n
}

// word normalises what has no lines.
func (n normaliser) word(s string) string {
	for _, r := range n.rules {
		s = r.replace(s)
	}
	return s
}

func (r rule) replace(s string) string {
	if r.what.NumSubexp() == 0 {
		return r.what.ReplaceAllLiteralString(s, r.by)
	}
	var b strings.Builder
	end := 0
	for _, at := range r.what.FindAllStringSubmatchIndex(s, -1) {
		from, to := at[2], at[3]
		if from < 0 { // the group took no part: all of it
			from, to = at[0], at[1]
		}
		b.WriteString(s[end:from])
		b.WriteString(r.by)
		end = to
	}
	return b.String() + s[end:]
}

// logLine is what docker's command line logs when it loses a race with its own end; it does or does not.
var logLine = regexp.MustCompile(`^time="[^"]*" level=error msg="Can't add file`)

var gaps = regexp.MustCompile(`  +`)

// lines normalises a text. Gaps between columns are as wide as what is in them, so they are all made alike.
func (n normaliser) lines(text string) []string {
	if text == "" {
		return nil
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return logLine.MatchString(line) })
	for i, line := range lines {
		lines[i] = strings.TrimRight(gaps.ReplaceAllLiteralString(n.word(line), "  "), " ")
	}
	if !strings.HasSuffix(text, "\n") && len(lines) > 0 {
		lines[len(lines)-1] += "<no newline>"
	}
	return lines
}
