package archive

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
)

const (
	// MaxNotes is how many bytes of memory the notes on the folders of one archive may take: enough for half a million of them.
	MaxNotes = 128 << 20
	// noteSize is about what a note takes beside the bytes of the name.
	noteSize = 100
)

// Notes are what has to be known of an archive's folders when all of it is unpacked: one note a name, and all of them in bounded memory, whatever the
// archive says.
type Notes[T any] struct {
	of   map[string]T
	left int // bytes
}

// NewNotes returns notes that may take so many bytes.
func NewNotes[T any](limit int) *Notes[T] { return &Notes[T]{map[string]T{}, limit} }

// Put notes something of a name, in the place of what was noted of it. Errors: InvalidArgument if that is more than may be remembered.
func (n *Notes[T]) Put(name string, note T) error {
	if _, ok := n.of[name]; ok {
		n.of[name] = note
		return nil
	}
	if n.left < len(name)+noteSize {
		return fmt.Errorf("the archive has more folders than can be remembered until all is unpacked: the names are too many, or too long: %w", errdefs.ErrInvalidArgument)
	}
	n.left -= len(name) + noteSize
	n.of[strings.Clone(name)] = note // a name can be the beginning of a longer one, which would be kept
	return nil
}

// Drop forgets what was noted of a name.
func (n *Notes[T]) Drop(name string) {
	if _, ok := n.of[name]; ok {
		delete(n.of, name)
		n.left += len(name) + noteSize
	}
}

// Of is what was noted of a name.
func (n *Notes[T]) Of(name string) T { return n.of[name] }

// Names are those of which something is noted, parents first.
func (n *Notes[T]) Names() []string { return slices.Sorted(maps.Keys(n.of)) }
