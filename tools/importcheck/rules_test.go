package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestImportsGoDown(t *testing.T) {
	for _, c := range []struct{ from, to, why string }{
		// down, and within one area
		{"tug/cmd/tugd", "tug/internal/api", ""},
		{"tug/cmd/tug-shim", "tug/internal/shim", ""},
		{"tug/internal/api", "tug/internal/engine", ""},
		{"tug/internal/engine", "tug/internal/container", ""},
		{"tug/internal/oci", "tug/internal/image", ""},
		{"tug/internal/network", "tug/internal/nft", ""},
		{"tug/internal/plan", "tug/internal/seccomp", ""},
		{"tug/internal/container/store", "tug/internal/container", ""},
		{"tug/internal/engine", "fmt", ""},
		{"tug/test/whole", "tug/internal/engine", ""},
		// up
		{"tug/internal/nft", "tug/internal/network", "a mechanism lies below a domain"},
		{"tug/internal/container", "tug/internal/oci", "a domain lies below a specification"},
		{"tug/internal/engine", "tug/internal/api", "a use case lies below a face"},
		{"tug/internal/engine", "tug/test/whole", "outside the engine"},
		// sideways
		{"tug/internal/container", "tug/internal/network", "sisters"},
		{"tug/internal/image/pull", "tug/internal/volume", "sisters"},
		{"tug/internal/cli", "tug/internal/api", "sisters"},
		{"tug/cmd/tug", "tug/cmd/tugd", "sisters"},
		// the command line
		{"tug/internal/cli/run", "tug/internal/engine", "API client"},
		{"tug/internal/cli", "tug/internal/container", "API client"},
		// foreign things in their place
		{"tug/internal/api", "github.com/moby/moby/api/types/container", ""},
		{"tug/internal/cli/run", "github.com/docker/cli/opts", ""},
		{"tug/internal/engine", "github.com/moby/moby/api/types/container", "only internal/api and internal/cli may"},
		{"tug/internal/api", "github.com/moby/moby/client", "only internal/cli may"},
		{"tug/internal/apiary", "github.com/moby/moby/api", "only internal/api and internal/cli may"},
		{"tug/internal/engine", "github.com/moby/moby/apix", ""},
	} {
		got := forbidden(c.from, c.to)
		if (c.why == "") != (got == "") || !strings.Contains(got, c.why) {
			t.Errorf("%s imports %s: %q, want %q", c.from, c.to, got, c.why)
		}
	}
}

func TestTestsAndLinkedPackagesAreCheckedToo(t *testing.T) {
	packages, err := decode(strings.NewReader(`
		{"ImportPath": "net/http", "Imports": ["tug/internal/api"]}
		{"ImportPath": "tug/internal/logs", "Module": {"Main": true}, "TestImports": ["testing", "tug/internal/engine"]}
		{"ImportPath": "tug/cmd/tug-shim", "Module": {"Main": true}, "Imports": ["tug/internal/shim"], "Deps": ["fmt", "net/http"]}
	`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"a test of tug/internal/logs imports tug/internal/engine: imports go down, and a mechanism lies below a use case",
		"tug/cmd/tug-shim links net/http: there is one shim for each container: it is to stay small",
	}
	if d := cmp.Diff(want, check(packages)); d != "" {
		t.Error(d)
	}
}
