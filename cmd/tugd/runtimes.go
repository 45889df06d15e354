package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tug/internal/ociruntime"
)

// runtimes are the runtimes of the host that containers may ask for, by name, as in dockerd's daemon.json.
type runtimes map[string]runtimeSpec

type runtimeSpec struct {
	Path string   `json:"path"`
	Args []string `json:"runtimeArgs"`
}

// UnmarshalJSON reads a runtime of the configuration file.
func (r *runtimeSpec) UnmarshalJSON(data []byte) error {
	var spec struct {
		Path    string          `json:"path"`
		Args    []string        `json:"runtimeArgs"`
		Type    string          `json:"runtimeType"`
		Options json.RawMessage `json:"options"`
	}
	if err := json.Unmarshal(data, &spec); err != nil {
		return err
	}
	if spec.Type != "" || len(spec.Options) > 0 {
		return fmt.Errorf("runtimeType %q: there is no containerd here; give the runtime's program as \"path\" and \"runtimeArgs\"", spec.Type)
	}
	r.Path, r.Args = spec.Path, spec.Args
	return nil
}

// String is for the flag's help, which shows no default.
func (r *runtimes) String() string { return "" }

// Set reads NAME=PATH.
func (r *runtimes) Set(v string) error {
	name, path, ok := strings.Cut(v, "=")
	if !ok || name == "" || path == "" {
		return fmt.Errorf("%q: it is like NAME=/path/of/the/program", v)
	}
	if _, ok := (*r)[name]; ok {
		return fmt.Errorf("runtime %s is given twice", name)
	}
	if *r == nil {
		*r = runtimes{}
	}
	(*r)[name] = runtimeSpec{Path: path}
	return nil
}

// set gives them to the engine.
func (r runtimes) set(byDefault string) (ociruntime.Set, error) {
	var list []ociruntime.Runtime
	for _, name := range slices.Sorted(maps.Keys(r)) {
		list = append(list, ociruntime.Runtime{Name: name, Path: r[name].Path, Args: r[name].Args})
	}
	return ociruntime.NewSet(list, byDefault)
}
