package engine

import (
	"context"
	"io"
	"path/filepath"
	"sync"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/cgroup"
	"tug/internal/container"
	"tug/internal/image"
	"tug/internal/oci"
	"tug/internal/overlay"
	"tug/internal/passwd"
	"tug/internal/plan"
)

const initPath = "/sbin/docker-init"

// prepared is a container's specification and what compiling it into a plan needs beside it.
type prepared struct {
	spec    *specs.Spec
	env     plan.Env
	linkEnv []string
	// delegated is set if the container may make cgroups below its own.
	delegated bool
}

// prepare makes the specification of a container that is to run in the given user namespace and cgroup. It changes
// nothing on the host.
func (e *Engine) prepare(ctx context.Context, r *container.Record, idBase uint32, group *cgroup.Group) (*prepared, error) {
	img, err := e.imageOf(ctx, r)
	if err != nil {
		return nil, err
	}
	root, err := e.images.Rootfs(ctx, img)
	if err != nil {
		return nil, err
	}
	return e.prepareOn(r, root, plan.Rootfs{Base: root.Base, Layers: root.Layers, Dir: e.dir(r.ID)}, idBase, group)
}

// prepareOn is prepare of a container whose files lie in rootfs, on the layers of root.
func (e *Engine) prepareOn(r *container.Record, root image.Rootfs, rootfs plan.Rootfs, idBase uint32, group *cgroup.Group) (*prepared, error) {
	p := &prepared{env: plan.Env{
		Kernel: e.kernel, IDBase: idBase, OpenStdin: r.Config.OpenStdin, Rootfs: rootfs, JoinFiles: group.JoinFiles(), CgroupDir: group.Dir(),
	}}
	in, err := e.input(r, root, idBase, group)
	if err != nil {
		return nil, err
	}
	p.linkEnv, p.delegated = in.LinkEnv, in.WritableCgroups
	p.env.IDBase = in.IDBase // of the user namespace that it joins, if it joins one
	if err := checkPropagation(r.Mounts); err != nil {
		return nil, err
	}
	in.Mounts, p.env.Files = specMounts(r.Mounts, e.kernel.MountSetattr)
	for _, f := range []string{in.Files.Hosts, in.Files.Hostname, in.Files.ResolvConf} {
		p.env.Files[f] = true
	}
	if place, ok := shmPlace(in); ok {
		p.env.Elsewhere = map[string]plan.Place{in.Shm: place}
	}
	p.spec = oci.Spec(in)
	if err := oci.CheckSysctls(p.spec); err != nil {
		return nil, err
	}
	p.env.Unmapped = map[string]bool{}
	for _, m := range in.CgroupMounts {
		p.env.Unmapped[m.Source] = m.Type == "bind" // which takes no id map
	}
	for i := range p.spec.Mounts {
		if m := &p.spec.Mounts[i]; m.Source == oci.InitSource {
			m.Source = e.Shim
			p.env.Files[m.Source] = true
			// It stays root's of the host: a container that may mount could write to it otherwise.
			p.env.Unmapped[m.Source] = true
		}
	}
	if !e.kernel.MountSetattr {
		p.env.Attributes = mountAttributes(p.spec.Mounts)
	}
	p.env.Links = e.links(r, root, p.spec.Mounts, in.Files)
	e.cgroups.Adjust(p.spec.Linux.Resources) // the warnings were given when the container was created
	return p, e.filter(p.spec, &p.env)
}

// imageOf gives the image that a container was made of.
func (e *Engine) imageOf(ctx context.Context, r *container.Record) (image.Image, error) {
	return e.images.Get(ctx, r.ImageID)
}

