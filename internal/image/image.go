package image

import (
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/identity"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Image is what is known of one image. It is shared by all who ask for it: its slices and maps are read and not changed.
type Image struct {
	ID      digest.Digest // digest of the configuration blob
	Names   []string      // familiar tags, "nginx:latest", sorted
	Digests []string      // familiar repository digests, "nginx@sha256:...", sorted
	Created time.Time
	Tagged  time.Time // when a name was last given to it, or when it came
	Author  string
	Comment string

	Architecture, OS, Variant, OSVersion string

	Config  Config
	DiffIDs []digest.Digest // digests of the uncompressed layers, the lowest first
	History []History
	Size    int64              // bytes on disk of the unpacked layers
	Target  ocispec.Descriptor // the image's manifest in the store
	Blobs   []Blob             // manifest, configuration, and the layers as they came; the last need not be kept

	// Platforms is the index that the image's first name points at, of which this is the one that is meant where no platform is asked
	// for; nil where the name points at the image itself.
	Platforms *Platforms
	// Part says that the image has no name of its own, and is one of the platforms of a name that means another of them.
	Part bool

	// Removed says that the image was removed by force while containers use it: it is not listed any more and has no
	// names, but their layers are there until Unuse.
	Removed bool
}

// Blob is a file that an image consists of.
type Blob struct {
	Digest digest.Digest
	Size   int64 // bytes
}

// Config is how an image wants to be run. The JSON form is that of an image configuration blob (Docker's image
// specification v1.2, a superset of OCI's).
type Config struct {
	User         string              `json:"User,omitempty"`
	ExposedPorts map[string]struct{} `json:"ExposedPorts,omitempty"` // "80/tcp"
	Env          []string            `json:"Env,omitempty"`          // "NAME=value"
	Entrypoint   []string            `json:"Entrypoint,omitempty"`
	Cmd          []string            `json:"Cmd,omitempty"`
	Volumes      map[string]struct{} `json:"Volumes,omitempty"` // paths inside the container
	WorkingDir   string              `json:"WorkingDir,omitempty"`
	Labels       map[string]string   `json:"Labels,omitempty"`
	StopSignal   string              `json:"StopSignal,omitempty"`
	StopTimeout  *int                `json:"StopTimeout,omitempty"` // seconds
	Healthcheck  *Healthcheck        `json:"Healthcheck,omitempty"`
	Shell        []string            `json:"Shell,omitempty"`
	OnBuild      []string            `json:"OnBuild,omitempty"`
	ArgsEscaped  bool                `json:"ArgsEscaped,omitempty"`
}

// Healthcheck is how to find out whether a container works. A zero duration or count means the engine's default.
type Healthcheck struct {
	Test          []string      `json:"Test,omitempty"` // {"NONE"}, {"CMD", args...} or {"CMD-SHELL", command}
	Interval      time.Duration `json:"Interval,omitempty"`
	Timeout       time.Duration `json:"Timeout,omitempty"`
	StartPeriod   time.Duration `json:"StartPeriod,omitempty"`
	StartInterval time.Duration `json:"StartInterval,omitempty"`
	Retries       int           `json:"Retries,omitempty"`
}

// History is one step of how an image was made.
type History struct {
	Created    time.Time `json:"created,omitzero"`
	Author     string    `json:"author,omitempty"`
	CreatedBy  string    `json:"created_by,omitempty"`
	Comment    string    `json:"comment,omitempty"`
	EmptyLayer bool      `json:"empty_layer,omitempty"` // the step made no layer
}

// ChainID names the stack of all the image's layers in the store, "" if it has none.
func (i Image) ChainID() string { return chainID(i.DiffIDs) }

// Platform is the image's platform as people write it, "linux/arm64/v8".
func (i Image) Platform() string {
	p := i.OS + "/" + i.Architecture
	if i.Variant != "" {
		p += "/" + i.Variant
	}
	return p
}

// Dangling says that no tag leads to the image.
func (i Image) Dangling() bool { return len(i.Names) == 0 && !i.Part }

// Root is what the image's first name points at: an index of several platforms, or its manifest.
func (i Image) Root() ocispec.Descriptor {
	if i.Platforms != nil {
		return i.Platforms.Target
	}
	return i.Target
}

// ShortID is the first twelve digits of the ID, as people see it.
func (i Image) ShortID() string { return short(i.ID) }

func short(id digest.Digest) string {
	_, hex, found := strings.Cut(string(id), ":")
	if !found {
		hex = string(id)
	}
	return hex[:min(12, len(hex))]
}

func chainID(diffs []digest.Digest) string {
	if len(diffs) == 0 {
		return ""
	}
	return identity.ChainID(diffs).String()
}

// chainIDs names the stacks of the lowest layer, the lowest two, and so on.
func chainIDs(diffs []digest.Digest) []digest.Digest {
	return identity.ChainIDs(slices.Clone(diffs))
}
