package image

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/crypto/bcrypt"

	"github.com/containerd/errdefs"
)

// TestDebiansRegistry goes the whole way with Debian's docker-registry: plain, with TLS of a private authority and passwords, and with a token server.
func TestDebiansRegistry(t *testing.T) {
	for name, serve := range map[string]func(*testing.T) (addr string, auth Auth, certs []string){
		"plain": func(t *testing.T) (string, Auth, []string) { return serveRegistry(t, ""), Auth{}, nil },
		"TLS and htpasswd": func(t *testing.T) (string, Auth, []string) {
			id := newSigner(t)
			hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "htpasswd")
			if err := os.WriteFile(file, []byte("user:"+string(hash)+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			addr := serveRegistryWith(t, fmt.Sprintf("auth: {htpasswd: {realm: test, path: %s}}\n", file), id)
			return addr, Auth{Username: "user", Password: "secret"}, []string{id.trustedBy(t, addr)}
		},
		"TLS and a token server": func(t *testing.T) (string, Auth, []string) {
			id := newSigner(t)
			tokens := serveTokens(t, id)
			addr := serveRegistryWith(t, fmt.Sprintf("auth: {token: {realm: %s/token, service: tug, issuer: tug test, rootcertbundle: %s}}\n", tokens.URL, id.certFile), id)
			return addr, Auth{Username: "user", Password: "secret"}, []string{id.trustedBy(t, addr)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			addr, auth, certs := serve(t)
			from := open(t, func(c *Settings) { c.Reach.CertsDirs = certs })
			loaded(t, from, addr+"/team/app:1", image(t, v1.Config{Cmd: []string{"x"}}, layer(t, file{name: "f", body: "hello"})))
			if err := from.Tag(t.Context(), addr+"/team/app:1", addr+"/team/app:2"); err != nil {
				t.Fatal(err)
			}
			if auth != (Auth{}) {
				if _, err := from.Login(t.Context(), addr, Auth{Username: "user", Password: "wrong"}); !errdefs.IsUnauthorized(err) {
					t.Errorf("login with a wrong password: %v", err)
				}
				if _, err := from.Push(t.Context(), addr+"/team/app:1", PushOptions{}); !errdefs.IsPermissionDenied(err) {
					t.Errorf("push without a password: %v", err)
				}
			}
			if _, err := from.Login(t.Context(), addr, auth); err != nil {
				t.Fatal(err)
			}
			for _, tag := range []string{"1", "2"} {
				if _, err := from.Push(t.Context(), addr+"/team/app:"+tag, PushOptions{Auth: auth}); err != nil {
					t.Fatal(err)
				}
			}
			to := open(t, func(c *Settings) { c.Reach.CertsDirs = certs })
			d, err := to.Distribution(t.Context(), addr+"/team/app:1", auth)
			if err != nil || len(d.Platforms) != 1 || d.Platforms[0].OS != "linux" {
				t.Errorf("distribution: %+v, %v", d, err)
			}
			all, err := to.PullAll(t.Context(), addr+"/team/app", PullOptions{Auth: auth})
			if err != nil || len(all) != 2 {
				t.Fatal(all, err)
			}
			img, err := to.Get(t.Context(), addr+"/team/app:2")
			if err != nil || read(t, to, img, "f") != "hello" || len(img.Names) != 2 || img.Target.Digest != d.Descriptor.Digest {
				t.Errorf("%+v, %v", img, err)
			}
			if auth != (Auth{}) {
				if _, err := to.Pull(t.Context(), addr+"/team/app:1", PullOptions{}); !errdefs.IsNotFound(err) {
					t.Errorf("pull without a password: %v", err)
				}
			}
			if _, err := to.Pull(t.Context(), addr+"/team/none:1", PullOptions{Auth: auth}); !errdefs.IsNotFound(err) {
				t.Errorf("pull of what is not there: %v", err)
			}
		})
	}
}
