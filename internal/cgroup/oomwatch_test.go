package cgroup

import (
	"context"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"gotest.tools/v3/assert"
)

// watching runs a watch for the time of the test, and gives the keys of the groups in which something was killed.
func watching(t *testing.T, h *Host) (*OOMWatch, <-chan string) {
	t.Helper()
	w, err := h.WatchOOM()
	assert.NilError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	killed, ended := make(chan string, 10), make(chan error)
	go func() { ended <- w.Run(ctx, func(key string) { killed <- key }) }()
	t.Cleanup(func() {
		cancel()
		assert.NilError(t, <-ended)
	})
	return w, killed
}

func smallGroup(t *testing.T, h *Host, parent, name string) *Group {
	t.Helper()
	r := &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: ptr(int64(32 << 20)), Swap: ptr(int64(32 << 20))}}
	h.Adjust(r)
	return create(t, h, parent, name, r)
}

func eatAll(t *testing.T, g *Group) {
	t.Helper()
	p := start(t, g, "eat")
	assert.Equal(t, p.line(t), "ready")
	_, err := p.in.Write([]byte("go\n"))
	assert.NilError(t, err)
	p.cmd.Wait()
}

func TestWhoRunsOutOfMemoryIsTold(t *testing.T) {
	h, parent := host(t)
	need(t, h, "memory")
	w, killed := watching(t, h)
	var groups []*Group
	for _, name := range []string{"one", "two", "three"} {
		g := smallGroup(t, h, parent, name)
		more, err := w.Add(name, g, 0)
		assert.NilError(t, err)
		assert.Assert(t, !more)
		groups = append(groups, g)
	}
	w.Remove("three")
	for _, at := range []int{2, 1, 0} { // the third is watched no longer
		eatAll(t, groups[at])
	}
	assert.Equal(t, <-killed, "two")
	for key := range killed { // version 1 may tell of one kill more than once
		if key != "two" {
			assert.Equal(t, key, "one")
			break
		}
	}
}

func TestWhatWasMissedIsToldWhenAGroupIsAdded(t *testing.T) {
	h, parent := host(t)
	need(t, h, "memory")
	w, _ := watching(t, h)
	g := smallGroup(t, h, parent, "one")
	eatAll(t, g)
	more, err := w.Add("one", g, 0)
	assert.NilError(t, err)
	assert.Assert(t, more)
	w.Remove("one")
	kills, err := g.OOMKills()
	assert.NilError(t, err)
	more, err = w.Add("one", g, kills)
	assert.NilError(t, err)
	assert.Assert(t, !more)
}

// The kernel tells that a group is removed in the same way as that it is out of memory.
func TestTheEndOfAGroupIsNoWantOfMemory(t *testing.T) {
	h, parent := host(t)
	need(t, h, "memory")
	w, killed := watching(t, h)
	gone, other := smallGroup(t, h, parent, "gone"), smallGroup(t, h, parent, "other")
	for key, g := range map[string]*Group{"gone": gone, "other": other} {
		_, err := w.Add(key, g, 0)
		assert.NilError(t, err)
	}
	assert.NilError(t, gone.Delete())
	eatAll(t, other)
	assert.Equal(t, <-killed, "other")
}
