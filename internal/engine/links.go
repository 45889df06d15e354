package engine

import (
	"path/filepath"
	"strings"
	"sync"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/container"
	"tug/internal/image"
	"tug/internal/oci"
	"tug/internal/overlay"
)

// links finds where mounts of a container are to lie behind a symbolic link that leads to what is not there, as
// /etc/resolv.conf does in many images: the plan has to make it where the link leads.
func (e *Engine) links(r *container.Record, root image.Rootfs, mounts []specs.Mount, files oci.Files) map[string]string {
	layers := e.layers(r, root)
	var links map[string]string
	note := func(place, to string) {
		if links == nil {
			links = map[string]string{}
		}
		links[place] = to
	}
	own := map[string]bool{files.Hosts: true, files.Hostname: true, files.ResolvConf: true}
	touched := exists(filepath.Join(e.dir(r.ID), "upper", "etc"))
	for _, m := range mounts {
		switch {
		case own[m.Source] && !touched:
			// Every start asks for these; the image's answer is remembered while the container has not touched its /etc.
			if to := e.dangling.find(r.ImageID, m.Destination, layers); to != "" {
				note(m.Destination, to)
			}
		case m.Type == "bind" || m.Type == "tmpfs" && !strings.HasPrefix(m.Destination, "/dev"):
			if to, dangling := overlay.Dangling(layers, m.Destination); dangling {
				note(m.Destination, to)
			}
		}
	}
	return links
}

// danglingCache remembers where links of images lead to what is not there.
type danglingCache struct {
	mu sync.Mutex
	to map[[2]string]string // by image and place; "": no such link
}

func (c *danglingCache) find(imageID, place string, layers []string) string {
	key := [2]string{imageID, place}
	c.mu.Lock()
	to, known := c.to[key]
	c.mu.Unlock()
	if known {
		return to
	}
	to, dangling := overlay.Dangling(layers, place)
	if !dangling {
		to = ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.to == nil {
		c.to = map[[2]string]string{}
	}
	if len(c.to) < 3000 {
		c.to[key] = to
	}
	return to
}
