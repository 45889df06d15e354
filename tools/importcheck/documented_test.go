package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDependenciesAreExplained(t *testing.T) {
	var r requirements
	goMod := `{"Require": [{"Path": "example.com/a"}, {"Path": "example.com/a/v2"}, {"Path": "example.com/b"}, {"Path": "example.com/c"}, {"Path": "example.com/lint"}],
		"Tool": [{"Path": "example.com/lint/cmd/lint"}]}`
	if err := json.Unmarshal([]byte(goMod), &r); err != nil {
		t.Fatal(err)
	}
	packages := []pkg{
		{ImportPath: "tug/internal/x", Imports: []string{"fmt", "example.com/a/v2/sub"}, XTestImports: []string{"example.com/b"}},
	}
	page := "| `example.com/b` | tests | \n | `example.com/c` | no more |"
	want := []string{
		"example.com/a/v2 is used by tug/internal/x: say why in docs/dependencies.md",
		"docs/dependencies.md tells why example.com/c is used, but nothing imports it",
		"example.com/lint is used by a tool line of go.mod: say why in docs/dependencies.md",
	}
	if d := cmp.Diff(want, undocumented(packages, r, page)); d != "" {
		t.Error(d)
	}
}
