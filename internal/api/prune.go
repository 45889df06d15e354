package api

import (
	"context"
	"errors"

	"github.com/containerd/errdefs"

	"tug/internal/container"
)

// prune removes one thing after the other. What is used again or gone by then is left alone. A failure holds up nothing; it
// is the answer if there is nothing else to tell.
func prune[T any](ctx context.Context, list []T, remove func(T) error) error {
	removed := 0
	var failures []error
	for _, thing := range list {
		switch err := remove(thing); {
		case err == nil:
			removed++
		case ctx.Err() != nil:
			return ctx.Err()
		case !errdefs.IsNotFound(err) && !errdefs.IsConflict(err):
			failures = append(failures, err)
		}
	}
	if removed > 0 {
		return nil
	}
	return errors.Join(failures...)
}

// pruned tells whether what has these labels is to go: all those of the filter label, and none of those of label!.
func pruned(labels map[string]string, filters map[string][]string) bool {
	for _, l := range filters["label!"] {
		if container.HasLabels(labels, []string{l}) {
			return false
		}
	}
	return container.HasLabels(labels, filters["label"])
}
