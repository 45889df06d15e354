// Package volume is the domain of volumes: folders on the host with a name, that outlive the containers which use them.
//
//	volume.go   records, looking them up
//	create.go   making volumes, and holding them while a container is made
//	options.go  what the driver "local" may be told: what to mount
//	mount.go    mounting what has such options, for as long as somebody uses it
//	fill.go     what an image has for a new volume
//	remove.go   removing them
//	sweep.go    finishing what a crash has interrupted
package volume

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"
)

// Volume is a named folder.
type Volume struct {
	Name      string
	Driver    string // "local"
	Path      string // of the folder on the host
	Created   time.Time
	Labels    map[string]string `json:",omitempty"`
	Options   map[string]string `json:",omitempty"`
	Anonymous bool              `json:",omitempty"` // made for a container that named none
	Container string            `json:",omitempty"` // which; it may be gone
}

// anonymousLabel marks volumes that were made without a name, as Docker's clients expect.
const anonymousLabel = "com.docker.volume.anonymous"

// AllLabels are a volume's labels, with the one that marks anonymous volumes.
func (v *Volume) AllLabels() map[string]string {
	if !v.Anonymous {
		return v.Labels
	}
	all := map[string]string{anonymousLabel: ""}
	maps.Copy(all, v.Labels)
	return all
}

// Keeper keeps records on disk.
type Keeper interface {
	Put(key string, v any) error
	Delete(key string) error
	Load(fn func(key string, decode func(v any) error) error) error
}

// Volumes are all volumes of one daemon.
type Volumes struct {
	root   string
	keeper Keeper
	mu     sync.Mutex // guards what follows
	byName map[string]Volume
	held   map[string]int // by name: how many containers are being made that will use it

	mounts mounts
}

// Open loads the volumes, whose folders lie below root.
func Open(root string, keeper Keeper) (*Volumes, error) {
	if err := os.MkdirAll(root, 0o710); err != nil {
		return nil, err
	}
	v := &Volumes{root: root, keeper: keeper, byName: map[string]Volume{}, held: map[string]int{}}
	err := keeper.Load(func(_ string, decode func(any) error) error {
		var r Volume
		if err := decode(&r); err != nil {
			return err
		}
		v.byName[r.Name] = r
		return nil
	})
	if err == nil {
		err = v.sweep()
	}
	return v, err
}

// Get gives a volume by its name. Errors: NotFound.
func (v *Volumes) Get(name string) (Volume, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if vol, ok := v.byName[name]; ok {
		return vol, nil
	}
	return Volume{}, noVolume(name)
}

func noVolume(name string) error {
	return fmt.Errorf("get %s: no such volume: %w", name, errdefs.ErrNotFound)
}

// List gives all volumes by their names' order.
func (v *Volumes) List() []Volume {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.SortedFunc(maps.Values(v.byName), func(a, b Volume) int { return strings.Compare(a.Name, b.Name) })
}
