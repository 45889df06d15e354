package container

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"github.com/containerd/errdefs"
)

var validName = regexp.MustCompile(`^/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// CheckName tells whether a container may have the name. Errors: InvalidArgument.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed: %w", name, errdefs.ErrInvalidArgument) //nolint:staticcheck // Docker's words
	}
	return nil
}

// NewID gives a new ID: 64 hexadecimal digits, the first twelve of which are not all decimal, since a host name and a
// short ID must not read as a number.
func NewID() string {
	var b [32]byte
	for {
		rand.Read(b[:])
		id := hex.EncodeToString(b[:])
		if strings.ContainsAny(id[:12], "abcdef") {
			return id
		}
	}
}

var (
	manners = strings.Fields(`able brave bright calm clever cosy crisp deft eager fair fond gentle glad grand happy hardy
		honest jolly keen kind lively loyal merry mild neat nimble noble plain proud quick quiet ready sharp silent smart
		snug solid spry steady sturdy sunny swift tidy trim true vivid warm witty`)
	crafts = strings.Fields(`anchor ballast beacon bollard bosun bowline brig buoy capstan cargo channel cleat compass
		current cutter deck derrick dock ferry galley gull halyard harbour hawser helm hull jetty keel ketch lantern
		lighter lock mast mooring oar pilot pier quay rigging rope rudder sail schooner skiff sloop stern tide tiller
		tow trawler wharf winch yawl`)
)

// RandomName gives a name that is easy to say. Attempts after the first few end in a number, so that one is free.
func RandomName(attempt int) string {
	name := pick(manners) + "_" + pick(crafts)
	if attempt > 2 {
		n, _ := rand.Int(rand.Reader, big.NewInt(10000))
		name += n.String()
	}
	return name
}

func pick(words []string) string {
	n, _ := rand.Int(rand.Reader, big.NewInt(int64(len(words))))
	return words[n.Int64()]
}
