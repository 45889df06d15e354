package build

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/store"
)

// Settings are what a builder stands on.
type Settings struct {
	Root   string // folder of its own
	Store  *store.Store
	Hosts  docker.RegistryHosts
	Runner Runner
	// Add records an image that was built, and gives its ID.
	Add func(context.Context, Image) (digest.Digest, error)
	// Base has an image ready that a classic build begins with, and gives its ID.
	Base func(context.Context, Base) (id string, err error)
	// Insecure has steps run with all capabilities and devices that ask for that, and whose client allows it.
	Insecure bool
	// NoHostNetwork lets no step have the host's network.
	NoHostNetwork bool
	// HostGateway is the host's address as steps see it; the zero address if there is none.
	HostGateway func() netip.Addr
	GC          GC
	Log         *slog.Logger
}

// Image is what a build has made: blobs in the store, and layers that lie there unpacked.
type Image struct {
	Target ocispec.Descriptor
	Name   string // "" for none
	Layers func(ocispec.Platform) string
}

// Builder builds images. It costs nothing until the first build.
type Builder struct {
	settings Settings
	jobs     jobs

	mu      sync.Mutex // guards what follows
	backend *backend
	closed  bool
}

// New gives a builder.
func New(ctx context.Context, s Settings) (*Builder, error) {
	lost, err := s.Store.Lost()
	if err != nil {
		return nil, err
	}
	if lost {
		if err := forget(s.Store.Context(ctx), &s); err != nil {
			return nil, fmt.Errorf("forget what builds had cached when the machine went down: %w", err)
		}
		if err := s.Store.Forgotten(); err != nil {
			return nil, err
		}
	}
	return &Builder{settings: s}, nil
}

var errClosed = fmt.Errorf("the daemon is stopping, try again when it is back: %w", errdefs.ErrUnavailable)

// open gives the backend, which is set up for the first who asks.
func (b *Builder) open(ctx context.Context) (*backend, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, errClosed
	}
	if b.backend == nil {
		made, err := newBackend(context.WithoutCancel(ctx), &b.settings)
		if err != nil {
			return nil, fmt.Errorf("set the builder up: %w", err)
		}
		b.backend = made
	}
	return b.backend, nil
}

// Open sets the builder up, if it is not: who serves is told before it speaks with a client if that fails. Errors: Unavailable.
func (b *Builder) Open(ctx context.Context) error {
	_, err := b.open(ctx)
	return err
}

// ServeControl serves BuildKit's control API on a connection, in the background.
func (b *Builder) ServeControl(ctx context.Context, conn net.Conn) error {
	back, err := b.open(ctx)
	if err != nil {
		return err
	}
	return back.listener.hand(conn)
}

// ServeSession serves a client's session on a connection until that ends: through it builds get at the client's files, secrets and
// credentials. The header says which session it is.
func (b *Builder) ServeSession(ctx context.Context, conn net.Conn, header map[string][]string) error {
	back, err := b.open(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := back.context(ctx)
	defer cancel()
	return back.sessions.HandleConn(ctx, conn, header)
}

// Close ends what is going on, and the builder.
func (b *Builder) Close() error {
	b.mu.Lock()
	back := b.backend
	b.backend, b.closed = nil, true
	b.mu.Unlock()
	if back == nil {
		return nil
	}
	return errors.Join(back.close())
}
