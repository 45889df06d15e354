package build

import (
	"context"

	"github.com/containerd/containerd/v2/core/leases"

	"tug/internal/store"
)

// holds are the leases of the image store, with snapshots called as BuildKit calls them.
type holds struct{ leases.Manager }

const snapshotType = "snapshots/" + store.SnapshotterKey

// AddResource implements leases.Manager.
func (h holds) AddResource(ctx context.Context, l leases.Lease, r leases.Resource) error {
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
