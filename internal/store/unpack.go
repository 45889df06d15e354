package store

import (
	"context"

	"github.com/containerd/containerd/v2/core/diff"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/core/unpack"
	"github.com/containerd/platforms"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/semaphore"
)

// UnpackOptions are the bounds and the listener of one unpacking.
type UnpackOptions struct {
	Fetches  *semaphore.Weighted             // bounds the fetches of layers; nil does not
	Unpacks  *semaphore.Weighted             // bounds the layers that are unpacked at a time; needed
	Progress func(ocispec.Descriptor, int64) // told how many bytes of a layer were unpacked; may be nil
}

// Unpacker returns an unpacker for one image of whatever platform. It fetches all layers, also those that are unpacked
// already, so that the image can be saved and pushed; each layer is unpacked as soon as it is there, not waiting for the ones
// below it. Who shares a layer with another unpacker waits for it.
func (s *Store) Unpacker(ctx context.Context, o UnpackOptions) (*unpack.Unpacker, error) {
	platform := unpack.Platform{
		Platform:                platforms.All,
		SnapshotterKey:          SnapshotterKey,
		Snapshotter:             s.Snapshots,
		SnapshotterCapabilities: []string{snapshots.RebaseCap},
		Applier:                 s.Applier,
	}
	if o.Progress != nil {
		platform.ApplyOpts = append(platform.ApplyOpts, diff.WithProgress(o.Progress))
	}
	opts := []unpack.UnpackerOpt{
		unpack.WithUnpackPlatform(platform),
		unpack.WithUnpackLimiter(o.Unpacks),
		unpack.WithDuplicationSuppressor(s.locks),
		unpack.WithFetchAllContent(),
	}
	if o.Fetches != nil {
		opts = append(opts, unpack.WithLimiter(o.Fetches))
	}
	return unpack.NewUnpacker(ctx, s.Content, opts...)
}
