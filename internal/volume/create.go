package volume

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/containerd/errdefs"
)

// A Wish says what volume to make.
type Wish struct {
	Name            string // "": an anonymous one
	Driver          string // "": local
	Labels, Options map[string]string
	Container       string // for which an anonymous one is made
}

const (
	driverLocal = "local"
	dataName    = "_data" // the folder, in a volume's own, that containers see
	fillName    = "_fill" // beside it: what an image has for a new volume, while it is copied
)

var validName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// CheckName tells whether a volume may have the name. Errors: InvalidArgument.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("create %s: %q includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path: %w", name, name, errdefs.ErrInvalidArgument)
	}
	if len(name) > 255-len(removedPrefix) {
		return fmt.Errorf("create %s: a volume's name has at most %d characters: %w", name, 255-len(removedPrefix), errdefs.ErrInvalidArgument)
	}
	return nil
}

// Create makes a volume, or gives the one that has the name already; fresh tells which. Errors: InvalidArgument, NotFound (driver).
func (v *Volumes) Create(w Wish) (vol Volume, fresh bool, err error) {
	vol, fresh, release, err := v.Hold(w)
	if err == nil {
		release()
	}
	return vol, fresh, err
}

// Hold is Create of a volume that cannot be removed until release is called: for a container that is being made.
func (v *Volumes) Hold(w Wish) (vol Volume, fresh bool, release func(), err error) {
	if w.Driver == "" {
		w.Driver = driverLocal
	}
	if w.Driver != driverLocal {
		return Volume{}, false, nil, fmt.Errorf("error looking up volume plugin %s: plugin %q not found: volumes have the driver \"local\" here: %w", w.Driver, w.Driver, errdefs.ErrNotFound)
	}
	if err := checkOptions(w.Options); err != nil {
		return Volume{}, false, nil, err
	}
	wanted := Volume{Name: w.Name, Driver: w.Driver, Labels: w.Labels, Options: w.Options, Container: w.Container}
	if w.Name == "" {
		wanted.Name, wanted.Anonymous = randomName(), true
	} else if err := CheckName(w.Name); err != nil {
		return Volume{}, false, nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	vol, fresh, err = v.add(wanted)
	if err != nil {
		return Volume{}, false, nil, err
	}
	v.held[vol.Name]++
	return vol, fresh, func() { v.unhold(vol.Name) }, nil
}

func (v *Volumes) unhold(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.held[name]--; v.held[name] == 0 {
		delete(v.held, name)
	}
}

func randomName() string {
	var b [32]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// add makes the volume's folder and records it, unless there is one of the name. The lock is held.
func (v *Volumes) add(vol Volume) (_ Volume, fresh bool, err error) {
	name := vol.Name
	if old, ok := v.byName[name]; ok {
		return old, false, nil
	}
	vol.Path, vol.Created = filepath.Join(v.root, name, dataName), time.Now().UTC()
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
