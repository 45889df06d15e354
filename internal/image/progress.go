package image

import (
	"sync"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// progressStep is by how many bytes a transfer advances before it is told again.
const progressStep = 512 << 10

// progress tells one listener, one event at a time, how far the layers of a pull are.
type progress struct {
	mu     sync.Mutex // guards all below, and is held while the listener is called
	tell   func(Event)
	layers map[digest.Digest]*layerProgress
}

type layerProgress struct {
	size       int64
	told       int64 // bytes of the present stage that were told
	downloaded bool
	done       bool
}

func newProgress(tell func(Event)) *progress {
	return &progress{tell: tell, layers: map[digest.Digest]*layerProgress{}}
}

func (p *progress) say(e Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.send(e)
}

func (p *progress) send(e Event) {
	if p.tell != nil {
		p.tell(e)
	}
}

// begin names the layers; the lowest of them are there already.
func (p *progress) begin(layers []ocispec.Descriptor, there int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, l := range layers {
		if p.layers[l.Digest] != nil {
			continue // an image may have a layer twice
		}
		p.layers[l.Digest] = &layerProgress{size: l.Size, done: i < there, downloaded: i < there}
		status := StatusQueued
		if i < there {
			status = StatusExists
		}
		p.send(Event{ID: short(l.Digest), Status: status})
	}
}

// downloading tells that n bytes of a layer have come.
func (p *progress) downloading(desc ocispec.Descriptor, n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.layers[desc.Digest]
	if l == nil || l.downloaded || n < l.told+progressStep && n < l.size || n == l.told {
		return
	}
	l.told = n
	p.send(Event{ID: short(desc.Digest), Status: StatusDownloading, Current: n, Total: l.size})
	if n == l.size {
		p.send(Event{ID: short(desc.Digest), Status: StatusVerifying})
	}
}

// downloaded tells that a layer has come and is what its digest says.
func (p *progress) downloaded(desc ocispec.Descriptor) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.layers[desc.Digest]
	if l == nil || l.downloaded {
		return
	}
	l.downloaded, l.told = true, 0
	p.send(Event{ID: short(desc.Digest), Status: StatusDownloaded})
}

// extracting tells that n bytes of a layer are unpacked. The whole size says that it is done.
func (p *progress) extracting(desc ocispec.Descriptor, n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.layers[desc.Digest]
	if l == nil || l.done || !l.downloaded || n < l.told+progressStep && n < l.size { // while it comes, that is what is told
		return
	}
	l.told = n
	p.send(Event{ID: short(desc.Digest), Status: StatusExtracting, Current: n, Total: l.size})
	if n == l.size {
		l.done = true
		p.send(Event{ID: short(desc.Digest), Status: StatusPulled})
	}
}
