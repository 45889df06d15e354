package engine

import (
	"strings"

	"tug/internal/container"
)

// volumesFrom gives the mounts of another container: "container[:ro|rw]".
func (e *Engine) volumesFrom(text string) ([]container.MountPoint, error) {
	name, mode, _ := strings.Cut(text, ":")
	if mode != "" && mode != "ro" && mode != "rw" && mode != "z" && mode != "Z" {
		return nil, invalid("invalid mode: %s", mode)
	}
	other, err := e.containers.Get(name)
	if err != nil {
		return nil, unlikeImage(err)
	}
	var list []container.MountPoint
	for _, m := range other.Mounts {
		if m.Type == "tmpfs" {
			continue
		}
		m.Anonymous = false
		if mode == "ro" {
			m.RW = false
		}
		list = append(list, m)
	}
	return list, nil
}
