package main

import (
	"flag"
	"fmt"
	"strings"

	"tug/internal/image"
)

// registries are the settings of how registries are reached.
type registries struct {
	Mirrors      list `json:"registry-mirrors"`
	Insecure     list `json:"insecure-registries"`
	Blocked      list `json:"blocked-registries"`
	CertsDirs    list `json:"certs-dirs"`
	MaxDownloads int  `json:"max-concurrent-downloads"`
	MaxUploads   int  `json:"max-concurrent-uploads"`
}

func (r *registries) flags(f *flag.FlagSet) {
	downloads, uploads := image.Reach{}.Limits()
	f.Var(&r.Mirrors, "registry-mirror", "`URL` of a mirror of Docker Hub; may be repeated")
	f.Var(&r.Blocked, "blocked-registry", "`REGISTRY` that is never spoken to, or a pattern *.example.com; may be repeated")
	f.Var(&r.CertsDirs, "certs-dir", "`FOLDER` with certificates and hosts.toml of registries; may be repeated (default /etc/tug/certs.d, /etc/containerd/certs.d, /etc/docker/certs.d)")
	f.Var(&r.Insecure, "insecure-registry", "`REGISTRY` that may be spoken to without TLS; may be repeated")
	f.IntVar(&r.MaxDownloads, "max-concurrent-downloads", downloads, "how many layers are fetched at a time, over all pulls")
	f.IntVar(&r.MaxUploads, "max-concurrent-uploads", uploads, "how many layers are sent at a time, over all pushes")
}

// complete fills in what is not given, and checks the rest.
func (r *registries) complete() error {
	if len(r.CertsDirs) == 0 {
		r.CertsDirs = list{"/etc/tug/certs.d", "/etc/containerd/certs.d", "/etc/docker/certs.d"}
	}
	if r.MaxDownloads < 0 || r.MaxUploads < 0 {
		return fmt.Errorf("--max-concurrent-downloads %d, --max-concurrent-uploads %d: they are numbers from 1, or 0 for the default", r.MaxDownloads, r.MaxUploads)
	}
	for i, entry := range r.Insecure { // a URL is taken as the name in it, as dockerd takes it
		entry = strings.TrimPrefix(strings.TrimPrefix(entry, "https://"), "http://")
		r.Insecure[i] = strings.TrimSuffix(entry, "/")
	}
	return r.reach().Check()
}

func (r *registries) reach() image.Reach {
	reach := image.Reach{Insecure: r.Insecure, Blocked: r.Blocked, CertsDirs: r.CertsDirs, MaxDownloads: r.MaxDownloads, MaxUploads: r.MaxUploads}
	if len(r.Mirrors) > 0 {
		reach.Mirrors = map[string][]string{"docker.io": r.Mirrors}
	}
	return reach
}
