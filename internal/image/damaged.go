package image

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
)

// removeDamaged takes away the records of an image that could not be read when the store was opened, and is therefore not known: the name ref, and the
// image with the last of its names; by its ID, the image with all of them. What any container uses stays (Conflict). It returns nothing if there is no such record.
func (s *Images) removeDamaged(ctx context.Context, ref string, o RemoveOptions) ([]Removed, error) {
	records, err := s.store.Images.List(s.store.Context(ctx))
	if err != nil {
		return nil, fmt.Errorf("look for damaged images: %w", err)
	}
	x := s.index.Load()
	records = slices.DeleteFunc(records, func(r images.Image) bool {
		_, named := x.names[r.Name]
		return named || x.images[digest.Digest(r.Name)] != nil
	})
	goes, err := damagedOf(records, ref)
	if err != nil || len(goes) == 0 {
		return nil, err
	}
	var list []Removed
	for _, name := range goes {
		id := digest.Digest(name)
		if id.Validate() != nil {
			list = append(list, Removed{Untagged: familiar(name)})
			continue
		}
		if o.InUse != nil {
			if users := o.InUse(id); len(users) > 0 {
				return nil, fmt.Errorf("conflict: unable to delete %s (cannot be forced) - image is damaged and is being used by container %s: %w", short(id), users[0].short(), errdefs.ErrConflict)
			}
		}
		list = append(list, Removed{Deleted: id})
	}
	if err := s.unrecord(ctx, goes); err != nil {
		return nil, err
	}
	s.store.Collect()
	return list, nil
}

// damagedOf are those of the records of damaged images that go with ref, names before IDs.
func damagedOf(records []images.Image, ref string) (goes []string, err error) {
	isID := func(r images.Image) bool { return digest.Digest(r.Name).Validate() == nil }
	with := func(target digest.Digest, ids bool) []string {
		var list []string
		for _, r := range records {
			if r.Target.Digest == target && isID(r) == ids {
				list = append(list, r.Name)
			}
		}
		return list
	}
	if named, err := parseName(ref); err == nil {
		name := recordName(named)
		if at := slices.IndexFunc(records, func(r images.Image) bool { return r.Name == name }); at >= 0 {
			target := records[at].Target.Digest
			if len(with(target, false)) > 1 {
				return []string{name}, nil
			}
			return append([]string{name}, with(target, true)...), nil
		}
	}
	hex := strings.TrimPrefix(ref, "sha256:")
	if !isHex(hex) {
		return nil, nil
	}
	for _, r := range records {
		if isID(r) && strings.HasPrefix(digest.Digest(r.Name).Encoded(), hex) {
			if len(goes) > 0 {
				return nil, fmt.Errorf("image ID %s is ambiguous: give more digits: %w", hex, errdefs.ErrInvalidArgument)
			}
			goes = append(with(r.Target.Digest, false), r.Name)
		}
	}
	return goes, nil
}
