// Package idmap gives out ranges of user and group ids of the host, one for each user namespace.
package idmap

import (
	"errors"
	"hash/fnv"
	"os"
	"strconv"
	"strings"
	"sync"
)

const (
	// Size is how many ids a range has.
	Size = 65536
	// First is the lowest id given out: above what distributions hand to people, services and /etc/subuid.
	First = 3_000_000
	// last is the end of the ids that every file system can store.
	last = 1<<31 - 1
)

// Pool gives out ranges of Size ids. It is safe for concurrent use.
type Pool struct {
	mu    sync.Mutex
	taken map[uint32]int // how many have a range, by the first id
	next  uint32
}

// NewPool gives a pool that leaves out the ranges which the files (of the format of /etc/subuid) give to people. Pools
// with different seeds begin at different places, so that engines side by side rarely give out the same range.
func NewPool(seed string, files ...string) *Pool {
	h := fnv.New32a()
	h.Write([]byte(seed))
	count := uint32((last - First) / Size)
	p := &Pool{taken: map[uint32]int{}, next: First + h.Sum32()%count*Size}
	for _, f := range files {
		p.leaveOut(f)
	}
	return p
}

func (p *Pool) leaveOut(file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		return
	}
	for line := range strings.SplitSeq(string(data), "\n") {
		f := strings.Split(line, ":")
		if len(f) != 3 {
			continue
		}
		from, err1 := strconv.ParseUint(f[1], 10, 32)
		n, err2 := strconv.ParseUint(f[2], 10, 32)
		if err1 != nil || err2 != nil || n == 0 || from+n <= First {
			continue
		}
		first := uint64(First)
		if from > first {
			first += (from - first) / Size * Size
		}
		for base := first; base < from+n && base < last; base += Size {
			p.taken[uint32(base)] = 1
		}
	}
}

// Take gives the first id of a range that nobody has.
func (p *Pool) Take() (uint32, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range (last - First) / Size {
		base := p.next
		p.next += Size
		if p.next > last-Size {
			p.next = First
		}
		if p.taken[base] == 0 {
			p.taken[base] = 1
			return base, nil
		}
	}
	return 0, errors.New("no user ids are left for another user namespace")
}

// Share adds one to those that have the range that begins with base: who runs in a user namespace that is there already.
func (p *Pool) Share(base uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken[base]++
}

// Release gives a range back once for one that has it; it is given out again when the last of them has.
func (p *Pool) Release(base uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[base]--; p.taken[base] <= 0 {
		delete(p.taken, base)
	}
}
