package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	remoteerrors "github.com/containerd/containerd/v2/core/remotes/errors"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
)

// Upload is a blob that a repository is to have.
type Upload struct {
	Digest digest.Digest
	Size   int64
	From   []string                                  // repositories of the same registry that may have it
	Open   func(offset int64) (io.ReadCloser, error) // its content from there on
	Sent   func(offset int64)                        // told how much of it was sent; may be nil
}

// Delivered says how a repository has come to a blob.
type Delivered struct {
	Existed bool
	From    string // the repository it was taken from, without sending it
}

// maxBreaks is how many times an upload may break without that the registry got more of it.
const maxBreaks = 5

// errAnew says that an upload cannot go on where it broke.
var errAnew = errors.New("the upload has to begin anew")

// Blob brings a blob to the repository: it is not sent if that has it already, or another repository has it. An upload that breaks goes on where it
// broke, if the registry can tell where that is, and else begins anew. See the OCI distribution specification, "Pushing blobs".
func (r *Repository) Blob(ctx context.Context, b Upload) (Delivered, error) {
	there, err := r.Has(ctx, b.Digest)
	if err != nil || there {
		return Delivered{Existed: there}, err
	}
	for _, from := range b.From {
		if r.mount(ctx, b.Digest, from) {
			return Delivered{From: from}, nil
		}
	}
	u := &upload{Repository: r, Upload: b}
	pause := firstWait
	for breaks := 0; ; {
		before := u.most
		err := u.run(r.scope(ctx))
		if err == nil || ctx.Err() != nil || !mayGoOn(err) {
			return Delivered{}, err
		}
		if breaks++; u.most > before {
			breaks, pause = 0, firstWait
		}
		if breaks == maxBreaks {
			return Delivered{}, err
		}
		if tell, ok := noticeOf(ctx); ok {
			tell(pause)
		}
		if werr := r.wait(ctx, pause); werr != nil {
			return Delivered{}, errors.Join(werr, err)
		}
		pause *= 2
	}
}

// mayGoOn tells a broken connection, or a busy registry, from what would be the same the next time.
func mayGoOn(err error) bool {
	var transport *url.Error
	var status remoteerrors.ErrUnexpectedStatus
	var busy *busyError // was asked often enough
	switch {
	case errors.As(err, &busy):
		return false
	case errors.Is(err, errAnew):
		return true
	case errors.As(err, &status):
		return status.StatusCode == http.StatusRequestedRangeNotSatisfiable || status.StatusCode == http.StatusRequestTimeout || status.StatusCode >= 500
	case errdefs.IsPermissionDenied(err), errdefs.IsOutOfRange(err), errdefs.IsResourceExhausted(err):
		return false
	}
	return errors.As(err, &transport)
}

// mount asks the registry to take a blob from another of its repositories. That one need not have it, nor be ours to read: then it is sent.
func (r *Repository) mount(ctx context.Context, d digest.Digest, from string) bool {
	to := r.url("blobs", "uploads/")
	to.RawQuery = url.Values{"mount": {d.String()}, "from": {from}}.Encode()
	resp, err := r.do(docker.ContextWithAppendPullRepositoryScope(r.scope(ctx), from), http.MethodPost, to, nil, 0, nil)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusAccepted { // an upload has begun in its place
		if at, err := location(resp); err == nil {
			if gone, err := r.do(r.scope(ctx), http.MethodDelete, at, nil, 0, nil); err == nil {
				gone.Body.Close()
			}
		}
	}
	return resp.StatusCode == http.StatusCreated
}

// upload is a blob that is being sent.
type upload struct {
	*Repository
	Upload
	at   *url.URL // where to; nil before it has begun
	done int64    // how much the registry has
	most int64    // that it ever had
}

// run goes on with the upload, to its end.
func (u *upload) run(ctx context.Context) error {
	if u.at == nil {
		if err := u.begin(ctx); err != nil {
			return err
		}
	} else if err := u.ask(ctx); err != nil {
		u.at = nil
		return errors.Join(errAnew, err)
	}
	if u.done < u.Size {
		if err := u.send(ctx); err != nil {
			return err
		}
	}
	return u.finish(ctx)
}

func (u *upload) begin(ctx context.Context) error {
	resp, err := u.do(ctx, http.MethodPost, u.url("blobs", "uploads/"), nil, 0, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		return remoteerrors.NewUnexpectedStatusErr(resp)
	}
	u.done = 0
	u.at, err = location(resp)
	return err
}

// ask asks how much the registry has.
func (u *upload) ask(ctx context.Context) error {
	resp, err := u.do(ctx, http.MethodGet, u.at, nil, 0, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent && resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusAccepted {
		return remoteerrors.NewUnexpectedStatusErr(resp)
	}
	return u.got(resp)
}

// send sends what the registry does not have yet.
func (u *upload) send(ctx context.Context) error {
	header := http.Header{"Content-Type": {"application/octet-stream"}}
	if u.done > 0 {
		header.Set("Content-Range", fmt.Sprintf("%d-%d", u.done, u.Size-1))
	}
	resp, err := u.do(ctx, http.MethodPatch, u.at, header, u.Size-u.done, func() (io.ReadCloser, error) {
		rc, err := u.Open(u.done)
		if err != nil {
			return nil, err
		}
		return &told{rc, u.done, u.Sent}, nil
	})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted && resp.StatusCode != http.StatusNoContent && resp.StatusCode != http.StatusCreated {
		return remoteerrors.NewUnexpectedStatusErr(resp)
	}
	if err := u.got(resp); err != nil {
		return err
	}
	if u.done < u.Size {
		return fmt.Errorf("registry took %d of %d bytes: %w", u.done, u.Size, errAnew)
	}
	return nil
}

// got reads from an answer where to go on, and how much the registry has.
func (u *upload) got(resp *http.Response) error {
	at, err := location(resp)
	if err != nil {
		return err
	}
	u.at = at
	_, last, _ := strings.Cut(strings.TrimPrefix(resp.Header.Get("Range"), "bytes="), "-")
	if last == "" { // not said: all
		u.done = u.Size
		return nil
	}
	n, err := strconv.ParseInt(last, 10, 64)
	if err != nil || n < 0 || n >= max(u.Size, 1) {
		return fmt.Errorf("registry says that it has the bytes %.50q of %d: %w", resp.Header.Get("Range"), u.Size, errdefs.ErrUnavailable)
	}
	u.done = n + 1
	if n == 0 { // "0-0" is what registries say of nothing, too
		u.done = 0
	}
	u.most = max(u.most, u.done)
	return nil
}

// finish says that all was sent.
func (u *upload) finish(ctx context.Context) error {
	to := *u.at
	query := to.Query()
	query.Set("digest", u.Digest.String())
	to.RawQuery = query.Encode()
	resp, err := u.do(ctx, http.MethodPut, &to, http.Header{"Content-Type": {"application/octet-stream"}}, 0, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return remoteerrors.NewUnexpectedStatusErr(resp)
	}
	return is(resp, u.Digest)
}

// location is where an answer says to go on.
func location(resp *http.Response) (*url.URL, error) {
	at, err := resp.Location()
	if err != nil {
		return nil, fmt.Errorf("registry does not say where to upload to: %w: %w", err, errdefs.ErrUnavailable)
	}
	return at, nil
}

// told is what is sent; each read of it is told.
type told struct {
	io.ReadCloser
	at   int64
	tell func(int64)
}

func (t *told) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if t.at += int64(n); t.tell != nil && n > 0 {
		t.tell(t.at)
	}
	return n, err
}
