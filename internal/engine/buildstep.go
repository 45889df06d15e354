package engine

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"tug/internal/build"
	"tug/internal/cgroup"
	"tug/internal/container"
	"tug/internal/image"
	"tug/internal/overlay"
	"tug/internal/plan"
)

// stepRecord describes the container of a step of a build as others are described. It is nowhere recorded: the container ends with the
// daemon.
func (e *Engine) stepRecord(s *build.Step) (*container.Record, error) {
	if len(s.Args) == 0 {
		return nil, invalid("a step of a build has no command")
	}
	r := &container.Record{
		ID: s.ID, Name: "build-" + s.ID[:12], Path: s.Args[0], Args: s.Args[1:],
		Config: container.Config{Hostname: s.Hostname, Env: s.Env, User: s.User, WorkingDir: s.Dir, Tty: s.Terminal},
		Host: container.HostConfig{
			NetworkMode: s.Network, ExtraHosts: s.ExtraHosts, Privileged: s.Insecure, ReadonlyRootfs: s.ReadonlyRoot,
			GroupAdd: []string{}, // so that who root is, is not remembered from one step for the next
			ShmSize:  s.Limits.ShmSize,
			Resources: container.Resources{
				CgroupParent: s.CgroupParent, Memory: s.Limits.Memory, MemorySwap: s.Limits.MemorySwap,
				CPUShares: s.Limits.CPUShares, CPUPeriod: s.Limits.CPUPeriod, CPUQuota: s.Limits.CPUQuota,
				CpusetCpus: s.Limits.CpusetCpus, CpusetMems: s.Limits.CpusetMems,
			},
		},
	}
	if r.Host.NetworkMode == "default" && e.Bridge == "none" {
		r.Host.NetworkMode = "none"
	}
	for _, u := range s.Ulimits {
		r.Host.Ulimits = append(r.Host.Ulimits, container.Ulimit{Name: u.Name, Soft: u.Soft, Hard: u.Hard})
	}
	e.now().Defaults.apply(&r.Host)
	if err := e.check(r); err != nil {
		return nil, err
	}
	settleSwap(&r.Host.Resources)
	var err error
	r.Mounts, err = stepMounts(s.Mounts)
	return r, err
}

// stepMounts are the mounts of a step, on places where containers may have some. Errors: InvalidArgument.
func stepMounts(mounts []build.Mount) (list []container.MountPoint, err error) {
	for _, m := range mounts {
		p := container.MountPoint{Type: "bind", Source: m.Tree.Path, Destination: m.Dest, RW: !m.Readonly}
		if m.Tmpfs != nil {
			p.Type, p.Options = "tmpfs", m.Tmpfs
		}
		if err := errors.Join(checkDestination(p.Destination), checkOnProc(&p)); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// prepareStep makes the specification of a step.
func (e *Engine) prepareStep(r *container.Record, s *build.Step, idBase uint32, group *cgroup.Group) (*prepared, error) {
	base := e.images.Store().Base()
	rootfs, layers, err := stepRoot(base, e.dir(r.ID), s.Root)
	if err != nil {
		return nil, err
	}
	root := image.Rootfs{Base: base, Layers: layers}
	trees, files := map[string]plan.Tree{}, map[string]bool{}
	r = r.Clone()
	for i, m := range s.Mounts {
		if m.Tmpfs != nil || m.Tree.Sub == "" && m.Tree.Path != "" {
			continue
		}
		tree, isFile, err := stepTree(base, m.Tree)
		if err != nil {
			return nil, fmt.Errorf("mount %s: %w", m.Dest, err)
		}
		name := "build-mount-" + strconv.Itoa(i)
		r.Mounts[i].Source = name
		trees[name], files[name] = tree, isFile
	}
	p, err := e.prepareOn(r, root, rootfs, idBase, group)
	if err != nil {
		return nil, err
	}
	p.env.Trees = trees
	for name, isFile := range files {
		p.env.Files[name] = isFile
	}
	return p, nil
}

// makeStepFolder makes the folder of a step's container. Where changes to its root go nowhere, it is in there that places are made for mounts,
// for the root's layers are others' as well.
func makeStepFolder(dir string, root build.Tree) error {
	if err := os.Mkdir(dir, 0o710); err != nil {
		return fmt.Errorf("make the folder of a build's step: %w", err)
	}
	if root.Path != "" || root.Upper != "" {
		return nil
	}
	return makeUpper(dir, root.Layers)
}

// stepRoot tells where a step's own files lie, and in which layers they are looked up, as folders below base. In dir, the step's own, is what is
// written where that goes nowhere (see makeStepFolder).
func stepRoot(base, dir string, t build.Tree) (plan.Rootfs, []string, error) {
	if t.Sub != "" && path.Clean("/"+t.Sub) != "/" {
		return plan.Rootfs{}, nil, invalid("the root of a step of a build is a whole file system, and not %s of one", t.Sub)
	}
	if t.Path != "" {
		below, err := belowBase(base, t.Path)
		return plan.Rootfs{Path: t.Path}, below, err
	}
	r, err := layered(base, t)
	if err != nil {
		return r, nil, err
	}
	r.Volatile = true // the image store brings layers to disk
	if t.Upper == "" {
		r.Dir = dir
		return r, r.Layers, nil
	}
	upper, err := belowBase(base, t.Upper)
	return r, append(upper, r.Layers...), err
}

// layered are layers over one another, as folders below base.
func layered(base string, t build.Tree) (r plan.Rootfs, err error) {
	r.Base = base
	if r.Layers, err = belowBase(base, t.Layers...); err != nil || t.Upper == "" {
		return r, err
	}
	r.Dir = filepath.Dir(t.Upper)
	if filepath.Dir(t.Work) != r.Dir || !strings.HasPrefix(r.Dir, base+"/") {
		return r, fmt.Errorf("layer %s does not lie where layers lie", t.Upper)
	}
	r.Upper, r.Work = filepath.Base(t.Upper), filepath.Base(t.Work)
	return r, nil
}

func belowBase(base string, folders ...string) ([]string, error) {
	var list []string
	for _, f := range folders {
		rel, err := filepath.Rel(base, f)
		if err != nil || !filepath.IsLocal(rel) {
			return nil, fmt.Errorf("layer %s does not lie where layers lie", f)
		}
		list = append(list, rel)
	}
	return list, nil
}

// stepTree gives what a mount shows, and whether that is a file.
func stepTree(base string, t build.Tree) (plan.Tree, bool, error) {
	isFile, err := isFileIn(t)
	if err != nil {
		return plan.Tree{}, false, err
	}
	if t.Path != "" {
		return plan.Tree{Rootfs: plan.Rootfs{Path: t.Path}, Sub: t.Sub}, isFile, nil
	}
	r, err := layered(base, t)
	return plan.Tree{Rootfs: r, Sub: t.Sub}, isFile, err
}

// isFileIn tells whether what a tree shows is a file.
func isFileIn(t build.Tree) (bool, error) {
	layers := t.Layers
	switch {
	case t.Path != "" && t.Sub == "":
		info, err := os.Stat(t.Path)
		return err == nil && !info.IsDir(), err
	case t.Path != "":
		layers = []string{t.Path}
	case t.Upper != "":
		layers = append([]string{t.Upper}, layers...)
	}
	return overlay.IsFile(layers, t.Sub)
}
