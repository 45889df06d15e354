package engine

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/image"
	"tug/internal/undo"
	"tug/internal/volume"
)

// resolveMounts settles what is mounted where in the container: binds, --mount, --tmpfs, other containers' volumes, and
// an anonymous volume for each path that the image declares and nothing else covers. New volumes get the files that the
// image has there. Errors: InvalidArgument, NotFound.
func (e *Engine) resolveMounts(ctx context.Context, r *container.Record, img image.Image, undo *undo.Stack) error {
	var list []container.MountPoint
	add := func(m container.MountPoint) error {
		m.Destination = path.Clean(m.Destination)
		if !path.IsAbs(m.Destination) || m.Destination == "/" {
			return invalid("invalid mount path: '%s' mount path must be absolute and not the root", m.Destination)
		}
		if slices.ContainsFunc(list, func(o container.MountPoint) bool { return o.Destination == m.Destination }) {
			return invalid("Duplicate mount point: %s", m.Destination)
		}
		list = append(list, m)
		return nil
	}
	for _, b := range r.Host.Binds {
		m, err := parseBind(b)
		if err == nil {
			err = add(m)
		}
		if err != nil {
			return err
		}
	}
	for _, asked := range r.Host.Mounts {
		m, err := mountPoint(asked)
		if err == nil {
			err = add(m)
		}
		if err != nil {
			return err
		}
	}
	for dest, options := range r.Host.Tmpfs {
		m := tmpfs(dest, options)
		err := checkTmpfs(m.Options)
		if err == nil {
			err = add(m)
		}
		if err != nil {
			return err
		}
	}
	covered := func(dest string) bool {
		return slices.ContainsFunc(list, func(o container.MountPoint) bool { return o.Destination == path.Clean(dest) })
	}
	for _, from := range r.Host.VolumesFrom {
		shared, err := e.volumesFrom(from)
		if err != nil {
			return err
		}
		for _, m := range shared {
			if !covered(m.Destination) {
				list = append(list, m)
			}
		}
	}
	for dest := range r.Config.Volumes {
		if !covered(dest) {
			if err := add(container.MountPoint{Type: "volume", Destination: dest, RW: true, Anonymous: true}); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(list, func(a, b container.MountPoint) int { return strings.Compare(a.Destination, b.Destination) })
	for i := range list {
		if err := e.prepareMount(ctx, r.ID, &list[i], img, undo); err != nil {
			return err
		}
	}
	r.Mounts = list
	return nil
}

// volumeFor finds or makes a mount's volume; fresh tells which.
func (e *Engine) volumeFor(id string, m *container.MountPoint) (v volume.Volume, fresh bool, err error) {
	if m.Name == "" && (m.Driver == "" || m.Driver == "local") {
		v, err = e.volumes.CreateFor(id)
		return v, true, err
	}
	return e.volumes.Create(m.Name, m.Driver, nil, nil)
}

// prepareMount makes the volume, or finds the bind's source.
func (e *Engine) prepareMount(ctx context.Context, id string, m *container.MountPoint, img image.Image, undo *undo.Stack) error {
	switch m.Type {
	case "volume":
		v, fresh, err := e.volumeFor(id, m)
		if err != nil {
			return err
		}
		m.Name, m.Source, m.Driver = v.Name, v.Path, v.Driver
		if !fresh {
			return nil
		}
		e.publishVolume(&v, events.Create)
		undo.Add(func() { e.removeVolumes(id, []string{v.Name}) })
		if slices.Contains(strings.Split(m.Mode, ","), "nocopy") {
			return nil
		}
		if err := e.fillVolume(ctx, v.Path, img, m.Destination); err != nil {
			return fmt.Errorf("copy the image's %s into volume %s: %w", m.Destination, v.Name, err)
		}
	case "bind":
		_, err := os.Stat(m.Source)
		if os.IsNotExist(err) && !m.MustExist {
			err = os.MkdirAll(m.Source, 0o755) // as Docker does for -v
		}
		if err != nil {
			return fmt.Errorf("invalid mount config for type \"bind\": bind source path does not exist: %s: %w", m.Source, errdefs.ErrInvalidArgument)
		}
	}
	return nil
}

// parseBind reads "source:target[:options]". A source that is no path names a volume; without a source it is anonymous.
func parseBind(text string) (container.MountPoint, error) {
	m := container.MountPoint{RW: true}
	parts := strings.Split(text, ":")
	switch {
	case len(parts) == 1:
		m.Type, m.Destination, m.Anonymous = "volume", parts[0], true
		return m, nil
	case len(parts) > 3 || parts[0] == "" || parts[1] == "":
		return m, invalid("invalid volume specification: '%s'", text)
	}
	m.Source, m.Destination = parts[0], parts[1]
	if len(parts) == 3 {
		m.Mode = parts[2]
	}
	m.Type = "bind"
	if !path.IsAbs(m.Source) {
		m.Type, m.Name, m.Source = "volume", m.Source, ""
	} else {
		m.Source = filepath.Clean(m.Source)
	}
	for o := range strings.SplitSeq(m.Mode, ",") {
		switch o {
		case "", "rw", "z", "Z", "cached", "delegated", "consistent", "nocopy":
		case "ro":
			m.RW = false
		case "private", "rprivate", "slave", "rslave", "shared", "rshared":
			if m.Type == "volume" {
				return m, invalid("invalid volume specification: '%s': propagation is for bind mounts", text)
			}
			m.Propagation = o
		default:
			return m, invalid("invalid mode: %s", m.Mode)
		}
	}
	if m.Type == "bind" && m.Propagation == "" {
		m.Propagation = "rprivate"
	}
	return m, nil
}

// mountPoint translates one --mount.
func mountPoint(a container.Mount) (container.MountPoint, error) {
	m := container.MountPoint{Type: a.Type, Source: a.Source, Destination: a.Target, RW: !a.ReadOnly}
	switch a.Type {
	case "bind":
		if !path.IsAbs(a.Source) {
			return m, invalid("invalid mount config for type \"bind\": invalid mount path: '%s' mount path must be absolute", a.Source)
		}
		m.MustExist, m.Propagation = true, "rprivate"
		if o := a.Bind; o != nil {
			m.NonRecursive, m.MustExist = o.NonRecursive, !o.CreateMountpoint
			if o.Propagation != "" {
				m.Propagation = o.Propagation
			}
			m.ReadOnlyDeep = a.ReadOnly && !o.ReadOnlyNonRecursive && o.ReadOnlyForceRecursive
		}
	case "volume":
		m.Name, m.Source, m.Anonymous = a.Source, "", a.Source == ""
		if o := a.Volume; o != nil {
			if o.Subpath != "" || len(o.DriverOptions) > 0 {
				return m, invalid("volume-subpath and volume-opt of a mount are not supported")
			}
			m.Driver = o.Driver
			if o.NoCopy {
				m.Mode = "nocopy"
			}
		}
	case "tmpfs":
		m = tmpfs(a.Target, "")
		if a.ReadOnly {
			m.Options = append(m.Options, "ro")
		}
		if o := a.Tmpfs; o != nil {
			if o.SizeBytes > 0 {
				m.Options = append(m.Options, fmt.Sprintf("size=%d", o.SizeBytes))
			}
			if o.Mode != 0 {
				m.Options = append(m.Options, fmt.Sprintf("mode=%o", o.Mode))
			}
			for _, kv := range o.Options {
				m.Options = append(m.Options, strings.Join(kv, "="))
			}
		}
		return m, checkTmpfs(m.Options)
	default:
		return m, invalid("mount type %q unknown", a.Type)
	}
	return m, nil
}

func tmpfs(dest, options string) container.MountPoint {
	m := container.MountPoint{Type: "tmpfs", Destination: dest, RW: true, Mode: options, Options: []string{"noexec", "nosuid", "nodev"}}
	for o := range strings.SplitSeq(options, ",") {
		if o != "" {
			m.Options = append(m.Options, o)
		}
	}
	return m
}

// volumesFrom gives the mounts of another container: "container[:ro|rw]".
func (e *Engine) volumesFrom(text string) ([]container.MountPoint, error) {
	name, mode, _ := strings.Cut(text, ":")
	if mode != "" && mode != "ro" && mode != "rw" && mode != "z" && mode != "Z" {
		return nil, invalid("invalid mode for volumes-from: %s", mode)
	}
	other, err := e.containers.Get(name)
	if err != nil {
		return nil, err
	}
	var list []container.MountPoint
	for _, m := range other.Mounts {
		if m.Type == "tmpfs" {
			continue
		}
		m.Anonymous = false
		if mode == "ro" {
			m.RW = false
		}
		list = append(list, m)
	}
	return list, nil
}

// specMounts translates a container's mounts for its specification, and tells which sources are not folders.
func specMounts(mounts []container.MountPoint) (list []specs.Mount, files map[string]bool) {
	files = map[string]bool{}
	for _, m := range mounts {
		if m.Type == "tmpfs" {
			list = append(list, specs.Mount{Destination: m.Destination, Type: "tmpfs", Source: "tmpfs", Options: m.Options})
			continue
		}
		s := specs.Mount{Destination: m.Destination, Type: "bind", Source: m.Source, Options: []string{"rbind"}}
		if m.NonRecursive {
			s.Options[0] = "bind"
		}
		if m.Propagation != "" {
			s.Options = append(s.Options, m.Propagation)
		}
		switch {
		case m.ReadOnlyDeep:
			s.Options = append(s.Options, "rro")
		case !m.RW:
			s.Options = append(s.Options, "ro")
		}
		if info, err := os.Stat(m.Source); err == nil && !info.IsDir() {
			files[m.Source] = true
		}
		list = append(list, s)
	}
	return list, files
}
