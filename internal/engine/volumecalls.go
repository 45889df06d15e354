package engine

import (
	"context"

	"tug/internal/events"
	"tug/internal/overlay"
	"tug/internal/volume"
)

// CreateVolume makes a volume, or gives the one that has the name. Errors: InvalidArgument, NotFound (driver).
func (e *Engine) CreateVolume(w volume.Wish) (volume.Volume, error) {
	leave, err := e.enter()
	if err != nil {
		return volume.Volume{}, err
	}
	defer leave()
	v, fresh, err := e.volumes.Create(w)
	if err == nil && fresh {
		e.publishVolume(&v, events.Create)
	}
	return v, err
}

// RemoveVolume removes a volume with all that is in it. Errors: NotFound, Conflict (in use).
func (e *Engine) RemoveVolume(name string) error {
	leave, err := e.enter()
	if err != nil {
		return err
	}
	defer leave()
	return e.removeVolume(name, "")
}

// removeVolume removes a volume that no container has but, perhaps, one. Errors: NotFound, Conflict (in use).
func (e *Engine) removeVolume(name, but string) error {
	v, err := e.volumes.Get(name)
	if err != nil {
		return err
	}
	if err := e.volumes.Remove(name, func() []string { return e.havingVolume(name, but) }); err != nil {
		return err
	}
	e.publishVolume(&v, events.Destroy)
	return nil
}

// VolumeSize tells how many bytes the files of a volume take; -1 if that is not known, as of one that is mounted from elsewhere.
func (e *Engine) VolumeSize(_ context.Context, v *volume.Volume) int64 {
	if len(v.Options) > 0 {
		return -1
	}
	size, err := overlay.Size(v.Path)
	if err != nil {
		return -1
	}
	return size
}
