package store

import (
	"context"
	"crypto/rand"

	"github.com/containerd/containerd/v2/core/snapshots"
)

// upperdirLabel is where the overlay snapshotter tells a layer's folder.
const upperdirLabel = "containerd.io/snapshot/overlay.upperdir"

// located is the overlay snapshotter, below the metadata database, that tells a layer's folder under a label which nobody can
// foresee. The database lays its own labels over those of the snapshotter, and among them are some that came with the image: under
// the usual label an image could name any folder as its layer.
type located struct {
	snapshots.Snapshotter
	label string
}

func newLocated(s snapshots.Snapshotter) *located {
	return &located{Snapshotter: s, label: "tug/folder-" + rand.Text()}
}

// Stat implements snapshots.Snapshotter.
func (l *located) Stat(ctx context.Context, key string) (snapshots.Info, error) {
	info, err := l.Snapshotter.Stat(ctx, key)
	if err == nil {
		info.Labels[l.label] = info.Labels[upperdirLabel]
	}
	return info, err
}

// Cleanup implements snapshots.Cleaner.
func (l *located) Cleanup(ctx context.Context) error {
	if c, ok := l.Snapshotter.(snapshots.Cleaner); ok {
		return c.Cleanup(ctx)
	}
	return nil
}
