package tarfs

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/tonistiigi/fsutil/types"
)

// node is a file, a folder or a link.
type node struct {
	name     string
	stat     *types.Stat // without path
	content  *content    // of a file
	children map[string]*node
	sorted   []*node // the children by name, once the archive is read
}

// content is what files of the same inode hold.
type content struct{ offset, size int64 }

func newFolder(name string) *node {
	return &node{name: name, stat: &types.Stat{Mode: uint32(os.ModeDir | 0o755), ModTime: time.Unix(0, 0).UnixNano()}, children: map[string]*node{}}
}

func (n *node) isFolder() bool { return n.children != nil }

// clean gives a name as its parts, of which the root has none. Errors: InvalidArgument for a name that leads out.
func clean(name string) ([]string, error) {
	if strings.ContainsRune(name, 0) || len(name) > maxName {
		return nil, fmt.Errorf("its name is no name of a file: %w", errdefs.ErrInvalidArgument)
	}
	name = path.Clean(strings.TrimLeft(name, "/"))
	if name == "." {
		return nil, nil
	}
	parts := strings.Split(name, "/")
	if parts[0] == ".." {
		return nil, fmt.Errorf("its name leads out of the archive: %w", errdefs.ErrInvalidArgument)
	}
	return parts, nil
}

// folderOf finds the folder that the last of some parts lies in; it is made as far as it is not there. Errors: InvalidArgument.
func (f *FS) folderOf(parts []string) (*node, error) {
	at := f.root
	for i, p := range parts[:len(parts)-1] {
		next := at.children[p]
		switch {
		case next == nil:
			if err := f.count(p); err != nil {
				return nil, err
			}
			next = newFolder(p)
			at.children[p] = next
		case !next.isFolder():
			return nil, fmt.Errorf("it lies below %q, which is no folder: %w", strings.Join(parts[:i+1], "/"), errdefs.ErrInvalidArgument)
		}
		at = next
	}
	return at, nil
}

// lookup finds what has a name; nil if nothing has.
func (f *FS) lookup(parts []string) *node {
	at := f.root
	for _, p := range parts {
		if at = at.children[p]; at == nil {
			return nil
		}
	}
	return at
}

// put gives something its name, in the place of what had it before; a folder keeps what is in it. Errors: InvalidArgument.
func (f *FS) put(parts []string, n *node) error {
	if len(parts) == 0 {
		if !n.isFolder() {
			return fmt.Errorf("it has the name of the folder of all: %w", errdefs.ErrInvalidArgument)
		}
		return nil
	}
	in, err := f.folderOf(parts)
	if err != nil {
		return err
	}
	n.name = parts[len(parts)-1]
	if old := in.children[n.name]; old != nil && old.isFolder() && n.isFolder() {
		old.stat = n.stat
		return nil
	}
	in.children[n.name] = n
	return nil
}

// sort makes the tree ready to be walked.
func (n *node) sort() {
	for _, c := range n.children {
		n.sorted = append(n.sorted, c)
		c.sort()
	}
	slices.SortFunc(n.sorted, func(a, b *node) int { return strings.Compare(a.name, b.name) })
}

// Has tells whether a name is that of a file or of a link.
func (f *FS) Has(name string) bool {
	parts, err := clean(name)
	if err != nil {
		return false
	}
	n := f.lookup(parts)
	return n != nil && !n.isFolder()
}
