package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
)

// tlsFiles are certificates for one host.
type tlsFiles struct {
	authorities []string    // files of certificates that are trusted beside the system's
	clients     [][2]string // certificate and key that are shown; the key may be in the certificate's file
}

// hostDir returns the folder of a host in the first of the configured folders that has one, "" if none has. It may be named
// with the port as HOST:PORT or, as containerd also has it, HOST_PORT_; "_default" is for every host, in containerd's
// layout (hosts.toml) alone.
func (c Config) hostDir(hostport string) (string, error) {
	if hostport == "" || strings.ContainsAny(hostport, `/\`) || strings.Trim(hostport, ".") == "" {
		return "", nil
	}
	names := []string{hostport}
	if i := strings.LastIndexByte(hostport, ':'); i > 0 {
		names = append(names, hostport[:i]+"_"+hostport[i+1:]+"_")
	}
	for _, root := range c.CertsDirs {
		for _, n := range names {
			if st, err := os.Stat(filepath.Join(root, n)); err == nil && st.IsDir() {
				return filepath.Join(root, n), nil
			} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", fmt.Errorf("read the certificates of registry %s: %w", hostport, err)
			}
		}
		if _, err := os.Stat(filepath.Join(root, "_default", hostsFile)); err == nil {
			return filepath.Join(root, "_default"), nil
		}
	}
	return "", nil
}

// certsOf reads a host's folder in Docker's layout: NAME.crt are authorities, NAME.cert with NAME.key are shown.
func certsOf(dir string) (tlsFiles, error) {
	var t tlsFiles
	if dir == "" {
		return t, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return t, fmt.Errorf("read the certificates in %s: %w", dir, err)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch base := strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())); filepath.Ext(e.Name()) {
		case ".crt":
			t.authorities = append(t.authorities, path)
		case ".cert":
			if !has(base + ".key") {
				return t, fmt.Errorf("missing key %s.key for client certificate %s: Docker's layout has the authorities' certificates in .crt files: %w",
					base, path, errdefs.ErrFailedPrecondition)
			}
			t.clients = append(t.clients, [2]string{path, filepath.Join(dir, base+".key")})
		case ".key":
			if !has(base + ".cert") {
				return t, fmt.Errorf("missing client certificate %s.cert for key %s: %w", base, path, errdefs.ErrFailedPrecondition)
			}
		}
	}
	return t, nil
}
