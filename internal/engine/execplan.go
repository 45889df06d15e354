package engine

import (
	"context"
	"fmt"
	"os"
	"path"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/container"
	"tug/internal/idmap"
	"tug/internal/oci"
	"tug/internal/plan"
)

// execPlan compiles the plan of a process in a running container, or, if that was handed to another runtime, gives the
// specification of the process.
func (e *Engine) execPlan(ctx context.Context, r *container.Record, run *run, c *ExecConfig, size *[2]uint) (encoded, process []byte, err error) {
	base, err := idmap.BaseOf(run.pid)
	if err != nil {
		return nil, nil, err
	}
	r = e.asItRuns(r, base)
	r.Mounts = nil // it finds them there; their sources may hang by now
	prep, err := e.prepare(ctx, r, base, run.group)
	if err != nil {
		return nil, nil, err
	}
	if prep.spec.Linux.Namespaces, err = namespacesOf(run.pid); err != nil {
		return nil, nil, err
	}
	p, err := e.execProcess(ctx, r, prep, c)
	if err != nil {
		return nil, nil, err
	}
	p.ConsoleSize = &specs.Box{Height: size[0], Width: size[1]}
	if isHanded(r) {
		process, err = processJSON(p)
		return nil, process, err
	}
	if prep.delegated || r.Host.Privileged {
		prep.env.CgroupDir = run.group.DirOf(run.pid)
	}
	prep.env.OpenStdin = c.AttachStdin
	compiled, err := plan.Exec(prep.spec, p, &prep.env)
	if err != nil {
		return nil, nil, err
	}
	return compiled.Encode(), nil, nil
}

// asItRuns gives a running container's record without the containers that it joined when it was started: by now they may
// be gone or be others. What matters of them is seen at its first process, whose user namespace begins at id base.
func (e *Engine) asItRuns(r *container.Record, base uint32) *container.Record {
	r = r.Clone()
	if owner, ok := joined(r.Host.NetworkMode); ok {
		if o, err := e.containers.Get(owner); err == nil {
			r.Config.Hostname = e.networkOwner(o).Config.Hostname
		}
	}
	for _, mode := range []*string{&r.Host.NetworkMode, &r.Host.IpcMode, &r.Host.PidMode} {
		if _, ok := joined(*mode); ok {
			*mode = "none"
		}
	}
	if base == 0 {
		r.Host.UsernsMode = "host"
	}
	return r
}

// namespacesOf gives the namespaces of a process that are not the engine's own.
func namespacesOf(pid int) ([]specs.LinuxNamespace, error) {
	var list []specs.LinuxNamespace
	for _, ns := range []struct {
		file string
		kind specs.LinuxNamespaceType
	}{
		{"mnt", specs.MountNamespace},
		{"net", specs.NetworkNamespace},
		{"uts", specs.UTSNamespace},
		{"pid", specs.PIDNamespace},
		{"ipc", specs.IPCNamespace},
		{"cgroup", specs.CgroupNamespace},
		{"user", specs.UserNamespace},
	} {
		theirs, err := os.Stat(fmt.Sprintf("/proc/%d/ns/%s", pid, ns.file))
		if err != nil {
			return nil, fmt.Errorf("find the container's namespaces: %w", err)
		}
		own, err := os.Stat("/proc/self/ns/" + ns.file)
		if err != nil {
			return nil, err
		}
		if !os.SameFile(theirs, own) {
			list = append(list, specs.LinuxNamespace{Type: ns.kind})
		}
	}
	return list, nil
}

// execUser finds who a further process is to be. Errors: InvalidArgument (there is no such user or group).
func (e *Engine) execUser(ctx context.Context, r *container.Record, name string) (oci.User, error) {
	img, err := e.imageOf(ctx, r)
	if err != nil {
		return oci.User{}, err
	}
	root, err := e.images.Rootfs(ctx, img)
	if err != nil {
		return oci.User{}, err
	}
	return e.user(r, root, name)
}

// execProcess gives the specification of a process in a container: as the container's own, but for what was asked.
func (e *Engine) execProcess(ctx context.Context, r *container.Record, prep *prepared, c *ExecConfig) (*specs.Process, error) {
	spec := prep.spec
	p := *spec.Process
	p.Args, p.Terminal = c.Cmd, c.Tty
	if c.WorkingDir != "" {
		if !path.IsAbs(c.WorkingDir) {
			return nil, &StartError{invalid("OCI runtime exec failed: exec failed: Cwd must be an absolute path")}
		}
		p.Cwd = path.Clean(c.WorkingDir)
	}
	home := ""
	if c.User != "" {
		u, err := e.execUser(ctx, r, c.User)
		if err != nil {
			return nil, err
		}
		p.User = specs.User{UID: u.UID, GID: u.GID, AdditionalGids: u.Groups, Umask: r.Host.Umask}
		home = u.Home
	}
	for _, v := range spec.Process.Env {
		if h, ok := strings.CutPrefix(v, "HOME="); ok && home == "" {
			home = h
		}
	}
	p.Env = oci.Environment(append(prep.linkEnv, mergeEnv(r.Config.Env, c.Env)...), spec.Hostname, home, c.Tty)
	if c.Privileged {
		all := e.allCaps(e.isolated(&r.Host))
		p.Capabilities = &specs.LinuxCapabilities{Bounding: all, Effective: all, Permitted: all}
	}
	return &p, nil
}