// input gathers what the specification is made of.
func (e *Engine) input(r *container.Record, root image.Rootfs, idBase uint32, group *cgroup.Group) (*oci.Input, error) {
	h := &r.Host
	isolated := e.isolated(h)
	sec, err := securityOptions(h.SecurityOpt)
	if err != nil {
		return nil, err
	}
	in := &oci.Input{
		Record: r, UserNS: isolated, IDBase: idBase, Hostname: r.Config.Hostname, NoNewPrivileges: sec.noNewPrivileges,
		HostNetwork: h.NetworkMode == "host", HostIPC: h.IpcMode == "host", HostPid: h.PidMode == "host", HostUTS: h.UTSMode == "host", HostCgr: hostCgroups(h),
		Cgroup: group.Path(), CgroupMounts: cgroupMounts(h, group), Files: e.etcFiles(r.ID),
	}
	in.WritableCgroups = sec.writableCgroups
	if sec.unmask {
		in.Record = r.Clone() // what is in the store is not changed
		in.Record.Host.MaskedPaths, in.Record.Host.ReadonlyPaths = []string{}, []string{}
	}
	if h.Init != nil && *h.Init {
		in.Init = initPath
	}
	if err := e.joinNamespaces(in, h); err != nil {
		return nil, err
	}
	if in.Caps, err = oci.Capabilities(h.CapAdd, h.CapDrop, h.Privileged, e.allCaps(isolated)); err != nil {
		return nil, err
	}
	if in.Seccomp, err = e.profile(sec, in.Caps, h.Privileged); err != nil {
		return nil, err
	}
	if in.User, err = e.user(r, root, r.Config.User); err != nil {
		return nil, err
	}
	if in.LinkEnv, err = e.linkEnvironment(r); err != nil {
		return nil, err
	}
	return in, e.devices(in, h)
}

// networkOwner gives the container whose network another one shares, through any number of containers in
// between, which can be in a circle by now.
func (e *Engine) networkOwner(r *container.Record) *container.Record {
	for seen := map[string]bool{}; !seen[r.ID]; {
		seen[r.ID] = true
		name, shares := joined(r.Host.NetworkMode)
		if !shares {
			return r
		}
		owner, err := e.containers.Get(name)
		if err != nil {
			return r
		}
		r = owner
	}
	return r
}

// layers are the folders of a container's file system, topmost first.
func (e *Engine) layers(r *container.Record, root image.Rootfs) []string {
	var list []string
	if own := filepath.Join(e.dir(r.ID), "upper"); exists(own) { // a step of a build has it among those of root
		list = append(list, own)
	}
	for _, l := range root.Layers {
		list = append(list, filepath.Join(root.Base, l))
	}
	return list
}

// user finds who a process is to be, in the container's own /etc/passwd and /etc/group.
func (e *Engine) user(r *container.Record, root image.Rootfs, name string) (oci.User, error) {
	layers := e.layers(r, root)
	// Every start asks for root; its entry is remembered while the container has not touched its /etc.
	cached := name == "" && r.Host.GroupAdd == nil && !exists(filepath.Join(e.dir(r.ID), "upper", "etc"))
	if cached {
		if u, ok := e.passwd.root(r.ImageID); ok {
			return u, nil
		}
	}
	var files [2]io.Reader
	for i, f := range []string{"/etc/passwd", "/etc/group"} {
		if file, err := overlay.Open(layers, f); err == nil {
			defer file.Close()
			files[i] = file
		}
	}
	u, err := passwd.Resolve(name, files[0], files[1], r.Host.GroupAdd)
	if err != nil {
		return oci.User{}, err
	}
	home := u.Home
	if home == "" {
		home = "/"
	}
	groups := u.Groups
	if len(groups) == 0 {
		groups = []uint32{u.GID}
	}
	found := oci.User{UID: u.UID, GID: u.GID, Groups: groups, Home: home}
	if e.isolated(&r.Host) {
		if err := checkIDs(found); err != nil {
			return oci.User{}, err
		}
	}
	if cached {
		e.passwd.learn(r.ImageID, found)
	}
	return found, nil
}

// passwdCache remembers who root is in an image, which every start asks.
type passwdCache struct {
	mu      sync.Mutex
	byImage map[string]oci.User
}

// root gives root's entry of an image.
func (c *passwdCache) root(imageID string) (oci.User, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u, ok := c.byImage[imageID]
	return u, ok
}

// learn remembers root's entry of an image.
func (c *passwdCache) learn(imageID string, u oci.User) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byImage == nil {
		c.byImage = map[string]oci.User{}
	}
	if len(c.byImage) < 1000 {
		c.byImage[imageID] = u
	}
}
