package engine

import (
	"path/filepath"

	"tug/internal/container"
	"tug/internal/state"
)

// openContainers loads what is recorded of containers: durable, and, below the run root, what a boot takes.
func (e *Engine) openContainers() (*container.Store, error) {
	volatile, err := state.OpenVolatile(filepath.Join(e.execRoot, "containers"), e.log)
	if err != nil {
		return nil, err
	}
	health, err := state.OpenVolatile(filepath.Join(e.execRoot, "health"), e.log)
	if err != nil {
		return nil, err
	}
	return container.OpenStore(container.Keepers{Durable: e.db.Bucket("containers"), Volatile: volatile, Health: health})
}
