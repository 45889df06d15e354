package shim

import (
	"path"
	"slices"

	"tug/internal/plan"
)

// FirstName is the name of the files in the bundle that concern the container's first process.
const FirstName = "init"

// Call is a call of the runtime. The name is that of the call's files in the bundle: its log, and where it tells of the
// process that it has started.
func (r *Runtime) Call(name string, args ...string) *plan.Command {
	every := []string{"--root", path.Join(r.Dir, "state"), "--log", path.Join(r.Dir, LogOf(name)), "--log-format", "json"}
	return &plan.Command{Args: slices.Concat(r.Args, every, args), Env: r.Env}
}

// Create is the call that creates a container.
func (r *Runtime) Create(container string, terminal bool) *plan.Command {
	args := []string{"create", "--bundle", r.Dir}
	args = append(args, r.Starts(FirstName, terminal, plan.BundleConsole)...)
	return r.Call(FirstName, append(args, container)...)
}

// Starts are the arguments of a call that starts a process: where it is to tell of it and, on a socket, of its terminal.
func (r *Runtime) Starts(name string, terminal bool, socket string) []string {
	args := []string{"--pid-file", path.Join(r.Dir, PidOf(name))}
	if terminal {
		args = append(args, "--console-socket", path.Join(r.Dir, socket))
	}
	return args
}

// LogOf and PidOf name the files of a call.
func LogOf(name string) string { return name + ".log" }

// PidOf names the file in which a call tells of the process that it has started.
func PidOf(name string) string { return name + ".pid" }
