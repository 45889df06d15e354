// Package volume is the domain of volumes: folders on the host with a name, that outlive the containers which use them.
package volume

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
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
	mu     sync.Mutex // guards byName
	byName map[string]Volume
}

// Open loads the volumes, whose folders lie below root.
func Open(root string, keeper Keeper) (*Volumes, error) {
	if err := os.MkdirAll(root, 0o710); err != nil {
		return nil, err
	}
	v := &Volumes{root: root, keeper: keeper, byName: map[string]Volume{}}
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

// removedPrefix begins the names of folders whose volumes are being removed; no volume's name begins so.
const removedPrefix = ".removed-"

// sweep ends removals that a crash has interrupted, or takes them back if the volume is still recorded, and removes the
// empty folder of a volume that was never recorded. One with files in it is left for somebody to look at.
func (v *Volumes) sweep() error {
	entries, err := os.ReadDir(v.root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(v.root, e.Name())
		name, removed := strings.CutPrefix(e.Name(), removedPrefix)
		_, recorded := v.byName[name]
		switch {
		case removed && recorded:
			err = os.Rename(path, filepath.Join(v.root, name))
		case removed:
			err = os.RemoveAll(path)
		case !recorded:
			_, _ = os.Remove(filepath.Join(path, "_data")), os.Remove(path) // which take only empty ones
		}
		if err != nil {
			return fmt.Errorf("sweep the volumes: %w", err)
		}
	}
	return nil
}

var validName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// CheckName tells whether a volume may have the name. Errors: InvalidArgument.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("create %s: %q includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path: %w", name, name, errdefs.ErrInvalidArgument)
	}
	return nil
}

// Create makes a volume, or gives the one that has the name already; fresh tells which. An empty name makes an anonymous one.
func (v *Volumes) Create(name, driver string, labels, options map[string]string) (vol Volume, fresh bool, err error) {
	if driver == "" {
		driver = "local"
	}
	if driver != "local" {
		return Volume{}, false, fmt.Errorf("volume driver %q: only \"local\" is there: %w", driver, errdefs.ErrNotFound)
	}
	if len(options) > 0 {
		return Volume{}, false, fmt.Errorf("options of local volumes (%s) are not supported: %w", strings.Join(slices.Sorted(maps.Keys(options)), ", "), errdefs.ErrInvalidArgument)
	}
	if name == "" {
		return v.add(Volume{Name: randomName(), Driver: driver, Labels: labels, Anonymous: true})
	}
	if err := CheckName(name); err != nil {
		return Volume{}, false, err
	}
	return v.add(Volume{Name: name, Driver: driver, Labels: labels})
}

// CreateFor makes an anonymous volume for a container that is being made, whose ID it keeps.
func (v *Volumes) CreateFor(container string, labels map[string]string) (Volume, error) {
	vol, _, err := v.add(Volume{Name: randomName(), Driver: "local", Labels: labels, Anonymous: true, Container: container})
	return vol, err
}

func randomName() string {
	var b [32]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// add makes the volume's folder and records it, unless there is one of the name.
func (v *Volumes) add(vol Volume) (_ Volume, fresh bool, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	name := vol.Name
	if old, ok := v.byName[name]; ok {
		return old, false, nil
	}
	vol.Path, vol.Created = filepath.Join(v.root, name, "_data"), time.Now().UTC()
	if err := os.MkdirAll(vol.Path, 0o755); err != nil {
		return Volume{}, false, fmt.Errorf("create volume %s: %w", name, err)
	}
	if err := os.Chmod(filepath.Dir(vol.Path), 0o701); err != nil {
		return Volume{}, false, fmt.Errorf("create volume %s: %w", name, err)
	}
	if err := v.keeper.Put(name, vol); err != nil {
		return Volume{}, false, errors.Join(fmt.Errorf("record volume %s: %w", name, err), os.RemoveAll(filepath.Dir(vol.Path)))
	}
	v.byName[name] = vol
	return vol, true, nil
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

// Remove removes a volume with all that is in it. Errors: NotFound.
func (v *Volumes) Remove(name string) error {
	aside, err := v.forget(name)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(aside); err != nil {
		return fmt.Errorf("remove volume %s: %w", name, err)
	}
	return nil
}

// forget takes a volume's folder aside, and then its record away: whatever a crash leaves in between, sweep finds.
func (v *Volumes) forget(name string) (aside string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	vol, ok := v.byName[name]
	if !ok {
		return "", noVolume(name)
	}
	aside = filepath.Join(v.root, removedPrefix+name)
	err = os.RemoveAll(aside)
	if err == nil {
		err = os.Rename(filepath.Dir(vol.Path), aside)
	}
	if err != nil && !os.IsNotExist(err) {
		return "", fmt.Errorf("remove volume %s: %w", name, err)
	}
	if err := v.syncRoot(); err != nil {
		return "", fmt.Errorf("remove volume %s: %w", name, err)
	}
	if err := v.keeper.Delete(name); err != nil {
		return "", errors.Join(fmt.Errorf("forget volume %s: %w", name, err), os.Rename(aside, filepath.Dir(vol.Path)))
	}
	delete(v.byName, name)
	return aside, nil
}

func (v *Volumes) syncRoot() error {
	root, err := os.Open(v.root)
	if err != nil {
		return err
	}
	defer root.Close()
	return root.Sync()
}
