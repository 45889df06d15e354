package image

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// pass has a blob read while it comes from the registry, and keeps nothing of it. What was read is good only if there is no error: that it is what its
// digest says is known at its end.
func (p *pull) pass(ctx context.Context, desc ocispec.Descriptor, read func(io.Reader) error) error {
	desc.URLs, desc.Data, desc.Annotations = nil, nil, nil
	if desc.Size <= 0 { // as for blobs that are kept
		return fmt.Errorf("layer %s says it has %d bytes: %w", desc.Digest, desc.Size, errdefs.ErrInvalidArgument)
	}
	from, err := openDownload(ctx, p.fetcher, desc, p.progress)
	if err != nil {
		return p.explainBlob(err, desc)
	}
	defer from.Close()
	r := &passing{r: io.LimitReader(from, desc.Size+1), verify: desc.Digest.Algorithm().Hash()}
	err = read(r)
	if r.err != nil && !errors.Is(r.err, io.EOF) { // what it caused is of no interest
		return p.explainBlob(r.err, desc)
	}
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, r); err != nil { // what follows the end of what is compressed is part of the digest
		return p.explainBlob(err, desc)
	}
	if got := digest.NewDigest(desc.Digest.Algorithm(), r.verify); r.n != desc.Size || got != desc.Digest {
		return p.explainBlob(fmt.Errorf("it sent %d bytes with the digest %s, of %d: %w", r.n, got, desc.Size, errdefs.ErrFailedPrecondition), desc)
	}
	p.progress.downloaded(desc)
	return nil
}

// passing is a blob on its way through.
type passing struct {
	r      io.Reader
	verify hash.Hash
	n      int64
	err    error // the last of r
}

func (p *passing) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.verify.Write(b[:n])
	p.n += int64(n)
	p.err = err
	return n, err
}
