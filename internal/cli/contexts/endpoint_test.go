package contexts

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/cli/cli/context/docker"

	"tug/internal/cli/contextstore"
	"tug/internal/selfsigned"
)

func noDefault() (docker.Endpoint, error) { return docker.Endpoint{}, nil }

// keyPair writes a certificate that it signs itself, and its key.
func keyPair(t *testing.T) (certificate, key string) {
	t.Helper()
	folder := t.TempDir()
	certificate, key = filepath.Join(folder, "cert"), filepath.Join(folder, "key")
	selfsigned.Write(t, certificate, key)
	return certificate, key
}

func TestKeysOfAnEndpoint(t *testing.T) {
	certificate, key := keyPair(t)
	contexts := contextstore.New(t.TempDir(), t.TempDir(), noDefault)
	first, err := endpoint(contexts, map[string]string{
		"host": "tcp://h:2376", "skip-tls-verify": "true", "ca": certificate, "cert": certificate, "key": key,
	})
	if err != nil {
		t.Fatal(err)
	}
	if first.Host != "tcp://h:2376" || !first.SkipTLSVerify || len(first.TLSData.CA) == 0 || len(first.TLSData.Cert) == 0 || len(first.TLSData.Key) == 0 {
		t.Errorf("%+v", first)
	}
	if err := contexts.Make("first", "", first); err != nil {
		t.Fatal(err)
	}
	copied, err := endpoint(contexts, map[string]string{"from": "first"})
	if err != nil || copied.EndpointMeta != first.EndpointMeta || string(copied.TLSData.Key) != string(first.TLSData.Key) {
		t.Errorf("%+v, %v", copied, err)
	}
}

func TestWhatIsNoEndpoint(t *testing.T) {
	certificate, key := keyPair(t)
	contexts := contextstore.New(t.TempDir(), t.TempDir(), noDefault)
	for _, c := range []struct {
		given map[string]string
		want  string
	}{
		{map[string]string{"colour": "red", "size": "2"}, "unrecognized config key: colour\nunrecognized config key: size"},
		{map[string]string{"host": "foo"}, "unable to parse docker host"},
		{map[string]string{"host": "ssh://me:secret@h"}, "invalid docker endpoint options"},
		{map[string]string{"from": "nosuch"}, `context "nosuch": context not found`},
		{map[string]string{"ca": "/nonexistent"}, "open /nonexistent: no such file or directory"},
		{map[string]string{"host": "tcp://h", "ca": key}, "ca.pem seems invalid"},
		{map[string]string{"host": "tcp://h", "cert": key, "key": certificate}, "failed to retrieve context tls info"},
		{map[string]string{"skip-tls-verify": "maybe"}, `skip-tls-verify: parsing "maybe": invalid syntax`},
	} {
		_, err := endpoint(contexts, c.given)
		if err == nil || !strings.HasPrefix(err.Error(), "unable to create docker endpoint config: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v", c.given, err)
		}
	}
}
