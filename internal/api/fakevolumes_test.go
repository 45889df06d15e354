package api

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/errdefs"

	"tug/internal/volume"
)

// What the fake engine does with volumes.

type fakeVolumes []volume.Volume

func (f *fakeEngine) Volumes() Volumes {
	return fakeVolumes{aVolume, {Name: "idle", Driver: "local", Path: "/v/idle/_data", Anonymous: true}}
}

// aVolume is there always.
var aVolume = volume.Volume{
	Name: "data", Driver: "local", Path: "/v/data/_data", Created: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Labels: map[string]string{"keep": "yes"},
}

func (f fakeVolumes) List() []volume.Volume { return f }

func (f fakeVolumes) Get(name string) (volume.Volume, error) {
	for _, v := range f {
		if v.Name == name {
			return v, nil
		}
	}
	return volume.Volume{}, fmt.Errorf("get %s: no such volume: %w", name, errdefs.ErrNotFound)
}

func (f *fakeEngine) CreateVolume(w volume.Wish) (volume.Volume, error) {
	return aVolume, f.log("create volume %s %s %v %v", w.Name, w.Driver, w.Labels, w.Options)
}

func (f *fakeEngine) RemoveVolume(name string) error {
	if _, err := f.Volumes().Get(name); err != nil {
		return err
	}
	return f.log("remove volume %s", name)
}

func (f *fakeEngine) VolumeSize(context.Context, *volume.Volume) int64 { return 7 }
