package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/errdefs"

	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/image"
	"tug/internal/undo"
	"tug/internal/volume"
)

// prepareVolume finds or makes a mount's volume. If it is empty, it gets what the image has at its place.
func (e *Engine) prepareVolume(ctx context.Context, id string, m *container.MountPoint, asked *container.VolumeOptions, img image.Image, undo, held *undo.Stack) error {
	wish := volume.Wish{Name: m.Name, Driver: m.Driver}
	if asked != nil {
		wish.Labels, wish.Options = asked.Labels, asked.DriverOptions
	}
	if m.Name == "" {
		wish.Container = id
	}
	v, fresh, release, err := e.volumes.Hold(wish)
	if errdefs.IsNotFound(err) {
		return unlikeImage(err) // there is no such driver
	}
	if err != nil {
		return err
	}
	held.Add(release)
	m.Name, m.Source, m.Driver = v.Name, v.Path, v.Driver
	if fresh {
		e.publishVolume(&v, events.Create)
		undo.Add(func() { e.removeVolumes(id, []string{v.Name}) })
	}
	if slices.Contains(strings.Split(m.Mode, ","), "nocopy") {
		return nil
	}
	if err := e.volumes.Use(ctx, v.Name, id); err != nil {
		return err
	}
	defer e.releaseVolume(v.Name, id)
	err = e.volumes.Fill(v, fresh, func(dir int) error { return e.fillVolume(ctx, dir, id, img, m.Destination) })
	if err != nil {
		return fmt.Errorf("copy the image's %s into volume %s: %w", m.Destination, v.Name, err)
	}
	return nil
}

// havingVolume gives the IDs of the containers that have a volume, but for one of them.
func (e *Engine) havingVolume(name, but string) (ids []string) {
	for _, r := range e.containers.List() {
		if r.ID != but && slices.Contains(r.VolumeNames(), name) {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// useVolumes mounts those of a container's volumes that have to be.
func (e *Engine) useVolumes(ctx context.Context, r *container.Record, undo *undo.Stack) error {
	for _, name := range r.VolumeNames() {
		if err := e.volumes.Use(ctx, name, r.ID); err != nil {
			return err
		}
		undo.Add(func() { e.releaseVolume(name, r.ID) })
	}
	return nil
}

// releaseVolumes unmounts those of a container's volumes that nobody else uses.
func (e *Engine) releaseVolumes(r *container.Record) {
	for _, name := range r.VolumeNames() {
		e.releaseVolume(name, r.ID)
	}
}

func (e *Engine) releaseVolume(name, id string) {
	if err := e.volumes.Release(name, id); err != nil {
		e.log.Warn("unmount a volume", "volume", name, "error", err)
	}
}

// adoptVolumes tells which volumes are used by containers that live.
func (e *Engine) adoptVolumes(found []adoption) {
	used := map[string][]string{}
	for _, a := range found {
		if a.dead != nil {
			continue
		}
		for _, name := range a.record.VolumeNames() {
			used[name] = append(used[name], a.record.ID)
		}
	}
	if err := e.volumes.Adopt(used); err != nil {
		e.log.Warn("unmount volumes that nobody uses", "error", err)
	}
}
