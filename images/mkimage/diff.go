package main

import (
	"archive/tar"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
)

// diff writes the layer that, put on the file system of one archive, gives that of the other: what is new or changed with
// the directories above it, and a whiteout for what is gone (OCI image specification, "Image Layer Filesystem Changeset").
// Times alone are no change: every run of a package installation has its own.
func diff(basePath, fullPath string, w io.Writer) error {
	base, err := indexFile(basePath)
	if err != nil {
		return err
	}
	full, err := indexFile(fullPath)
	if err != nil {
		return err
	}
	wanted := changes(base, full)
	gone := whiteouts(base, full)
	for _, name := range gone {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			wanted[dir] = true
		}
	}

	f, err := os.Open(fullPath)
	if err != nil {
		return err
	}
	defer f.Close()
	out := tar.NewWriter(w)
	if err := copyEntries(out, tar.NewReader(f), wanted); err != nil {
		return fmt.Errorf("copy from %s: %w", fullPath, err)
	}
	for _, name := range gone {
		h := tar.Header{Typeflag: tar.TypeReg, Name: path.Join(path.Dir(name), ".wh."+path.Base(name)), Mode: 0o644}
		if err := out.WriteHeader(&h); err != nil {
			return err
		}
	}
	return out.Close()
}

// tree is what an archive holds: by clean path without a leading slash, what the entry is.
type tree map[string]entry

type entry struct {
	dir    bool
	target string            // of a hard link: the path in the archive
	print  [sha256.Size]byte // of type, owner, mode, link target, extended attributes and content
}

func indexFile(name string) (tree, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := index(tar.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return t, nil
}

func index(r *tar.Reader) (tree, error) {
	t := tree{}
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, err
		}
		sum := sha256.New()
		fmt.Fprintf(sum, "%q %d %d %o %q %d %d\n", h.Typeflag, h.Uid, h.Gid, h.Mode, h.Linkname, h.Devmajor, h.Devminor)
		for _, key := range slices.Sorted(maps.Keys(h.PAXRecords)) {
			if strings.HasPrefix(key, "SCHILY.xattr.") {
				fmt.Fprintf(sum, "%q %q\n", key, h.PAXRecords[key])
			}
		}
		if _, err := io.Copy(sum, r); err != nil {
			return nil, err
		}
		e := entry{dir: h.Typeflag == tar.TypeDir}
		sum.Sum(e.print[:0])
		if h.Typeflag == tar.TypeLink {
			e.target = clean(h.Linkname)
		}
		t[clean(h.Name)] = e
	}
}

// changes are the paths of full that the layer has to hold.
func changes(base, full tree) map[string]bool {
	wanted := map[string]bool{}
	for name, e := range full {
		if old, ok := base[name]; !ok || old.print != e.print {
			wanted[name] = true
		}
	}
	// A hard link and its target are one file: a layer with one of them has both, or the link would be to the file below.
	for again := true; again; {
		again = false
		for name, e := range full {
			if e.target != "" && wanted[name] != wanted[e.target] {
				wanted[name], wanted[e.target] = true, true
				again = true
			}
		}
	}
	for name := range maps.Clone(wanted) {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			wanted[dir] = true
		}
	}
	return wanted
}

// whiteouts are the topmost paths of base that full lacks, sorted.
func whiteouts(base, full tree) []string {
	var gone []string
	for name := range base {
		if _, ok := full[name]; ok {
			continue
		}
		parent := path.Dir(name)
		if full[parent].dir || parent == "." {
			gone = append(gone, name)
		}
	}
	slices.SortFunc(gone, cmp.Compare[string])
	return gone
}

func copyEntries(out *tar.Writer, in *tar.Reader, wanted map[string]bool) error {
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !wanted[clean(h.Name)] {
			continue
		}
		if err := out.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.Copy(out, in); err != nil {
			return err
		}
	}
}

func clean(name string) string {
	return strings.TrimPrefix(path.Clean("/"+name), "/")
}
