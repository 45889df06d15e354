package store

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/errdefs"
)

// temporaryLabel marks leases that mean nothing after the process that made them.
const temporaryLabel = "tug/temporary"

// Lease returns a context in which whatever is written is safe from collection until done is called. A lease does not
// outlive the process.
func (s *Store) Lease(ctx context.Context) (_ context.Context, done func(), _ error) {
	ctx = s.Context(ctx)
	lease, err := s.Leases.Create(ctx, leases.WithID("work-"+rand.Text()), leases.WithLabel(temporaryLabel, "1"))
	if err != nil {
		return nil, nil, fmt.Errorf("lease in the image store: %w", err)
	}
	done = func() {
		if err := s.Leases.Delete(context.WithoutCancel(ctx), lease); err != nil && !errdefs.IsNotFound(err) {
			s.log.Warn("cannot delete a lease in the image store", "lease", lease.ID, "error", err)
		}
	}
	return leases.WithLease(ctx, lease.ID), done, nil
}

// Hold keeps the layers up to chain from collection until Release is called with the same name, across restarts too.
func (s *Store) Hold(ctx context.Context, name, chain string) error {
	ctx = s.Context(ctx)
	lease, err := s.Leases.Create(ctx, leases.WithID(name))
	if errdefs.IsAlreadyExists(err) {
		lease, err = leases.Lease{ID: name}, nil
	}
	if err != nil {
		return fmt.Errorf("hold layers %s: %w", chain, err)
	}
	if err := s.Leases.AddResource(ctx, lease, leases.Resource{ID: chain, Type: "snapshots/" + SnapshotterKey}); err != nil {
		return fmt.Errorf("hold layers %s: %w", chain, err)
	}
	return nil
}

// Release ends what Hold began. A name that holds nothing is fine.
func (s *Store) Release(ctx context.Context, name string) error {
	err := s.Leases.Delete(s.Context(ctx), leases.Lease{ID: name})
	if err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("release layers: %w", err)
	}
	s.Collect()
	return nil
}

// dropTemporaryLeases ends the leases of an earlier process that was killed, and collects what they held.
func (s *Store) dropTemporaryLeases(ctx context.Context) error {
	ctx = s.Context(ctx)
	left, err := s.Leases.List(ctx, "labels."+`"`+temporaryLabel+`"`)
	if err != nil {
		return err
	}
	for _, lease := range left {
		if err := s.Leases.Delete(ctx, lease); err != nil && !errdefs.IsNotFound(err) {
			return err
		}
	}
	if len(left) > 0 {
		return s.collect(ctx)
	}
	return nil
}
