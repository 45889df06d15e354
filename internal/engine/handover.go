package engine

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/container"
	"tug/internal/ociruntime"
	"tug/internal/plan"
	"tug/internal/shim"
)

// compile makes the plan that starts a container, with the runtime of the host that it is handed over to, or nil for the
// built-in one.
func (e *Engine) compile(r *container.Record, p *prepared, at ociruntime.Places) (*plan.Plan, *shim.Runtime, error) {
	rt, err := e.now().Runtimes.Get(r.Host.Runtime)
	if err != nil {
		return nil, nil, err
	}
	if rt.Name == ociruntime.BuiltIn {
		compiled, err := plan.Container(p.spec, &p.env)
		return compiled, nil, err
	}
	at.Bundle = bundleFolder(e.execRoot)
	if under(rt.Path, at.Bundle) {
		return nil, nil, invalid("runtime %s: its program %s lies below %s, where it would not find itself: put it elsewhere", rt.Name, rt.Path, at.Bundle)
	}
	config, err := ociruntime.Config(p.spec, &p.env, at)
	if err != nil {
		return nil, nil, err
	}
	handed := &shim.Runtime{Args: append([]string{rt.Path}, rt.Args...), Env: []string{"PATH=" + cmp.Or(os.Getenv("PATH"), "/usr/sbin:/usr/bin:/sbin:/bin")}, Dir: at.Bundle, Domainname: p.spec.Domainname}
	compiled, err := plan.Handover(p.spec, &p.env, &plan.Bundle{Dir: at.Bundle, Config: config, Command: *handed.Create(r.ID, r.Config.Tty)})
	return compiled, handed, err
}

// bundleFolder gives the folder on which bundles lie, each in a mount namespace of its own: the run root, or, if a folder
// above it is closed to others, the topmost such one. The root of a user namespace is one of those others, and its runtime
// goes to the bundle by path.
func bundleFolder(execRoot string) string {
	at := execRoot
	for dir := filepath.Dir(execRoot); dir != "/"; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && info.Mode()&0o001 == 0 {
			at = dir
		}
	}
	return at
}

// isHanded tells whether a container is run by another runtime than the built-in one.
func isHanded(r *container.Record) bool {
	return r.Host.Runtime != "" && r.Host.Runtime != ociruntime.BuiltIn
}

// processJSON is the specification of a further process as a runtime of the host takes it.
func processJSON(p *specs.Process) ([]byte, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("write the process's specification: %w", err)
	}
	return data, nil
}

// runtimeError gives the words of a runtime of the host that failed, as Docker's clients expect them after the prefix.
func runtimeError(prefix, name string, err error) error {
	f := new(shim.Failure)
	if !errors.As(err, &f) {
		return err
	}
	words := fmt.Sprintf("runtime %s: %v", name, f)
	if said := ociruntime.Words(f.Log); said != "" {
		words = said
	}
	var class error = errdefs.ErrInternal
	if exitCodeOf(errors.New(words)) != 128 {
		class = errdefs.ErrInvalidArgument
	}
	return &StartError{fmt.Errorf("%s%s: unknown: %w", prefix, words, class)}
}
