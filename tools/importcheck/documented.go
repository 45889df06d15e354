package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// requirements are the modules of go.mod, with the commands of its `tool` lines.
type requirements struct {
	Require []struct{ Path string }
	Tool    []struct{ Path string }
}

func readRequirements() (requirements, error) {
	var r requirements
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		return r, fmt.Errorf("go mod edit -json: %w", err)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return r, fmt.Errorf("read go.mod: %w", err)
	}
	return r, nil
}

// undocumented gives a line for each module that the packages import and of which the page of dependencies does not speak (as
// `module`), and for each of which it speaks though nothing imports it.
func undocumented(packages []pkg, r requirements, page string) []string {
	used := map[string]string{} // module: a package that imports it
	for _, p := range packages {
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if m := r.module(imported); m != "" && used[m] == "" {
				used[m] = p.ImportPath
			}
		}
	}
	for _, tool := range r.Tool {
		used[r.module(tool.Path)] = "a tool line of go.mod"
	}
	var faults []string
	for _, require := range r.Require {
		m := require.Path
		documented := strings.Contains(page, "`"+m+"`")
		switch {
		case used[m] != "" && !documented:
			faults = append(faults, fmt.Sprintf("%s is used by %s: say why in docs/dependencies.md", m, used[m]))
		case used[m] == "" && documented:
			faults = append(faults, fmt.Sprintf("docs/dependencies.md tells why %s is used, but nothing imports it", m))
		}
	}
	return faults
}

// module is the required module that a package belongs to, or "".
func (r requirements) module(importPath string) string {
	longest := ""
	for _, require := range r.Require {
		if within(importPath, require.Path) && len(require.Path) > len(longest) {
			longest = require.Path
		}
	}
	return longest
}
