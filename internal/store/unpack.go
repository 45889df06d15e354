package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/pkg/labels"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/identity"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"tug/internal/untar"
)

var errNoSeek = fmt.Errorf("the transfer cannot go on where it broke: %w", errdefs.ErrNotImplemented)

// Layer is a layer of an image: its blob, and the digest of what is in that.
type Layer struct {
	Blob   ocispec.Descriptor
	DiffID digest.Digest
}

// is refuses a layer with another content than the image's configuration says.
func (l Layer) is(diff digest.Digest) error {
	if diff == l.DiffID {
		return nil
	}
	return &LayerError{l.Blob.Digest, fmt.Errorf("wrong diff id: its content is %s, and the image's configuration says %s: %w", diff, l.DiffID, errdefs.ErrInvalidArgument)}
}

// UnpackOptions are where blobs come from, the bounds, and the listener of one unpacking.
type UnpackOptions struct {
	// Fetch brings a blob into the store, if it is not there, verified. What it reads it has the follower, which may be nil, follow. nil
	// if all blobs are there.
	Fetch func(context.Context, ocispec.Descriptor, *Follower) error
	// Pass has a blob read where it comes from, verified, and keeps it nowhere: a layer that can be unpacked at once needs no more. nil if blobs
	// are to be kept.
	Pass     func(ctx context.Context, blob ocispec.Descriptor, read func(io.Reader) error) error
	Fetches  *semaphore.Weighted             // bounds the fetches of layers
	Unpacks  *semaphore.Weighted             // bounds the layers that are unpacked at a time
	Early    *Early                          // has some of them unpacked already; may be nil
	Progress func(ocispec.Descriptor, int64) // told how many bytes of a layer were unpacked, its size when it is all; may be nil
}

