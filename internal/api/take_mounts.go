package api

import (
	"github.com/moby/moby/api/types/mount"

	"tug/internal/container"
)

// takeMounts converts what --mount asks for.
func takeMounts(mounts []mount.Mount) ([]container.Mount, error) {
	if len(mounts) == 0 {
		return nil, nil
	}
	out := make([]container.Mount, len(mounts))
	for i, m := range mounts {
		switch m.Type {
		case mount.TypeNamedPipe, mount.TypeCluster:
			return nil, invalid("invalid mount config for type %q: this host has no such mounts, use bind, volume, tmpfs or image", m.Type)
		}
		out[i] = container.Mount{
			Type:        string(m.Type),
			Source:      m.Source,
			Target:      m.Target,
			ReadOnly:    m.ReadOnly,
			Consistency: string(m.Consistency),
			Bind:        takeBindOptions(m.BindOptions),
			Volume:      takeVolumeOptions(m.VolumeOptions),
			Tmpfs:       takeTmpfsOptions(m.TmpfsOptions),
		}
		if m.ImageOptions != nil {
			out[i].Image = &container.ImageOptions{Subpath: m.ImageOptions.Subpath}
		}
	}
	return out, nil
}

func takeBindOptions(o *mount.BindOptions) *container.BindOptions {
	if o == nil {
		return nil
	}
	return &container.BindOptions{
		Propagation:            string(o.Propagation),
		NonRecursive:           o.NonRecursive,
		CreateMountpoint:       o.CreateMountpoint,
		ReadOnlyNonRecursive:   o.ReadOnlyNonRecursive,
		ReadOnlyForceRecursive: o.ReadOnlyForceRecursive,
	}
}

func takeVolumeOptions(o *mount.VolumeOptions) *container.VolumeOptions {
	if o == nil {
		return nil
	}
	out := &container.VolumeOptions{NoCopy: o.NoCopy, Labels: o.Labels, Subpath: o.Subpath}
	if d := o.DriverConfig; d != nil {
		out.Driver, out.DriverOptions = d.Name, d.Options
	}
	return out
}

func takeTmpfsOptions(o *mount.TmpfsOptions) *container.TmpfsOptions {
	if o == nil {
		return nil
	}
	return &container.TmpfsOptions{SizeBytes: o.SizeBytes, Mode: uint32(o.Mode), Options: o.Options}
}
