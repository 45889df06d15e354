package image

import (
	"context"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"
)

// Step is one line of an image's history, as people see it.
type Step struct {
	ID        digest.Digest // the image after the step, known for the last step only
	Names     []string      // of that image
	Created   time.Time
	CreatedBy string
	Comment   string
	Size      int64 // bytes on disk of the step's layer
}

// History returns how the image came to be, the last step first. A platform is that of GetFor.
func (s *Images) History(ctx context.Context, ref, platform string) ([]Step, error) {
	want, err := wantExactly(platform)
	if err != nil {
		return nil, err
	}
	e, err := s.index.Load().findFor(ref, want)
	if err != nil {
		return nil, err
	}
	img, sizes := e.image, e.sizes
	var steps []Step
	layers := 0
	for _, h := range img.History {
		step := Step{Created: h.Created, CreatedBy: h.CreatedBy, Comment: h.Comment}
		if !h.EmptyLayer && layers < len(sizes) { // what the image says of itself need not fit its layers
			step.Size = sizes[layers]
			layers++
		}
		steps = append(steps, step)
	}
	for ; layers < len(sizes); layers++ { // layers of which history is silent
		steps = append(steps, Step{Created: img.Created, Size: sizes[layers]})
	}
	if n := len(steps); n > 0 {
		steps[n-1].ID, steps[n-1].Names = img.ID, img.Names
	}
	slices.Reverse(steps)
	return steps, ctx.Err()
}
