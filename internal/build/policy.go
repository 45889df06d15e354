package build

import (
	"time"

	"github.com/moby/buildkit/client"
	"golang.org/x/sys/unix"
)

// buildkitVersion is that of the library.
const buildkitVersion = "v0.34.2"

const (
	gb  = int64(1e9)
	day = 24 * time.Hour
)

// policy says what of the cache goes by itself, and when: the budget is a tenth of the disk and 20 GB at the most, and a fifth of the disk
// stays free. What can be had again easily goes first.
func policy(root string) []client.PruneInfo {
	budget, free := budgetOf(root)
	return []client.PruneInfo{
		{Filter: []string{"type==source.local", "type==exec.cachemount", "type==source.git.checkout"}, KeepDuration: 2 * day, MaxUsedSpace: budget / 4},
		{KeepDuration: 60 * day, MaxUsedSpace: budget, MinFreeSpace: free},
		{MaxUsedSpace: budget, MinFreeSpace: free},
		{All: true, MaxUsedSpace: budget, MinFreeSpace: free},
	}
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
