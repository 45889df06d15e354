package registry

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/errdefs"

	"tug/internal/selfsigned"
)

// certificate makes a self-signed certificate for 127.0.0.1 and writes it and its key as PEM.
func certificate(t *testing.T, certFile, keyFile string) (tls.Certificate, *x509.Certificate) {
	t.Helper()
	_, cert := selfsigned.Write(t, certFile, keyFile)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return pair, cert
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tlsRegistry serves with a certificate of its own authority, which it returns as PEM; with clients it asks for that one of its clients.
func tlsRegistry(t *testing.T, clients *x509.Certificate) (reg *httptest.Server, authority string) {
	t.Helper()
	dir := t.TempDir()
	pair, _ := certificate(t, filepath.Join(dir, "cert"), filepath.Join(dir, "key"))
	reg = httptest.NewUnstartedServer(http.HandlerFunc(answer))
	reg.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	if clients != nil {
		reg.TLS.ClientAuth, reg.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		reg.TLS.ClientCAs.AddCert(clients)
	}
	reg.StartTLS()
	t.Cleanup(reg.Close)
	blob, err := os.ReadFile(filepath.Join(dir, "cert"))
	if err != nil {
		t.Fatal(err)
	}
	return reg, string(blob)
}

func TestPrivateAuthorityInDockersLayout(t *testing.T) {
	reg, authority := tlsRegistry(t, nil)
	_, other := tlsRegistry(t, nil)
	for name, c := range map[string]struct {
		folder, pem string
		works       bool
	}{
		"as Docker names it":       {host(t, reg), authority, true},
		"as containerd may":        {strings.Replace(host(t, reg), ":", "_", 1) + "_", authority, true},
		"another authority's":      {host(t, reg), other, false},
		"what is no certificate":   {host(t, reg), "hello", false},
		"the folder of a stranger": {"elsewhere", other, true}, // loopback without a folder is taken as it is
	} {
		certs := t.TempDir()
		write(t, filepath.Join(certs, c.folder, "ca.crt"), c.pem)
		_, err := resolve(t.Context(), Config{CertsDirs: []string{"/nonexistent", certs}}, host(t, reg), host(t, reg)+"/x:1", Auth{})
		if (err == nil) != c.works {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClientCertificateIsShown(t *testing.T) {
	certs := t.TempDir()
	client := filepath.Join(certs, "client")
	_, cert := certificate(t, client+".cert", client+".key")
	reg, authority := tlsRegistry(t, cert)
	folder := filepath.Join(certs, host(t, reg))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "ca.crt"), authority)
	c := Config{CertsDirs: []string{certs}}
	if _, err := resolve(t.Context(), c, host(t, reg), host(t, reg)+"/x:1", Auth{}); err == nil {
		t.Error("the registry takes clients without a certificate")
	}
	for _, ext := range []string{".cert", ".key"} {
		if err := os.Rename(client+ext, filepath.Join(folder, "client"+ext)); err != nil {
			t.Fatal(err)
		}
		_, err := resolve(t.Context(), c, host(t, reg), host(t, reg)+"/x:1", Auth{})
		if ext == ".cert" && !errdefs.IsFailedPrecondition(err) || ext == ".key" && err != nil {
			t.Errorf("with the %s: %v", ext, err)
		}
	}
	write(t, filepath.Join(folder, hostsFile), `
server = "https://`+host(t, reg)+`"
ca = "ca.crt"
client = [["client.cert", "client.key"]]
`)
	if _, err := resolve(t.Context(), c, host(t, reg), host(t, reg)+"/x:1", Auth{}); err != nil {
		t.Errorf("by hosts.toml: %v", err)
	}
}

func TestHostsFileGivesMirrorsInTheirOrder(t *testing.T) {
	var asked []string
	serve := func(name string, status int) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, name+" "+r.URL.Path+" "+r.Header.Get("X-Who")+r.Header.Get("Authorization"))
			if status != 0 {
				w.WriteHeader(status)
				return
			}
			answer(w, r)
		}))
		t.Cleanup(s.Close)
		return s
	}
	pushOnly, missing, busy, good := serve("push", 0), serve("missing", 404), serve("busy", 503), serve("good", 0)
	certs := t.TempDir()
	write(t, filepath.Join(certs, "docker.io", hostsFile), `
server = "https://registry.invalid"
[host."`+pushOnly.URL+`"]
  capabilities = ["push"]
[host."`+missing.URL+`"]
[host."`+busy.URL+`/prefix"]
  capabilities = ["pull", "resolve"]
[host."`+good.URL+`/own/root"]
  override_path = true
  [host."`+good.URL+`/own/root".header]
    X-Who = "tug"
`)
	_, err := resolve(t.Context(), Config{CertsDirs: []string{certs}}, "docker.io", "docker.io/library/x:1", Auth{Username: "u", Password: "p"})
	want := "missing /v2/library/x/manifests/1 |busy /prefix/v2/library/x/manifests/1 |good /own/root/library/x/manifests/1 tug"
	if got := strings.Join(asked, "|"); err != nil || got != want {
		t.Errorf("asked %q, want %q; %v", got, want, err)
	}
}

func TestHostsFileIsReadAsContainerdDoes(t *testing.T) {
	list, err := parseHosts([]byte(`
server = "https://reg.test"
skip_verify = true
ca = ["/a.crt", "b.crt"]
dial_timeout = "3s"
[host."mirror.test:5000/sub"]
  client = "c.pem"
`), "/dir")
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	m, s := list[0], list[1]
	if m.scheme != "https" || m.host != "mirror.test:5000" || m.path != "/sub/v2" || m.tls.clients[0] != [2]string{"/dir/c.pem", "/dir/c.pem"} ||
		m.may != docker.HostCapabilityPull|docker.HostCapabilityResolve|docker.HostCapabilityPush {
		t.Errorf("mirror: %+v", m)
	}
	if s.host != "reg.test" || s.path != "/v2" || !s.skipVerify || s.dialTimeout != 3*time.Second || strings.Join(s.tls.authorities, " ") != "/a.crt /dir/b.crt" {
		t.Errorf("server: %+v", s)
	}
	for _, wrong := range []string{
		"server = 1", "nonsense", "misspelt = true", `server = "ftp://x"`, `[host."https://x"]` + "\ncapabilities = [\"fly\"]",
		`ca = [1]`, `ca = 1`, `client = [["a", "b", "c"]]`, `dial_timeout = "soon"`, `[host."https://x".header]` + "\nA = 1",
	} {
		if list, err := parseHosts([]byte(wrong), "/dir"); err == nil {
			t.Errorf("%q: %+v", wrong, list)
		}
	}
}

func FuzzHostsFile(f *testing.F) {
	f.Add("server = \"https://reg.test\"\n[host.\"https://m\"]\ncapabilities = [\"pull\"]\nca = \"x\"\nclient = [[\"a\",\"b\"]]\n")
	f.Fuzz(func(t *testing.T, s string) {
		list, err := parseHosts([]byte(s), "/dir")
		if err == nil && len(list) == 0 {
			t.Error("no server")
		}
	})
}
