package engine

import (
	"cmp"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/cgroup"
	"tug/internal/container"
	"tug/internal/plan"
	"tug/internal/seccomp"
)

// security is what --security-opt asks for.
type security struct {
	noNewPrivileges bool
	seccomp         string // "": the default; "builtin"; "unconfined"; else the profile itself, as JSON
	unmask          bool   // systempaths=unconfined
	writableCgroups bool
	labels          []string // of SELinux
}

// check finds what this host or the rest of what was asked for does not allow. Errors: InvalidArgument.
func (s security) check(h *container.HostConfig, v2 bool) error {
	switch {
	case s.writableCgroups && !v2:
		return invalid("security option writable-cgroups: it takes cgroup version 2; on version 1, which this host has, a container could lift its own limits")
	case s.writableCgroups && hostCgroups(h):
		return invalid("security option writable-cgroups: it takes a cgroup namespace of the container's own (--cgroupns private)")
	}
	return nil
}

// warnings tells which options have no effect here.
func (s security) warnings() (list []string) {
	for _, l := range s.labels {
		if l != "disable" {
			list = append(list, fmt.Sprintf("security option label=%s: this host has no SELinux, so it has no effect", l))
		}
	}
	return list
}

// securityOptions reads them. Errors: InvalidArgument.
func securityOptions(options []string) (s security, err error) {
	for _, o := range options {
		key, value, ok := strings.Cut(o, "=")
		if !ok {
			key, value, ok = strings.Cut(o, ":")
		}
		switch {
		case o == "no-new-privileges":
			s.noNewPrivileges = true
		case !ok:
			return s, invalid("invalid --security-opt 1: %q", o)
		case key == "no-new-privileges":
			if s.noNewPrivileges, err = strconv.ParseBool(value); err != nil {
				return s, invalid("invalid --security-opt 2: %q: it is true or false", o)
			}
		case key == "seccomp":
			s.seccomp = value
		case key == "apparmor":
			if value != "unconfined" {
				return s, invalid("security option %q: tug confines with a user namespace, capabilities and seccomp, and not with AppArmor: leave it out, or say apparmor=unconfined", o)
			}
		case key == "label":
			if value != "disable" && exists("/sys/fs/selinux/enforce") {
				return s, invalid("security option %q: tug gives no SELinux labels; leave it out, or say label=disable", o)
			}
			s.labels = append(s.labels, value)
		case key == "systempaths" && value == "unconfined":
			s.unmask = true
		case key == "writable-cgroups":
			if s.writableCgroups, err = strconv.ParseBool(value); err != nil {
				return s, invalid("invalid --security-opt 2: %q: it is true or false", o)
			}
		default:
			return s, invalid("invalid --security-opt 2: %q", o)
		}
	}
	return s, nil
}

// seccompNone and seccompBuiltin are the profiles with a name.
const (
	seccompNone    = "unconfined"
	seccompBuiltin = "builtin"
)

// profile gives the seccomp profile for a container with the capabilities; nil: none.
func (e *Engine) profile(s security, caps []string, privileged bool) (*specs.LinuxSeccomp, error) {
	name := cmp.Or(s.seccomp, e.now().Defaults.Seccomp, seccompBuiltin)
	switch {
	case privileged && (s.seccomp == "" || name == seccompBuiltin) || name == seccompNone:
		return nil, nil
	case name == seccompBuiltin:
		return e.filters.Default(caps)
	}
	p, err := seccomp.Load([]byte(name), caps)
	if err != nil {
		return nil, fmt.Errorf("seccomp profile: %w", err)
	}
	if p != nil && p.ListenerPath != "" {
		return nil, invalid("seccomp profile: a listener (listenerPath) is not supported")
	}
	return p, nil
}

// allCaps are the capabilities that a container may get at most: in a user namespace all that the kernel knows, else
// those of the engine.
func (e *Engine) allCaps(isolated bool) []string {
	set := e.kernel.Caps
	if isolated {
		set = 1<<(e.kernel.LastCap+1) - 1
	}
	return plan.CapNames(set)
}

// filter fills in the compiled seccomp filter of a specification.
func (e *Engine) filter(spec *specs.Spec, env *plan.Env) error {
	if spec.Linux.Seccomp == nil {
		return nil
	}
	p, err := e.filters.Compile(spec.Linux.Seccomp, runtime.GOARCH)
	if err != nil {
		return fmt.Errorf("compile the seccomp profile: %w", err)
	}
	env.Filter, env.FilterFlags = p.Filter, p.Flags
	return nil
}

// cgroupMounts are the container's cgroups as it sees them.
func cgroupMounts(h *container.HostConfig, group *cgroup.Group) []specs.Mount {
	if hostCgroups(h) {
		return group.HostMounts()
	}
	return group.Mounts()
}

// hostCgroups tells whether a container sees the host's cgroup namespace.
func hostCgroups(h *container.HostConfig) bool { return h.CgroupnsMode == "host" }
