package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/containerd/containerd/v2/core/remotes"
	remoteerrors "github.com/containerd/containerd/v2/core/remotes/errors"
	"github.com/containerd/errdefs"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	maxBreaks  = 5 // of a transfer in a row without a byte between them
	breakPause = 100 * time.Millisecond
)

// download is a blob that comes from a registry. When the connection breaks it goes on where it broke.
type download struct {
	ctx      context.Context
	fetcher  remotes.Fetcher
	desc     ocispec.Descriptor
	progress *progress

	body   io.ReadCloser
	at     int64 // how much has come
	breaks int
}

// openDownload opens a blob at the registry, and has its progress told. Not more of it can be read than its descriptor says.
func openDownload(ctx context.Context, from remotes.Fetcher, desc ocispec.Descriptor, p *progress) (*download, error) {
	body, err := from.Fetch(ctx, desc)
	if err != nil {
		return nil, err
	}
	return &download{ctx: ctx, fetcher: from, desc: desc, progress: p, body: body}, nil
}

func (d *download) Read(p []byte) (int, error) {
	for {
		n, err := d.body.Read(p)
		d.at += int64(n)
		if n > 0 {
			d.breaks = 0
			d.progress.downloading(d.desc, d.at)
		}
		if d.at < d.desc.Size {
			err = d.early(err)
		}
		if err == nil || errors.Is(err, io.EOF) || !d.mayGoOn(err) {
			return n, err
		}
		if err := d.goOn(err); err != nil {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
	}
}

// early is the error for an end before all has come. It may be a broken connection; but a registry that says twice that there is no more has no more.
func (d *download) early(err error) error {
	var status remoteerrors.ErrUnexpectedStatus
	none := err == io.EOF || errors.As(err, &status) && status.StatusCode == http.StatusRequestedRangeNotSatisfiable //nolint:errorlint // that of a connection is wrapped
	switch {
	case none && d.breaks > 0:
		return fmt.Errorf("it sent %d bytes, and the image says that there are %d: %w", d.at, d.desc.Size, errdefs.ErrFailedPrecondition)
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}

// mayGoOn tells a broken connection from what would be the same the next time.
func (d *download) mayGoOn(err error) bool {
	d.breaks++
	return d.ctx.Err() == nil && d.breaks <= maxBreaks && !errdefs.IsFailedPrecondition(err) && !errdefs.IsInvalidArgument(err) &&
		!errdefs.IsOutOfRange(err) && !errdefs.IsNotFound(err) && !errdefs.IsPermissionDenied(err) && !errdefs.IsResourceExhausted(err)
}

// goOn opens the blob anew, where it broke.
func (d *download) goOn(broke error) error {
	if d.breaks > 1 {
		select {
		case <-d.ctx.Done():
			return d.ctx.Err()
		case <-time.After(breakPause << (d.breaks - 2)):
		}
	}
	d.body.Close()
	body, err := d.fetcher.Fetch(d.ctx, d.desc)
	if err != nil {
		return errors.Join(err, broke)
	}
	d.body = body
	_, err = d.seek(d.at, io.SeekStart)
	return err
}

// Seek goes on at another place of the blob, after a transfer that an earlier pull began.
func (d *download) Seek(offset int64, whence int) (int64, error) {
	n, err := d.seek(offset, whence)
	if err == nil {
		d.at = n
	}
	return n, err
}

func (d *download) seek(offset int64, whence int) (int64, error) {
	s, ok := d.body.(io.Seeker)
	if !ok {
		return 0, fmt.Errorf("transfer of %s cannot go on where it broke: %w", d.desc.Digest, errdefs.ErrNotImplemented)
	}
	return s.Seek(offset, whence)
}

func (d *download) Close() error { return d.body.Close() }
