package image

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	ggcr "github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// serveRegistry starts a private registry on loopback and returns its address. Credentials, if any, are "user:password" hashed for
// its htpasswd file.
func serveRegistry(t *testing.T, htpasswd string) string {
	t.Helper()
	if htpasswd == "" {
		return serveRegistryWith(t, "", nil)
	}
	file := filepath.Join(t.TempDir(), "htpasswd")
	if err := os.WriteFile(file, []byte(htpasswd), 0o600); err != nil {
		t.Fatal(err)
	}
	return serveRegistryWith(t, fmt.Sprintf("auth: {htpasswd: {realm: test, path: %s}}\n", file), nil)
}

// serveRegistryWith is serveRegistry with lines of configuration, and with TLS if a signer is given.
func serveRegistryWith(t *testing.T, lines string, tls *signer) string {
	t.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Skip("no docker-registry on this host")
	}
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	client, scheme, certs := http.DefaultClient, "http", ""
	if tls != nil {
		client, scheme, certs = tls.client(), "https", fmt.Sprintf(", tls: {certificate: %s, key: %s}", tls.certFile, tls.keyFile)
	}
	config := fmt.Sprintf("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}\nhttp: {addr: %s%s}\n%s",
		filepath.Join(dir, "data"), addr, certs, lines)
	file := filepath.Join(dir, "config.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(program, "serve", file)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	if !await(t, "the registry's answer", func() bool {
		resp, err := client.Get(scheme + "://" + addr + "/v2/")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	}) {
		cmd.Process.Kill() // it writes no more
		cmd.Wait()
		t.Fatalf("registry says: %s", out.String())
	}
	return addr
}

// push puts an image or an index into the registry.
func push(t *testing.T, ref string, what any, options ...remote.Option) v1.Hash {
	t.Helper()
	r, err := ggcr.ParseReference(ref, ggcr.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	var hash v1.Hash
	switch w := what.(type) {
	case v1.Image:
		err = remote.Write(r, w, options...)
		hash, _ = w.Digest()
	case v1.ImageIndex:
		err = remote.WriteIndex(r, w, options...)
		hash, _ = w.Digest()
	}
	if err != nil {
		t.Fatal(err)
	}
	return hash
}
