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
	e, err := s.index.Load().find(ref)
	if err != nil {
		return err
	}
	_, err = s.record(ctx, e, recordName(named))
	return err
}
