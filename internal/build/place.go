package build

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/sys/atomicwriter"
)

// networkPrefix begins a cgroup parent that names a network as well. A build's definition has no place for a network's name, but what a build says
// of its cgroup parent comes to each of its steps, and counts in what its cache knows them by.
const networkPrefix = "tug-network="

// parentAttr is what the frontend for Dockerfiles calls a build's cgroup parent.
const parentAttr = "cgroup-parent"

// places are where steps run: in which network, below which cgroup. A definition may come from whoever wrote a Dockerfile, or the program that
// reads it, but a network is for who asks for the build to name: what such a request says is sealed, and of a step's network only what is
// sealed is believed. The seal is the same for every build, or the cache would not know a step again.
type places struct{ key []byte }

// openPlaces reads the key, or makes it.
func openPlaces(file string) (*places, error) {
	key, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, sha256.Size)
		rand.Read(key)
		err = atomicwriter.WriteFile(file, key, 0o600)
	}
	if err == nil && len(key) != sha256.Size {
		err = fmt.Errorf("%s is damaged: remove it", file)
	}
	return &places{key}, err
}

// placeText is how a request names a network with a cgroup parent.
func placeText(network, cgroupParent string) string {
	if network == "" {
		return cgroupParent
	}
	return networkPrefix + network + ";" + cgroupParent
}

// admit seals the place that a request names among its attributes. Errors: InvalidArgument.
func (p *places) admit(attrs map[string]string) error {
	named, ok := strings.CutPrefix(attrs[parentAttr], networkPrefix)
	if !ok {
		return nil
	}
	network, _, _ := strings.Cut(named, ";")
	if network == "" || network == "host" || strings.Contains(network, ":") {
		return fmt.Errorf("network %q of a build: name one that 'network ls' shows; --network host and none are said otherwise: %w", network, errdefs.ErrInvalidArgument)
	}
	attrs[parentAttr] = networkPrefix + p.seal(named) + ";" + named
	return nil
}

func (p *places) seal(named string) string {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(named))
	return hex.EncodeToString(mac.Sum(nil))
}

// of reads what a step has from its build: a sealed network with a cgroup parent, or a cgroup parent alone. Errors: PermissionDenied.
func (p *places) of(text string) (network, cgroupParent string, err error) {
	sealed, ok := strings.CutPrefix(text, networkPrefix)
	if !ok {
		return "default", text, nil
	}
	seal, named, _ := strings.Cut(sealed, ";")
	if !hmac.Equal([]byte(seal), []byte(p.seal(named))) {
		return "", "", fmt.Errorf("a step names a network that who asked for the build has not named: %w", errdefs.ErrPermissionDenied)
	}
	network, cgroupParent, _ = strings.Cut(named, ";")
	return network, cgroupParent, nil
}
