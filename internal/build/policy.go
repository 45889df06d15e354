package build

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/buildkit/client"
	"golang.org/x/sys/unix"
)

// buildkitVersion is that of the library.
const buildkitVersion = "v0.34.2"

const (
	gb  = int64(1e9)
	day = 24 * time.Hour
)

// Budget is how much room the cache may have, in bytes; zero is no limit.
type Budget struct {
	Reserved int64 // so much stays
	MaxUsed  int64 // more than that does not
	MinFree  int64 // so much stays free on the disk
}

// GC says what of the cache goes by itself. Its zero value is what Default says.
type GC struct {
	Off     bool
	Default Budget         // of the rules that are there when Rules is empty; what is zero follows from the disk's size
	Rules   []PruneOptions // applied one after the other; those after the first go on where that has not freed enough
}

// Where has only that go for which a filter holds. Errors: InvalidArgument.
func (o *PruneOptions) Where(key, value string) error {
	switch key {
	case "id":
		o.Matching = append(o.Matching, "id~="+strconv.Quote(value))
	case "parents", "type", "description":
		o.Matching = append(o.Matching, key+"=="+strconv.Quote(value))
	case "inuse", "shared", "private":
		yes, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("filter %s: %q is neither true nor false: %w", key, value, errdefs.ErrInvalidArgument)
		}
		if condition := conditions[key][yes]; condition != "" {
			o.Matching = append(o.Matching, condition)
		}
	default:
		return fmt.Errorf("invalid filter '%s': the build cache is filtered by id, parents, type, description, inuse, shared, private and until: %w", key, errdefs.ErrInvalidArgument)
	}
	return nil
}

// conditions are what BuildKit calls those of a filter that is true or false. What is not in use is all that ever goes.
var conditions = map[string]map[bool]string{
	"inuse": {true: "inuse"}, "shared": {true: "shared", false: "private"}, "private": {true: "private", false: "shared"},
}

// filter gives conditions as BuildKit reads them.
func (o *PruneOptions) filter() []string {
	if len(o.Matching) == 0 {
		return nil
	}
	return []string{strings.Join(o.Matching, ",")}
}

// policy says what of the cache goes by itself, and when. By default the budget is a tenth of the disk and 20 GB at the most, and a fifth
// of the disk, 10 GB at the most, stays free. What can be had again easily goes first.
func (g *GC) policy(root string) []client.PruneInfo {
	switch {
	case g.Off:
		return nil
	case len(g.Rules) > 0:
		var list []client.PruneInfo
		for _, r := range g.Rules {
			list = append(list, client.PruneInfo{
				All: r.All, Filter: r.filter(), KeepDuration: r.KeepDuration, ReservedSpace: r.Reserved, MaxUsedSpace: r.MaxUsed, MinFreeSpace: r.MinFree,
			})
		}
		return list
	}
	b := g.Default
	budget, free := budgetOf(root)
	if b.MaxUsed == 0 && b.Reserved == 0 {
		b.MaxUsed, b.Reserved = budget, budget/4 // on a disk that others have filled it would else be empty after each build
	}
	if b.MinFree == 0 {
		b.MinFree = free
	}
	rule := client.PruneInfo{ReservedSpace: b.Reserved, MaxUsedSpace: b.MaxUsed, MinFreeSpace: b.MinFree}
	list := slices.Repeat([]client.PruneInfo{rule}, 4)
	list[0] = client.PruneInfo{
		Filter: []string{"type==source.local", "type==exec.cachemount", "type==source.git.checkout"}, KeepDuration: 2 * day, MaxUsedSpace: max(b.MaxUsed, b.Reserved) / 4,
	}
	list[1].KeepDuration = 60 * day
	list[3].All = true
	return list
}

// budgetOf is how many bytes the cache may have on the disk that a folder is on, and how many are to stay free there.
func budgetOf(root string) (budget, free int64) {
	var st unix.Statfs_t
	if err := unix.Statfs(root, &st); err != nil {
		return 2 * gb, 0
	}
	size := int64(st.Blocks) * st.Bsize
	return min(max(size/10, 2*gb), 20*gb), min(size/5, 10*gb)
}
