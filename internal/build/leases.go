package build

import (
	"context"
	"maps"

	"github.com/containerd/containerd/v2/core/leases"

	"tug/internal/store"
)

// holds are the leases of the image store, with snapshots called as BuildKit calls them, and a label by which they are known as the builder's.
type holds struct {
	leases.Manager
	store *store.Store
}

// heldByBuilds is the label.
const heldByBuilds = "tug/build"

const snapshotType = "snapshots/" + store.SnapshotterKey

// Create implements leases.Manager.
func (h holds) Create(ctx context.Context, opts ...leases.Opt) (leases.Lease, error) {
	h.store.Relax()
	return h.Manager.Create(ctx, append(opts, func(l *leases.Lease) error {
		labels := maps.Clone(l.Labels)
		if labels == nil {
			labels = map[string]string{}
		}
		labels[heldByBuilds] = "true" // an empty one would not be kept
		l.Labels = labels
		return nil
	})...)
}

// Delete implements leases.Manager.
func (h holds) Delete(ctx context.Context, l leases.Lease, opts ...leases.DeleteOpt) error {
	h.store.Relax()
	return h.Manager.Delete(ctx, l, opts...)
}

// AddResource implements leases.Manager.
func (h holds) AddResource(ctx context.Context, l leases.Lease, r leases.Resource) error {
	h.store.Relax()
	return h.Manager.AddResource(ctx, l, inStore(r))
}

// DeleteResource implements leases.Manager.
func (h holds) DeleteResource(ctx context.Context, l leases.Lease, r leases.Resource) error {
	return h.Manager.DeleteResource(ctx, l, inStore(r))
}

// ListResources implements leases.Manager.
func (h holds) ListResources(ctx context.Context, l leases.Lease) ([]leases.Resource, error) {
	list, err := h.Manager.ListResources(ctx, l)
	for i := range list {
		if list[i].Type == snapshotType {
			list[i].ID = buildkitName(list[i].ID)
		}
	}
	return list, err
}

func inStore(r leases.Resource) leases.Resource {
	if r.Type == snapshotType {
		r.ID = storeName(r.ID)
	}
	return r
}
