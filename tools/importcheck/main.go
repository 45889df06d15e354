// Command importcheck tells whether the packages of this module import one another only down the layers that
// docs/architecture.md shows, and whether docs/dependencies.md says why of each module that they import. `make lint` runs it, in
// the module's root:
//
//	go run ./tools/importcheck
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

func main() {
	faults, err := faults()
	if err != nil {
		fmt.Fprintln(os.Stderr, "importcheck:", err)
		os.Exit(2)
	}
	for _, fault := range faults {
		fmt.Println(fault)
	}
	if len(faults) > 0 {
		os.Exit(1)
	}
}

func faults() ([]string, error) {
	packages, err := list()
	if err != nil {
		return nil, err
	}
	required, err := readRequirements()
	if err != nil {
		return nil, err
	}
	page, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		return nil, err
	}
	return append(check(packages), undocumented(packages, required, string(page))...), nil
}

// pkg is the part of what `go list -json` says of a package that the rules speak of.
type pkg struct {
	ImportPath   string
	Module       *struct{ Main bool }
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string // everything linked, tests aside
}

func (p pkg) ours() bool { return p.Module != nil && p.Module.Main }

func list() ([]pkg, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Module,Imports,TestImports,XTestImports,Deps", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	return decode(bytes.NewReader(out))
}

// decode reads the packages of this module from go list's stream of JSON values.
func decode(r io.Reader) ([]pkg, error) {
	var packages []pkg
	for d := json.NewDecoder(r); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read go list's output: %w", err)
		}
		if p.ours() {
			packages = append(packages, p)
		}
	}
}
