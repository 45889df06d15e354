package image

import (
	"golang.org/x/sync/semaphore"

	"tug/internal/registry"
)

const (
	defaultDownloads = 6 // layers fetched at a time, over all pulls
	defaultUploads   = 6 // blobs sent at a time, over all pushes
)

// Reach is how registries are reached, which can change while images are used.
type Reach struct {
	Mirrors      map[string][]string // base URLs of mirrors by registry host: "docker.io": {"http://127.0.0.1:5000"}
	Insecure     []string            // registries (host or host:port, or a network in CIDR notation) that may be spoken to without verified TLS
	Blocked      []string            // registries that may not be spoken to: "host", "host:port", "*.example.com"
	CertsDirs    []string            // folders of certificates and hosts.toml, a folder for each host in them; the first that knows a host decides
	MaxDownloads int                 // layers fetched at a time, over all pulls; 0 means 6
	MaxUploads   int                 // blobs sent at a time, over all pushes; 0 means 6
}

// Check finds what is no way to a registry. Errors: InvalidArgument.
func (r Reach) Check() error {
	return (registry.Config{Mirrors: r.Mirrors, Insecure: r.Insecure, Blocked: r.Blocked}).Check()
}

// Limits are how many layers are fetched, and how many blobs sent, at a time.
func (r Reach) Limits() (downloads, uploads int) {
	downloads, uploads = r.MaxDownloads, r.MaxUploads
	if downloads <= 0 {
		downloads = defaultDownloads
	}
	if uploads <= 0 {
		uploads = defaultUploads
	}
	return downloads, uploads
}

// reached is a Reach in use.
type reached struct {
	Reach
	fetches, uploads *semaphore.Weighted
}

// Reconfigure changes how registries are reached from now on; pulls and pushes that are under way keep to what they began with, as far as they
// have begun. Errors: those of Check, and nothing has changed.
func (s *Images) Reconfigure(r Reach) error {
	if err := r.Check(); err != nil {
		return err
	}
	downloads, uploads := r.Limits()
	s.reach.Store(&reached{r, semaphore.NewWeighted(int64(downloads)), semaphore.NewWeighted(int64(uploads))})
	return nil
}

// registries is how registries are reached.
func (s *Images) registries() registry.Config {
	r := s.reach.Load()
	return registry.Config{Mirrors: r.Mirrors, Insecure: r.Insecure, Blocked: r.Blocked, CertsDirs: r.CertsDirs, UserAgent: s.settings.UserAgent}
}
