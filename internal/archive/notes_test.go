package archive

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
)

func TestNotesTakeBoundedMemory(t *testing.T) {
	const limit = 10 * (noteSize + 1)
	n := NewNotes[int](limit)
	for i := range 1000 { // again and again of the same
		if err := n.Put("a", i); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 9 {
		if err := n.Put(fmt.Sprint(i), i); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Put("b", 0); !errdefs.IsInvalidArgument(err) {
		t.Error(err)
	}
	if n.Of("a") != 999 || n.Of("b") != 0 || !slices.Equal(n.Names(), strings.Split("0 1 2 3 4 5 6 7 8 a", " ")) {
		t.Error(n.of)
	}
	n.Drop("a")
	n.Drop("none")
	if err := n.Put("b", 1); err != nil {
		t.Error(err)
	}
	if err := NewNotes[int](limit).Put(strings.Repeat("x", limit), 0); !errdefs.IsInvalidArgument(err) {
		t.Error(err)
	}
}

// TestFoldersOfAnArchiveAreRememberedOnceAndWithinBounds puts the same folder, and then too many, into a tree.
func TestFoldersOfAnArchiveAreRememberedOnceAndWithinBounds(t *testing.T) {
	tree, _ := treeOf(t)
	u := &unpacker{Tree: tree, folder: "/", parent: -1, times: NewNotes[time.Time](3 * (noteSize + 2))}
	defer u.leaveParent()
	for range 10 {
		must(t, u.read(t.Context(), entries(t, folder("a"))))
	}
	if err := u.read(t.Context(), entries(t, folder("b"), folder("c"), folder("d"))); !errdefs.IsInvalidArgument(err) {
		t.Error(err)
	}
}