// Unpack brings an image's layers into the store, unpacked and as blobs. All of them come and are unpacked at the same time; each is
// put onto the ones below when these are there. A layer that is being unpacked for another image is waited for. config is the image's
// configuration, which holds the layers from then on; ctx must hold a lease.
func (s *Store) Unpack(ctx context.Context, config ocispec.Descriptor, layers []Layer, o UnpackOptions) error {
	diffs := make([]digest.Digest, len(layers))
	for i, l := range layers {
		diffs[i] = l.DiffID
	}
	u := &unpacking{Store: s, o: o, layers: layers, chains: identity.ChainIDs(diffs)}
	for range layers {
		u.done = append(u.done, make(chan struct{}))
	}
	group, ctx := errgroup.WithContext(ctx)
	for i := range layers {
		group.Go(func() error { return u.layer(ctx, i) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	top := ""
	if len(layers) > 0 {
		top = u.chains[len(layers)-1].String()
	}
	_, err := s.Content.Update(context.WithoutCancel(ctx), content.Info{Digest: config.Digest, Labels: map[string]string{LayersLabel: top}}, "labels."+LayersLabel)
	return err
}

// LayersLabel is the label of an image's configuration that names its topmost layer, and holds it and those below.
const LayersLabel = "containerd.io/gc.ref.snapshot." + SnapshotterKey

// unpacking is one image on its way into the store.
type unpacking struct {
	*Store
	o      UnpackOptions
	layers []Layer
	chains []digest.Digest
	done   []chan struct{} // closed when the layer and all below it are there
}

func (u *unpacking) layer(ctx context.Context, i int) error {
	l, chain := u.layers[i], u.chains[i].String()
	key := "chain " + chain
	if err := u.locks.Lock(ctx, key); err != nil {
		return err
	}
	defer u.locks.Unlock(key)
	meant := map[string]string{snapshots.LabelSnapshotRef: chain, snapshots.LabelSnapshotDiffID: l.DiffID.String()}
	draft := fmt.Sprintf(snapshots.UnpackKeyFormat, rand.Text(), chain)
	mounts, err := u.Snapshots.Prepare(ctx, draft, "", snapshots.WithLabels(meant))
	if errdefs.IsAlreadyExists(err) { // and is held by the lease now
		close(u.done[i])
		if u.o.Pass != nil {
			return nil
		}
		if err := u.fetch(ctx, l.Blob, nil); err != nil {
			return err
		}
		return u.verify(ctx, l)
	}
	if err != nil {
		return fmt.Errorf("make a folder for layer %s: %w", l.Blob.Digest, err)
	}
	dir, _, err := target(mounts)
	if err == nil {
		err = u.fill(ctx, i, dir)
	}
	if err == nil {
		err = u.commit(ctx, i, draft, meant)
	}
	if err != nil {
		if rerr := u.Snapshots.Remove(context.WithoutCancel(ctx), draft); rerr != nil && !errdefs.IsNotFound(rerr) {
			u.log.Warn("cannot remove a layer that is not whole", "layer", l.Blob.Digest, "error", rerr) // it is collected
		}
		return err
	}
	close(u.done[i])
	if u.o.Progress != nil {
		u.o.Progress(l.Blob, l.Blob.Size)
	}
	return nil
}

// verify refuses a blob, if it is kept, that is not the layer which another image has had unpacked: it would be saved and pushed as that.
func (u *unpacking) verify(ctx context.Context, l Layer) error {
	info, err := u.Content.Info(ctx, l.Blob.Digest)
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if known, ok := info.Labels[labels.LabelUncompressed]; ok {
		return l.is(digest.Digest(known))
	}
	if err := u.o.Unpacks.Acquire(ctx, 1); err != nil {
		return err
	}
	defer u.o.Unpacks.Release(1)
	diff, err := (&applier{blobs: u.Content}).contentOf(ctx, l.Blob)
	if err != nil {
		return err
	}
	if err := l.is(diff); err != nil {
		return err
	}
	return u.note(ctx, l)
}

// note writes down with a layer's blob what it has been found to have.
func (u *unpacking) note(ctx context.Context, l Layer) error {
	info := content.Info{Digest: l.Blob.Digest, Labels: map[string]string{labels.LabelUncompressed: l.DiffID.String()}}
	_, err := u.Content.Update(ctx, info, "labels."+labels.LabelUncompressed)
	return err
}

// fill unpacks a layer into its folder, and waits for the layers below.
func (u *unpacking) fill(ctx context.Context, i int, dir string) error {
	l := u.layers[i]
	unpacked, err := u.fetchAndUnpack(ctx, l, dir, i > 0)
	if err != nil {
		return err
	}
	if err := l.is(unpacked.diff); err != nil {
		return err
	}
	if i == 0 {
		return nil
	}
	select {
	case <-u.done[i-1]:
	case <-ctx.Done():
		return ctx.Err()
	}
	if len(unpacked.implied) == 0 {
		return nil
	}
	lower, err := u.Layers(ctx, u.chains[i-1].String())
	if err != nil {
		return err
	}
	for n, folder := range lower.Layers {
		lower.Layers[n] = filepath.Join(u.Base(), folder)
	}
	return untar.Inherit(dir, unpacked.implied, lower.Layers)
}

// commit puts a layer onto those below it.
func (u *unpacking) commit(ctx context.Context, i int, draft string, meant map[string]string) error {
	opts := []snapshots.Opt{snapshots.WithLabels(meant)}
	if i > 0 {
		opts = append(opts, snapshots.WithParent(u.chains[i-1].String()))
	}
	if err := u.Snapshots.Commit(ctx, u.chains[i].String(), draft, opts...); err != nil {
		return fmt.Errorf("keep layer %s: %w", u.layers[i].Blob.Digest, err)
	}
	err := u.note(ctx, u.layers[i])
	if errdefs.IsNotFound(err) && u.o.Pass != nil {
		return nil
	}
	return err
}

// fetchAndUnpack fetches a layer and unpacks it, while it comes if a place to unpack is free.
func (u *unpacking) fetchAndUnpack(ctx context.Context, l Layer, dir string, overlay bool) (applied, error) {
	apply := &applier{blobs: u.Content}
	whole := func() (applied, error) {
		if err := u.o.Unpacks.Acquire(ctx, 1); err != nil {
			return applied{}, err
		}
		defer u.o.Unpacks.Release(1)
		return apply.blob(ctx, l.Blob, dir, overlay, u.progress(l.Blob))
	}
	if got, ok := u.o.Early.take(ctx, l, dir, overlay); ok {
		return got, nil
	}
	if u.o.Fetch == nil || u.has(ctx, l.Blob) {
		return whole()
	}
	if err := u.o.Fetches.Acquire(ctx, 1); err != nil {
		return applied{}, err
	}
	if !u.o.Unpacks.TryAcquire(1) {
		err := u.fetchLocked(ctx, l.Blob, nil)
		u.o.Fetches.Release(1)
		if err != nil {
			return applied{}, err
		}
		return whole()
	}
	var got applied
	var err error
	followed := true
	if u.o.Pass != nil {
		got, err = u.pass(ctx, l.Blob, dir, overlay)
	} else {
		got, followed, err = u.follow(ctx, l.Blob, dir, overlay)
	}
	u.o.Unpacks.Release(1)
	u.o.Fetches.Release(1)
	if err == nil && !followed {
		return whole()
	}
	return got, err
}

// pass unpacks a layer while it comes, and keeps no blob.
func (u *unpacking) pass(ctx context.Context, blob ocispec.Descriptor, dir string, overlay bool) (got applied, err error) {
	apply := &applier{blobs: u.Content}
	err = u.o.Pass(ctx, blob, func(r io.Reader) (err error) {
		got, err = apply.stream(ctx, r, blob, dir, overlay, u.progress(blob))
		return err
	})
	return got, err
}

// follow fetches a layer and unpacks it while it comes. It is not followed if it was there already, or in part.
func (u *unpacking) follow(ctx context.Context, blob ocispec.Descriptor, dir string, overlay bool) (got applied, followed bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f := newFollower()
	fetched := make(chan error, 1)
	go func() {
		err := u.fetchLocked(ctx, blob, f)
		f.ended(err)
		fetched <- err
	}()
	select {
	case err := <-fetched:
		select {
		case <-f.begun: // and was small enough to be all in one read
			fetched <- err
		default:
			return applied{}, false, err
		}
	case <-f.begun:
	}
	apply := &applier{blobs: u.Content}
	got, err = apply.stream(ctx, f.r, blob, dir, overlay, u.progress(blob))
	if err != nil {
		cancel(err) // fetching on is in vain
	}
	f.r.CloseWithError(err)
	ferr := <-fetched
	if ferr != nil && (err == nil || !errors.Is(ferr, context.Canceled)) {
		return applied{}, true, ferr // the cause of the other, if there are two
	}
	return got, true, err
}

// fetch brings a blob into the store, if it is not there.
func (u *unpacking) fetch(ctx context.Context, blob ocispec.Descriptor, f *Follower) error {
	if u.o.Fetch == nil || u.has(ctx, blob) {
		return nil
	}
	if err := u.o.Fetches.Acquire(ctx, 1); err != nil {
		return err
	}
	defer u.o.Fetches.Release(1)
	return u.fetchLocked(ctx, blob, f)
}

// fetchLocked fetches a blob that nobody else is fetching.
func (u *unpacking) fetchLocked(ctx context.Context, blob ocispec.Descriptor, f *Follower) error {
	key := "blob " + blob.Digest.String()
	if err := u.locks.Lock(ctx, key); err != nil {
		return err
	}
	defer u.locks.Unlock(key)
	return u.o.Fetch(ctx, blob, f)
}

// has says that a blob is in the store, of the size that its descriptor says, and keeps it with the lease.
func (u *unpacking) has(ctx context.Context, blob ocispec.Descriptor) bool {
	if info, err := u.Content.Info(ctx, blob.Digest); err != nil || info.Size != blob.Size {
		return false
	}
	return u.Keep(ctx, blob.Digest) == nil
}

func (u *unpacking) progress(blob ocispec.Descriptor) func(int64) {
	if u.o.Progress == nil {
		return nil
	}
	return func(n int64) { u.o.Progress(blob, n) }
}
