package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	controlapi "github.com/moby/buildkit/api/services/control"
)

// CacheRecord is something that builds have kept for the next.
type CacheRecord struct {
	ID, Description string
	Kind            string // as "regular", "source.local" or "exec.cachemount"
	Parents         []string
	InUse           bool
	Shared          bool // an image has it, too: it takes no room of its own
	Size            int64
	CreatedAt       time.Time
	LastUsedAt      *time.Time
	UsageCount      int
}

// PruneOptions say what of the cache goes. What is in use never does.
type PruneOptions struct {
	All          bool          // also what the frontend has brought, and what images share
	KeepDuration time.Duration // what was used so lately stays
	Matching     []string      // conditions that all must hold, as "type==regular"
	Budget
}

// Cache lists what builds have kept.
func (b *Builder) Cache(ctx context.Context) ([]CacheRecord, error) {
	back, err := b.openUsed(ctx)
	if back == nil {
		return nil, err
	}
	ctx, cancel := back.context(ctx)
	defer cancel()
	usage, err := back.controller.DiskUsage(ctx, &controlapi.DiskUsageRequest{})
	if err != nil {
		return nil, fmt.Errorf("measure the build cache: %w", err)
	}
	list := make([]CacheRecord, len(usage.Record))
	for i, r := range usage.Record {
		list[i] = recordOf(r)
	}
	return list, nil
}

// Prune removes of what builds have kept, and lists what it has removed. Errors: InvalidArgument.
func (b *Builder) Prune(ctx context.Context, o *PruneOptions) ([]CacheRecord, error) {
	back, err := b.openUsed(ctx)
	if back == nil {
		return nil, err
	}
	ctx, cancel := back.context(ctx)
	defer cancel()
	removed := &removals{ctx: ctx}
	err = back.controller.Prune(&controlapi.PruneRequest{
		All: o.All, KeepDuration: int64(o.KeepDuration), Filter: o.filter(),
		ReservedSpace: o.Reserved, MaxUsedSpace: o.MaxUsed, MinFreeSpace: o.MinFree,
	}, removed)
	if err != nil {
		return removed.list, fmt.Errorf("prune the build cache: %w", err)
	}
	return removed.list, nil
}

// openUsed opens the builder if anything was ever built; else it gives nil.
func (b *Builder) openUsed(ctx context.Context) (*backend, error) {
	if _, err := os.Stat(b.settings.Root); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b.open(ctx)
}

func recordOf(r *controlapi.UsageRecord) CacheRecord {
	out := CacheRecord{
		ID: r.ID, Description: r.Description, Kind: r.RecordType, Parents: r.Parents, InUse: r.InUse, Shared: r.Shared,
		Size: r.Size, UsageCount: int(r.UsageCount),
	}
	if r.CreatedAt != nil {
		out.CreatedAt = r.CreatedAt.AsTime()
	}
	if r.LastUsedAt != nil {
		out.LastUsedAt = new(r.LastUsedAt.AsTime())
	}
	return out
}

// removals take what BuildKit says that it has removed: its API has a stream to a client there.
type removals struct {
	controlapi.Control_PruneServer
	ctx  context.Context
	list []CacheRecord
}

// Context implements grpc.ServerStream.
func (r *removals) Context() context.Context { return r.ctx }

// Send implements controlapi.Control_PruneServer.
func (r *removals) Send(record *controlapi.UsageRecord) error {
	r.list = append(r.list, recordOf(record))
	return nil
}
