package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestARowIsASession(t *testing.T) {
	rows, err := parseRows("run", strings.NewReader(`
# Running containers
== echo: what a command prints
$ docker run --rm busybox echo hello

== shell: at a terminal
mask [0-9]+ms
cli docker
tty$ docker run -it busybox sh
  after "/ # " type "exit\r"
$ docker ps -a
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []row{
		{Name: "run/echo", Title: "what a command prints", Steps: []step{{Command: "docker run --rm busybox echo hello"}}},
		{
			Name: "run/shell", Title: "at a terminal", Masks: []string{"[0-9]+ms"}, Cli: "docker",
			Steps: []step{
				{Command: "docker run -it busybox sh", Tty: true, Typed: []typed{{"/ # ", "exit\r"}}},
				{Command: "docker ps -a"},
			},
		},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
}

func TestALineThatIsNoneIsRefused(t *testing.T) {
	for _, file := range []string{
		"$ docker ps", "== a\ndocker ps", "== a\n$ docker ps\nafter \"x\" type \"y\"", "== a\ntty$ sh\nafter x type y", "== a\nmask (", "== a\ncli tug",
	} {
		if rows, err := parseRows("x", strings.NewReader(file)); err == nil {
			t.Errorf("%q was read as %v", file, rows)
		}
	}
}

// The table itself: it can be read, each row has a name of its own, and the explanations are of rows that there are.
func TestTheTable(t *testing.T) {
	rows, err := readRows("rows")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, r := range rows {
		if names[r.Name] {
			t.Errorf("two rows are called %s", r.Name)
		}
		names[r.Name] = true
		if r.Title == "" || len(r.Steps) == 0 {
			t.Errorf("%s says not what it shows, or has no step", r.Name)
		}
	}
	file, err := os.Open("explained.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all, err := parseExplanations(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		found := false
		for name := range names {
			if ok, _ := filepath.Match(e.row, name); ok {
				found = true
			}
		}
		if !found {
			t.Errorf("an explanation is of no row: %s", e.row)
		}
	}
}
