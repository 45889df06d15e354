package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// A row is a session: steps that follow each other, of which all that is seen is compared.
//
//	== name: what it shows
//	mask REGULAR EXPRESSION
//	$ docker run --rm busybox echo hello
//	tty$ docker run --rm -it busybox sh
//	  after "/ # " type "exit\r"
//
// `$` is a command for the shell, `tty$` one that has a terminal, at which what follows it is typed once the first text
// has been seen. `await TEXT COMMAND` waits until the command prints the text. What a mask matches is not compared; in one with a group, what the group matches.
// `cli docker` keeps the row to the worlds that have docker's command line, for what tug's has not.
type row struct {
	Name, Title string
	Masks       []string
	Steps       []step
	Cli         string // the command line that it is of; "" for any
}

// in reports whether the row is gone through in a world.
func (r *row) in(w world) bool { return r.Cli == "" || r.Cli == w.cli }

type step struct {
	Command string
	Tty     bool
	Typed   []typed
}

// typed is what a person does who waits for a text and then types another.
type typed struct{ After, Type string }

// parseRows reads the rows of one file; the file's subject is put before each name.
func parseRows(subject string, r io.Reader) (rows []row, err error) {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if name, ok := strings.CutPrefix(line, "== "); ok {
			name, title, _ := strings.Cut(name, ": ")
			rows = append(rows, row{Name: subject + "/" + name, Title: title})
			continue
		}
		if len(rows) == 0 {
			return nil, fmt.Errorf("%s:%d: a row begins with ==", subject, n)
		}
		if err := rows[len(rows)-1].take(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", subject, n, err)
		}
	}
	return rows, lines.Err()
}

// take adds a line below a row's name to it.
func (r *row) take(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "mask":
		if _, err := regexp.Compile(rest); err != nil {
			return err
		}
		r.Masks = append(r.Masks, rest)
	case "cli":
		if rest != worlds[0].cli {
			return fmt.Errorf("a row can be kept to the command line %s, which it is compared with, and to no other: not to %q", worlds[0].cli, rest)
		}
		r.Cli = rest
	case "$", "tty$":
		r.Steps = append(r.Steps, step{Command: rest, Tty: word == "tty$"})
	case "after":
		if len(r.Steps) == 0 || !r.Steps[len(r.Steps)-1].Tty {
			return fmt.Errorf("there is no terminal to type at")
		}
		t, err := parseTyped(rest)
		if err != nil {
			return err
		}
		last := &r.Steps[len(r.Steps)-1]
		last.Typed = append(last.Typed, t)
	default:
		return fmt.Errorf("a line begins with $, tty$, after, cli or mask, not with %q", word)
	}
	return nil
}

// parseTyped reads `"/ # " type "exit\r"`.
func parseTyped(s string) (t typed, err error) {
	quoted, err := strconv.QuotedPrefix(s)
	if err != nil {
		return t, fmt.Errorf("what to wait for is to be quoted: %w", err)
	}
	rest, ok := strings.CutPrefix(strings.TrimSpace(s[len(quoted):]), "type ")
	if !ok {
		return t, fmt.Errorf("after %s comes: type \"...\"", quoted)
	}
	if t.After, err = strconv.Unquote(quoted); err != nil {
		return t, err
	}
	t.Type, err = strconv.Unquote(strings.TrimSpace(rest))
	return t, err
}
