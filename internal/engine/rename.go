package engine

import (
	"context"
	"fmt"
	"strings"

	"tug/internal/container"
	"tug/internal/events"
)

// Rename gives a container another name. Errors: NotFound, Conflict (taken), InvalidArgument.
func (e *Engine) Rename(_ context.Context, ref, name string) error {
	name = strings.TrimPrefix(strings.TrimSpace(name), "/")
	if name == "" {
		return invalid("Neither old nor new names may be empty")
	}
	r, err := e.containers.Get(ref)
	if err != nil {
		return err
	}
	if name == r.Name {
		return invalid("Renaming a container with the same name as its current name")
	}
	err = container.CheckName("/" + name) // as Docker has it
	if err == nil {
		err = e.containers.Rename(r.ID, name)
	}
	if err != nil {
		return fmt.Errorf("Error when allocating new name: %w", err) //nolint:staticcheck // Docker's words
	}
	if changed, err := e.containers.Get(r.ID); err == nil {
		e.publish(changed, events.Rename, "oldName", "/"+r.Name)
	}
	return nil
}
