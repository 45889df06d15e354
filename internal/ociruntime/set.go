package ociruntime

import (
	"cmp"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
)

// BuiltIn is the name of tug's own runtime.
const BuiltIn = "tug"

// Runtime is a runtime of the host.
type Runtime struct {
	Name string
	Path string   // of the program, or its name, to be looked for in PATH
	Args []string // that each call is given
}

// wellKnown are the runtimes that need no configuration where they are installed.
var wellKnown = []string{"crun", "runc"}

// Set is the runtimes that containers can ask for. Its zero value has the built-in and the well-known ones.
type Set struct {
	configured []Runtime // sorted by name
	byDefault  string
}

// NewSet gives a set of the configured runtimes and of the well-known ones, of which byDefault ("": the built-in) runs
// containers that ask for none. Errors: InvalidArgument.
func NewSet(configured []Runtime, byDefault string) (Set, error) {
	s := Set{byDefault: byDefault}
	for _, r := range configured {
		if err := r.check(); err != nil {
			return s, err
		}
		if slices.ContainsFunc(s.configured, func(o Runtime) bool { return o.Name == r.Name }) {
			return s, fmt.Errorf("runtime %s is configured twice: %w", r.Name, errdefs.ErrInvalidArgument)
		}
		s.configured = append(s.configured, r)
	}
	slices.SortFunc(s.configured, func(a, b Runtime) int { return strings.Compare(a.Name, b.Name) })
	if _, err := s.Get(s.Default()); err != nil {
		return s, fmt.Errorf("default runtime: %w", err)
	}
	return s, nil
}

// owned are the arguments that the engine has to give itself.
var owned = []string{"--root", "--log", "--log-format", "--systemd-cgroup", "--rootless"}

func (r Runtime) check() error {
	switch {
	case r.Name == "" || strings.ContainsAny(r.Name, " \t\n/"):
		return fmt.Errorf("runtime name %q: it is one word without a slash: %w", r.Name, errdefs.ErrInvalidArgument)
	case r.Name == BuiltIn:
		return fmt.Errorf("runtime name %q is reserved for the built-in one: %w", r.Name, errdefs.ErrInvalidArgument)
	case r.Path == "":
		return fmt.Errorf("runtime %s needs the path of its program: %w", r.Name, errdefs.ErrInvalidArgument)
	}
	for _, a := range r.Args {
		if flag, _, _ := strings.Cut(a, "="); slices.Contains(owned, flag) {
			return fmt.Errorf("runtime %s: the argument %s is tugd's own to give: %w", r.Name, flag, errdefs.ErrInvalidArgument)
		}
	}
	return nil
}

// Default is the name of the runtime of containers that ask for none.
func (s Set) Default() string { return cmp.Or(s.byDefault, BuiltIn) }

// Get gives a runtime of the host with the path of its program; one without a path is the built-in.
// Errors: InvalidArgument if there is none of the name.
func (s Set) Get(name string) (Runtime, error) {
	if name == "" || name == BuiltIn {
		return Runtime{Name: BuiltIn}, nil
	}
	r := Runtime{Name: name, Path: name}
	if i := slices.IndexFunc(s.configured, func(r Runtime) bool { return r.Name == name }); i >= 0 {
		r = s.configured[i]
	} else if !slices.Contains(wellKnown, name) {
		return r, s.unknown(name, "no such runtime is configured")
	}
	path, err := exec.LookPath(r.Path)
	if err != nil {
		return r, s.unknown(name, err.Error())
	}
	r.Path = path
	return r, nil
}

func (s Set) unknown(name, why string) error {
	var names []string
	for _, r := range s.List() {
		names = append(names, r.Name)
	}
	return fmt.Errorf("unknown or invalid runtime name: %s (%s; there are: %s): %w", name, why, strings.Join(names, ", "), errdefs.ErrInvalidArgument)
}

// Configured gives those that the configuration has.
func (s Set) Configured() []Runtime { return slices.Clone(s.configured) }

// List gives the built-in runtime, those configured, and the well-known ones that are installed.
func (s Set) List() []Runtime {
	list := append([]Runtime{{Name: BuiltIn}}, s.configured...)
	for _, name := range wellKnown {
		path, err := exec.LookPath(name)
		if err == nil && !slices.ContainsFunc(s.configured, func(r Runtime) bool { return r.Name == name }) {
			list = append(list, Runtime{Name: name, Path: path})
		}
	}
	return list
}
