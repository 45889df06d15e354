package image

import (
	"context"
)

// Tag gives the image that ref names the further name newRef, taking it from an image that has it.
func (s *Images) Tag(ctx context.Context, ref, newRef string) error {
	named, err := parseTag(newRef)
	if err != nil {
		return err
	}
	s.writing.Lock() // so that the image is not removed meanwhile
	defer s.writing.Unlock()
	e, err := s.index.Load().find(ref)
	if err != nil {
		return err
	}
	_, err = s.recordLocked(ctx, e, recordName(named))
	return err
}
