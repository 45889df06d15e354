package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
)

// temporaryLabel marks leases that mean nothing after the process that made them.
const temporaryLabel = "tug/temporary"

// Lease returns a context in which whatever is written is safe from collection until done is called. Then what nobody recorded
// meanwhile is collected. A lease does not outlive the process.
func (s *Store) Lease(ctx context.Context) (_ context.Context, done func(), _ error) {
	ctx, end, err := s.lease(ctx)
	return ctx, func() { end(); s.Collect() }, err
}

// LeaseOrNothing is Lease for work that brings much, and all or nothing: when it has failed, what it brought is collected before done returns, and its
// space on the disk is free.
func (s *Store) LeaseOrNothing(ctx context.Context) (_ context.Context, done func(failed bool), _ error) {
	ctx, end, err := s.lease(ctx)
	done = func(failed bool) {
		end()
		if failed {
			s.collectInBackground(context.WithoutCancel(ctx)) // a fault is not this work's, and is mended by the next collection
			return
		}
		s.Collect()
	}
	return ctx, done, err
}

// lease is Lease without a collection at its end.
func (s *Store) lease(ctx context.Context) (_ context.Context, end func(), _ error) {
	ctx = s.Context(ctx)
	lease, err := s.Leases.Create(ctx, leases.WithID("work-"+rand.Text()), leases.WithLabel(temporaryLabel, "1"))
	if err != nil {
		return nil, nil, fmt.Errorf("lease in the image store: %w", err)
	}
	end = func() {
		if err := s.Leases.Delete(context.WithoutCancel(ctx), lease); err != nil && !errdefs.IsNotFound(err) {
			s.log.Warn("cannot delete a lease in the image store", "lease", lease.ID, "error", err)
		}
	}
	return leases.WithLease(ctx, lease.ID), end, nil
}

// Keep adds a blob, and what it leads to, to the lease in ctx.
func (s *Store) Keep(ctx context.Context, blob digest.Digest) error {
	id, ok := leases.FromContext(ctx)
	if !ok {
		return fmt.Errorf("keep %s: no lease: %w", blob, errdefs.ErrInternal)
	}
	return s.Leases.AddResource(ctx, leases.Lease{ID: id}, leases.Resource{ID: blob.String(), Type: "content"})
}

// goOnLabel marks leases of work that, broken off, may be gone on with; its value is what the work is for.
const goOnLabel = "tug/go-on"

// goOnTime is how long what such work has brought is kept for the next try, and afterGoOn how long after that it is collected.
const goOnTime, afterGoOn = time.Hour, time.Minute

// LeaseToGoOn is Lease for work that may be broken off and tried again, as a pull is. With keep, or if the process ends before done is called, what was
// written is safe for an hour more, or until work for the same is done that needs no other try.
func (s *Store) LeaseToGoOn(ctx context.Context, of digest.Digest) (_ context.Context, done func(keep bool), _ error) {
	ctx = s.Context(ctx)
	lease, err := s.Leases.Create(ctx, leases.WithID("work-"+rand.Text()), leases.WithLabel(temporaryLabel, "1"), leases.WithLabel(goOnLabel, of.String()))
	if err != nil {
		return nil, nil, fmt.Errorf("lease in the image store: %w", err)
	}
	done = func(keep bool) {
		ctx := context.WithoutCancel(ctx)
		if keep {
			if err := s.prolong(ctx, lease); err != nil {
				s.log.Warn("what was fetched is not kept for the next try", "error", err)
			}
		} else if err := s.dropKept(ctx, of); err != nil {
			s.log.Warn("what earlier tries have fetched is kept for an hour", "error", err)
		}
		if err := s.Leases.Delete(ctx, lease); err != nil && !errdefs.IsNotFound(err) {
			s.log.Warn("cannot delete a lease in the image store", "lease", lease.ID, "error", err)
		}
		s.Collect()
	}
	return leases.WithLease(ctx, lease.ID), done, nil
}

// keptPrefix begins the names of leases on what broken-off work has brought.
const keptPrefix = "kept-"

// dropKept ends the holds on what earlier tries have brought.
func (s *Store) dropKept(ctx context.Context, of digest.Digest) error {
	held, err := s.Leases.List(ctx, fmt.Sprintf("labels.%q==%s", goOnLabel, of))
	if err != nil {
		return err
	}
	for _, lease := range held {
		if !strings.HasPrefix(lease.ID, keptPrefix) {
			continue // somebody is at it
		}
		if err := s.Leases.Delete(ctx, lease); err != nil && !errdefs.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// prolong holds what a lease holds for an hour, but for layers that are not whole: those are made anew.
func (s *Store) prolong(ctx context.Context, lease leases.Lease) error {
	held, err := s.Leases.ListResources(ctx, lease)
	if err != nil {
		return err
	}
	longer, err := s.Leases.Create(ctx, leases.WithID(keptPrefix+rand.Text()), leases.WithExpiration(goOnTime), leases.WithLabel(goOnLabel, lease.Labels[goOnLabel]))
	if err != nil {
		return err
	}
	for _, r := range held {
		if strings.HasPrefix(r.ID, snapshots.UnpackKeyPrefix) {
			continue
		}
		if err := s.Leases.AddResource(ctx, longer, r); err != nil {
			return err
		}
	}
	s.collector.askIn(goOnTime + afterGoOn)
	return nil
}

// expireLabel is what containerd calls the time at which a lease ends.
const expireLabel = "containerd.io/gc.expire"

// collectKept asks for collections at the times when what an earlier process has kept for the next try is kept no longer.
func (s *Store) collectKept(ctx context.Context) error {
	held, err := s.Leases.List(s.Context(ctx), "labels."+`"`+goOnLabel+`"`)
	if err != nil {
		return err
	}
	for _, lease := range held {
		if until, err := time.Parse(time.RFC3339, lease.Labels[expireLabel]); err == nil { // else it is not kept, but was at work
			s.collector.askIn(time.Until(until) + afterGoOn)
		}
	}
	return nil
}

// dropTemporaryLeases ends the leases of an earlier process that was killed, and collects what they held; what a pull had brought is held on for the next.
// What cannot be done, as on a full disk, is left for the next start: nothing is freed on a disk whose daemon does not start.
func (s *Store) dropTemporaryLeases(ctx context.Context) error {
	ctx = s.Context(ctx)
	left, err := s.Leases.List(ctx, "labels."+`"`+temporaryLabel+`"`)
	if err != nil {
		return err
	}
	for _, lease := range left {
		if lease.Labels[goOnLabel] != "" {
			if err := s.prolong(ctx, lease); err != nil {
				s.log.Warn("what a broken-off pull has fetched is not kept for the next", "error", err)
			}
		}
		if err := s.Leases.Delete(ctx, lease); err != nil && !errdefs.IsNotFound(err) {
			s.log.Warn("cannot delete a lease of an earlier process in the image store", "lease", lease.ID, "error", err)
		}
	}
	if len(left) > 0 {
		s.collectInBackground(ctx)
	}
	return nil
}
