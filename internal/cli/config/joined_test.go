package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBothFilesAsOne(t *testing.T) {
	own, docker := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		filepath.Join(own, fileName):    `{"auths":{"one":{"auth":"YTpi"},"two":{}},"autostart":false}`,
		filepath.Join(docker, fileName): `{"auths":{"one":{},"two":{}},"credsStore":"vault","credHelpers":{"three":"safe"},"proxies":{"default":{"httpProxy":"http://p"}}}`,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(own, func(name string) string { return map[string]string{"DOCKER_CONFIG": docker}[name] })
	if err != nil {
		t.Fatal(err)
	}
	joined := c.Joined()
	if auth, err := joined.GetAuthConfig("one"); err != nil || auth.Username != "a" || auth.Password != "b" {
		t.Errorf("tug's login: %+v, %v", auth, err)
	}
	want := map[string]string{"one": "", "two": "vault", "three": "safe"}
	if diff := cmp.Diff(want, joined.CredentialHelpers); diff != "" || joined.CredentialsStore != "vault" {
		t.Errorf("%q\n%s", joined.CredentialsStore, diff)
	}
	if joined.Filename != filepath.Join(own, fileName) || joined.Proxies["default"].HTTPProxy != "http://p" {
		t.Errorf("%q, %v", joined.Filename, joined.Proxies)
	}
}
