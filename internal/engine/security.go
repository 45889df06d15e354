package engine

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/container"
	"tug/internal/plan"
	"tug/internal/seccomp"
)

// security is what --security-opt asks for.
type security struct {
	noNewPrivileges bool
	seccomp         string // "": the default; "unconfined"; else the profile itself, as JSON
	apparmor        string
	unmask          bool // systempaths=unconfined
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
			s.noNewPrivileges = value == "true"
		case key == "seccomp":
			s.seccomp = value
		case key == "apparmor":
			s.apparmor = value
		case key == "label":
			if value != "disable" {
				return s, invalid("security option %q: this host has no SELinux", o)
			}
		case key == "systempaths" && value == "unconfined":
			s.unmask = true
		case key == "writable-cgroups":
			if value != "false" {
				return s, invalid("security option %q: a container sees its cgroups read-only", o)
			}
		default:
			return s, invalid("invalid --security-opt 2: %q", o)
		}
	}
	if s.apparmor != "" && s.apparmor != "unconfined" {
		if _, err := os.Stat("/sys/kernel/security/apparmor"); err != nil {
			return s, invalid("security option apparmor=%s: this host has no AppArmor", s.apparmor)
		}
	}
	if s.seccomp == "builtin" {
		s.seccomp = ""
	}
	return s, nil
}

// profile gives the seccomp profile for a container with the capabilities; nil: none.
func (e *Engine) profile(s security, caps []string, privileged bool) (*specs.LinuxSeccomp, error) {
	switch {
	case privileged && s.seccomp == "" || s.seccomp == "unconfined":
		return nil, nil
	case s.seccomp == "":
		return e.filters.Default(caps)
	}
	p, err := seccomp.Load([]byte(s.seccomp), caps)
	if err != nil {
		return nil, fmt.Errorf("seccomp profile: %w: %w", err, errdefs.ErrInvalidArgument)
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

// hostCgroups tells whether a container sees the host's cgroup namespace.
func hostCgroups(h *container.HostConfig) bool { return h.CgroupnsMode == "host" }
