package ociruntime

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/plan"
)

// Places are where a container's runtime finds what was made ready for it.
type Places struct {
	Bundle        string // the folder, see plan.Bundle
	UserNS, NetNS string // paths of the namespaces that are new but made already; "": none
}

// version is that of the specification which all runtimes in use know.
const version = "1.0.2"

// Config gives the specification that a container's runtime is handed, as JSON: the same that the built-in runtime takes,
// but for what lies elsewhere by now or is made already (plan.Handover), and for what only the built-in one understands.
// Errors: InvalidArgument for what no runtime of the host can do.
func Config(s *specs.Spec, env *plan.Env, at Places) ([]byte, error) {
	c, l := *s, *s.Linux
	c.Linux, c.Version = &l, version
	c.Root = &specs.Root{Path: path.Join(at.Bundle, plan.BundleRoot), Readonly: s.Root.Readonly}
	l.Namespaces = namespaces(s.Linux.Namespaces, at)
	userNS := has(s, specs.UserNamespace)
	if userNS {
		// Also of one that is joined: runtimes want to know them.
		ids := []specs.LinuxIDMapping{{ContainerID: 0, HostID: env.IDBase, Size: 65536}}
		l.UIDMappings, l.GIDMappings = ids, ids
	}
	c.Mounts = mounts(s.Mounts, env, at)
	l.Devices = nil
	for i, d := range s.Linux.Devices {
		if plan.InBundle(d, userNS) {
			if plan.IsStandard(d.Path) {
				return nil, fmt.Errorf("device %s: in a user namespace a runtime of the host shows its own device there: give it another path, or use --userns host: %w", d.Path, errdefs.ErrInvalidArgument)
			}
			c.Mounts = append(c.Mounts, specs.Mount{Destination: d.Path, Type: "bind", Source: plan.BundleDevice(at.Bundle, i), Options: []string{"bind"}})
		} else {
			l.Devices = append(l.Devices, d)
		}
	}
	data, err := json.Marshal(&c)
	if err != nil {
		return nil, fmt.Errorf("write the specification: %w", err)
	}
	return data, nil
}

func has(s *specs.Spec, kind specs.LinuxNamespaceType) bool {
	return slices.ContainsFunc(s.Linux.Namespaces, func(n specs.LinuxNamespace) bool { return n.Type == kind })
}

// namespaces fills in the paths of those that are made already.
func namespaces(list []specs.LinuxNamespace, at Places) []specs.LinuxNamespace {
	list = slices.Clone(list)
	for i := range list {
		switch n := &list[i]; {
		case n.Path != "":
		case n.Type == specs.UserNamespace:
			n.Path = at.UserNS
		case n.Type == specs.NetworkNamespace:
			n.Path = at.NetNS
		}
	}
	return list
}

const cgroups = "/sys/fs/cgroup"

// mounts gives binds their sources in the bundle, and has the runtime mount the cgroups in its own way.
func mounts(list []specs.Mount, env *plan.Env, at Places) []specs.Mount {
	var out []specs.Mount
	inCgroups := false
	for i, m := range list {
		switch {
		case plan.IsInPlace(m):
		case plan.IsBind(m):
			m.Type, m.Source = "bind", plan.BundleMount(at.Bundle, i)
			if env.Kernel.MountSetattr {
				m.Options = bindOptions(m.Options)
			}
		case m.Destination == cgroups && m.Type == "tmpfs" && i+1 < len(list) && list[i+1].Type == "cgroup":
			continue // around the hierarchies of version 1
		case m.Destination == cgroups && slices.Contains(m.Options, "remount"), m.Type == "symlink":
			continue
		case m.Type == "cgroup" || m.Type == "cgroup2":
			if inCgroups {
				continue
			}
			inCgroups = true
			writable := !slices.Contains(m.Options, "ro")
			m = specs.Mount{Destination: cgroups, Type: "cgroup", Source: "cgroup", Options: []string{"nosuid", "noexec", "nodev", "relatime"}}
			if !writable {
				m.Options = append(m.Options, "ro")
			}
		}
		out = append(out, m)
	}
	return out
}

// bindOptions leaves out the attributes that the mount in the bundle has already: in a user namespace a runtime that sets
// them again loses others, which the kernel does not allow.
func bindOptions(options []string) []string {
	kept := []string{"rbind"}
	for _, o := range options {
		switch o {
		case "private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable", "runbindable":
			kept = append(kept, o)
		}
	}
	return kept
}
