package container

import "testing"

func TestSplitPathTellsContainersFromFiles(t *testing.T) {
	for arg, want := range map[string][2]string{
		"web:/etc":      {"web", "/etc"},
		"web:":          {"web", ""},
		"web:a:b":       {"web", "a:b"},
		"/abs:olute":    {"", "/abs:olute"},
		"./file:1.txt":  {"", "./file:1.txt"},
		"../file:1.txt": {"", "../file:1.txt"},
		"plain":         {"", "plain"},
		"-":             {"", "-"},
	} {
		if container, path := splitPath(arg); container != want[0] || path != want[1] {
			t.Errorf("%q: %q, %q", arg, container, path)
		}
	}
}
