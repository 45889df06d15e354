package engine

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/containerd/errdefs"

	"tug/internal/container"
	"tug/internal/image"
	"tug/internal/undo"
)

// resolveMounts settles what is mounted where in the container: binds, --mount, --tmpfs, other containers' volumes, and
// an anonymous volume for each path that the image declares and nothing else covers. New volumes get the files that the
// image has there. No volume of the list is removed until what is held is let go of. Errors: InvalidArgument, NotFound.
func (e *Engine) resolveMounts(ctx context.Context, r *container.Record, img image.Image, undo, held *undo.Stack) error {
	var list []container.MountPoint
	options := map[string]*container.VolumeOptions{} // of new volumes, by where they are mounted
	add := func(m container.MountPoint, context string) error {
		if err := checkDestination(m.Destination); err != nil {
			return fmt.Errorf("%s%w", context, err)
		}
		m.Destination = path.Clean(m.Destination)
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
			err = add(m, fmt.Sprintf("invalid volume specification: '%s': %s", b, mountConfig(m.Type)))
		}
		if err != nil {
			return err
		}
	}
	for _, asked := range r.Host.Mounts {
		m, err := mountPoint(asked)
		if err == nil {
			err = add(m, mountConfig(m.Type))
		}
		options[path.Clean(asked.Target)] = asked.Volume
		if err != nil {
			return err
		}
	}
	for dest, options := range r.Host.Tmpfs {
		m := tmpfs(dest, options)
		err := checkTmpfs(m.Options)
		if err == nil {
			err = add(m, "")
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
			m, err := parseBind(dest) // Docker's command line puts `-v a:/data` there: it takes that for a path of Windows
			if err == nil {
				m.Driver = r.Host.VolumeDriver
				err = add(m, "")
			}
			if err != nil {
				return err
			}
		}
	}
	slices.SortFunc(list, func(a, b container.MountPoint) int { return strings.Compare(a.Destination, b.Destination) })
	for i := range list {
		asked := options[list[i].Destination]
		if err := e.prepareMount(ctx, r.ID, &list[i], asked, img, undo, held); err != nil {
			return err
		}
	}
	r.Mounts = list
	return nil
}

// prepareMount makes the volume, or finds the bind's source.
func (e *Engine) prepareMount(ctx context.Context, id string, m *container.MountPoint, asked *container.VolumeOptions, img image.Image, undo, held *undo.Stack) error {
	switch m.Type {
	case "volume":
		if err := checkOnProc(m); err != nil {
			return err
		}
		return e.prepareVolume(ctx, id, m, asked, img, undo, held)
	case "bind":
		if err := e.readySource(ctx, m); errdefs.IsUnavailable(err) {
			return err
		} else if err != nil {
			return fmt.Errorf("invalid mount config for type \"bind\": bind source path does not exist: %s: %w", m.Source, errdefs.ErrInvalidArgument)
		}
	}
	return checkOnProc(m)
}
