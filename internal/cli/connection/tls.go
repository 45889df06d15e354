package connection

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/docker/go-connections/tlsconfig"
	"github.com/moby/moby/client"
)

// TLS says how a connection is encrypted: files, each of which may be "", and whether the daemon must prove
// who it is.
type TLS struct {
	CAFile, CertFile, KeyFile string
	SkipVerify                bool
}

// InFolder sets each file that is not set to the one of the usual name in folder, if there is one.
func (t *TLS) InFolder(folder string) {
	for name, file := range map[string]*string{"ca.pem": &t.CAFile, "cert.pem": &t.CertFile, "key.pem": &t.KeyFile} {
		path := filepath.Join(folder, name)
		if *file != "" {
			continue
		}
		if _, err := os.Stat(path); err == nil {
			*file = path
		}
	}
}

// client makes connections that are encrypted as t says. They go nowhere before an address is set.
func (t *TLS) client() (*http.Client, error) {
	config, err := tlsconfig.Client(tlsconfig.Options{
		CAFile:             t.CAFile,
		CertFile:           t.CertFile,
		KeyFile:            t.KeyFile,
		InsecureSkipVerify: t.SkipVerify,
		ExclusiveRootPools: true,
		MinVersion:         tls.VersionTLS12,
	})
	if err != nil {
		return nil, fmt.Errorf("configure TLS: %w", err)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}, CheckRedirect: client.CheckRedirect}, nil
}
