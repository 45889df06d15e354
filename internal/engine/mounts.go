package engine

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/containerd/errdefs"

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
	labels := map[string]map[string]string{} // of new volumes, by where they are mounted
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
		if m.Type == "volume" {
			m.Driver = r.Host.VolumeDriver
		}
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
		if asked.Volume != nil {
			labels[path.Clean(asked.Target)] = asked.Volume.Labels
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
			if err := add(container.MountPoint{Type: "volume", Destination: dest, RW: true, Driver: r.Host.VolumeDriver, Anonymous: true}); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(list, func(a, b container.MountPoint) int { return strings.Compare(a.Destination, b.Destination) })
	for i := range list {
		if err := e.prepareMount(ctx, r.ID, &list[i], labels[list[i].Destination], img, undo); err != nil {
			return err
		}
	}
	r.Mounts = list
	return nil
}

// volumeFor finds or makes a mount's volume; fresh tells which.
func (e *Engine) volumeFor(id string, m *container.MountPoint, labels map[string]string) (v volume.Volume, fresh bool, err error) {
	if m.Name == "" && (m.Driver == "" || m.Driver == "local") {
		v, err = e.volumes.CreateFor(id, labels)
		return v, true, err
	}
	if v, fresh, err = e.volumes.Create(m.Name, m.Driver, labels, nil); errdefs.IsNotFound(err) {
		err = unlikeImage(err) // there is no such driver
	}
	return v, fresh, err
}

// prepareMount makes the volume, or finds the bind's source.
func (e *Engine) prepareMount(ctx context.Context, id string, m *container.MountPoint, labels map[string]string, img image.Image, undo *undo.Stack) error {
	switch m.Type {
	case "volume":
		v, fresh, err := e.volumeFor(id, m, labels)
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
