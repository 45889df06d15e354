package image

import (
	"context"
)

// Tag gives the image that ref names, with all its platforms, the further name newRef, taking it from an image that has it.
func (s *Images) Tag(ctx context.Context, ref, newRef string) error {
	named, err := parseTag(newRef)
	if err != nil {
		return err
	}
	s.writing.Lock() // so that the image is not removed meanwhile
	defer s.writing.Unlock()
	e, err := s.index.Load().findFor(ref, anyPlatform)
	if err != nil {
		return err
	}
	r := recording{images: []*entry{e}, target: e.image.Root(), several: e.image.Platforms, names: []string{recordName(named)}}
	_, err = s.recordLocked(ctx, r)
	return err
}
