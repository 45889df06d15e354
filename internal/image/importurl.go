package image

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/containerd/errdefs"
)

// ImportURL is Import of what an HTTP server gives. The address may lack the "http://". The message, if there is none, says where it came from.
func (s *Images) ImportURL(ctx context.Context, address string, o ImportOptions) (Image, error) {
	from, err := importAddress(address)
	if err != nil {
		return Image{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from.String(), nil)
	if err != nil {
		return Image{}, fmt.Errorf("import from %s: %w: %w", from.Redacted(), err, errdefs.ErrInvalidArgument)
	}
	if s.settings.UserAgent != "" {
		req.Header.Set("User-Agent", s.settings.UserAgent)
	}
	tell := newProgress(o.Progress)
	tell.say(Event{Status: "Downloading from " + from.Redacted()})
	transport := http.DefaultTransport.(*http.Transport).Clone() // its connections are this import's
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return Image{}, fmt.Errorf("import from %s: %w: %w", from.Redacted(), err, errdefs.ErrUnavailable)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return Image{}, fmt.Errorf("import from %s: the server answered %s: %w", from.Redacted(), resp.Status, errdefs.ErrInvalidArgument)
	}
	if o.Message == "" {
		o.Message = "Imported from " + from.Redacted()
	}
	return s.Import(ctx, &imported{r: resp.Body, size: resp.ContentLength, progress: tell}, o)
}

// importAddress reads where to import from.
func importAddress(s string) (*url.URL, error) {
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is not an address to import from: give http://HOST/FILE or https://HOST/FILE, or - for standard input: %w", s, errdefs.ErrInvalidArgument)
	}
	return u, nil
}

// imported is an archive that is being imported; how much has come is told.
type imported struct {
	r                io.Reader
	size, come, told int64
	progress         *progress
}

func (i *imported) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	if i.come += int64(n); i.come >= i.told+progressStep || i.come == i.size && n > 0 {
		i.told = i.come
		i.progress.say(Event{Status: "Importing", Current: i.come, Total: max(i.size, 0)})
	}
	return n, err
}
