package store

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
)

// temporaryLabel marks leases that mean nothing after the process that made them.
const temporaryLabel = "tug/temporary"

// Lease returns a context in which whatever is written is safe from collection until done is called. Then what nobody recorded
// meanwhile is collected. A lease does not outlive the process.
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
		s.Collect()
	}
	return leases.WithLease(ctx, lease.ID), done, nil
}

// Keep adds a blob, and what it leads to, to the lease in ctx.
func (s *Store) Keep(ctx context.Context, blob digest.Digest) error {
	id, ok := leases.FromContext(ctx)
	if !ok {
		return fmt.Errorf("keep %s: no lease: %w", blob, errdefs.ErrInternal)
	}
	return s.Leases.AddResource(ctx, leases.Lease{ID: id}, leases.Resource{ID: blob.String(), Type: "content"})
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
