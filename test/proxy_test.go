package test

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"

	"tug/internal/selfsigned"
)

// farRegistry is a registry with TLS that only a proxy finds: its name is known nowhere.
type farRegistry struct {
	address string // where it really listens
	certs   string // a certs.d in which its certificate is known
}

func newFarRegistry(t *testing.T) *farRegistry {
	t.Helper()
	certs := t.TempDir()
	certFile, keyFile := filepath.Join(certs, selfsigned.Name, "ca.crt"), filepath.Join(t.TempDir(), "key.pem")
	selfsigned.Write(t, certFile, keyFile)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return &farRegistry{address: s.Listener.Addr().String(), certs: certs}
}

// forwardProxy is a proxy that wants a name and a password, and connects everyone with the far registry who asks for that.
type forwardProxy struct {
	*httptest.Server
	to       *farRegistry
	let, not atomic.Int32 // requests
}

func newForwardProxy(t *testing.T, to *farRegistry) *forwardProxy {
	t.Helper()
	p := &forwardProxy{to: to}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// with is the proxy's address with a name and a password for it.
func (p *forwardProxy) with(credentials string) string {
	return strings.Replace(p.URL, "://", "://"+credentials+"@", 1)
}

// ServeHTTP implements http.Handler.
func (p *forwardProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	shown := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	user, password, _ := shown.BasicAuth()
	switch {
	case user != "me" || password != "p@ss":
		p.not.Add(1)
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	case r.Method != http.MethodConnect || r.Host != selfsigned.Name+":443":
		p.not.Add(1)
		w.WriteHeader(http.StatusForbidden)
		return
	}
	there, err := net.Dial("tcp", p.to.address)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	p.let.Add(1)
	w.WriteHeader(http.StatusOK)
	here, rest, err := w.(http.Hijacker).Hijack()
	if err != nil {
		there.Close()
		return
	}
	go func() {
		io.Copy(there, rest)
		there.Close()
	}()
	io.Copy(here, there)
	here.Close()
}

// TestRegistriesAreReachedThroughProxies: a registry that is nowhere but behind a proxy is pushed to and pulled from, with the proxy in
// a flag, in the configuration file, or in the environment.
func TestRegistriesAreReachedThroughProxies(t *testing.T) {
	needsEngine(t)
	far := newFarRegistry(t)
	proxy := newForwardProxy(t, far)
	address := proxy.with("me:p%40ss")
	file := filepath.Join(t.TempDir(), "daemon.json")
	if err := os.WriteFile(file, fmt.Appendf(nil, `{"proxies": {"https-proxy": %q, "no-proxy": "elsewhere.test"}}`, address), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, flags := range map[string][]string{"flag": {"--https-proxy", address, "--no-proxy", "elsewhere.test"}, "file": {"--config-file", file}, "environment": nil} {
		t.Run(name, func(t *testing.T) {
			if name == "environment" {
				t.Setenv("https_proxy", address)
				t.Setenv("NO_PROXY", "elsewhere.test")
			}
			before := proxy.let.Load()
			d := privateDaemon(t, append(flags, "--certs-dir", far.certs)...)
			if got, want := output(t, d.docker("info", "-f", "{{.HTTPSProxy}} {{.NoProxy}}")), strings.Replace(address, "me:p%40ss", "xxxxx:xxxxx", 1)+" elsewhere.test"; got != want {
				t.Errorf("info shows %q, want %q", got, want)
			}
			image := selfsigned.Name + "/" + name + "/app:1"
			output(t, d.docker("pull", "-q", "busybox"))
			output(t, d.docker("tag", "busybox", image))
			output(t, d.docker("push", "-q", image))
			output(t, d.docker("rmi", image, "busybox"))
			output(t, d.docker("pull", "-q", image))
			if got := output(t, d.docker("run", "--rm", image, "echo", "through")); got != "through" {
				t.Errorf("it says %q", got)
			}
			if proxy.let.Load() == before {
				t.Error("the proxy saw nothing of it")
			}
		})
	}
}

// TestProxiesThatDoNotHelp: one that is gone, one that refuses, and one that is not to be asked; each is said.
func TestProxiesThatDoNotHelp(t *testing.T) {
	needsEngine(t)
	proxy := newForwardProxy(t, newFarRegistry(t))
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, c := range map[string]struct {
		flags     []string
		image     string
		says      string
		isRefused bool
	}{
		"gone":              {[]string{"--https-proxy", gone.URL}, selfsigned.Name + "/app", "its proxy cannot be reached", false},
		"a wrong password":  {[]string{"--https-proxy", proxy.with("me:no")}, selfsigned.Name + "/app", "does not let us through: it answers 407 Proxy Authentication Required: check the name and the password", true},
		"another registry":  {[]string{"--https-proxy", proxy.with("me:p%40ss")}, "other.test/app", "does not let us through: it answers 403 Forbidden: ask who runs it", true},
		"not to be asked":   {[]string{"--https-proxy", proxy.with("me:no"), "--no-proxy", "example.test,." + selfsigned.Name + "," + selfsigned.Name}, selfsigned.Name + "/app", "its name cannot be resolved", false},
		"for plain traffic": {[]string{"--http-proxy", proxy.with("me:no")}, selfsigned.Name + "/app", "its name cannot be resolved", false},
	} {
		t.Run(name, func(t *testing.T) {
			before := proxy.not.Load()
			d := privateDaemon(t, c.flags...)
			out, err := d.docker("pull", c.image).CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.says) || strings.Contains(string(out), "me:") {
				t.Errorf("%v: %s", err, out)
			}
			if refused := proxy.not.Load() > before; refused != c.isRefused {
				t.Errorf("the proxy was asked: %v", refused)
			}
		})
	}
}

// TestContainersAndBuildsGetTheProxiesOfTheCommandLine: what the person has configured is in the environment of what they run and build, but
// for what they say themselves.
func TestContainersAndBuildsGetTheProxiesOfTheCommandLine(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		p := newPerson(t, cli, `{"proxies": {"default": {"httpProxy": "http://p.test:1", "noProxy": "x.test"}}}`, "")
		output(t, p.types("pull", "-q", "busybox"))
		const look = "env | grep -i proxy | sort"
		for flags, want := range map[string]string{
			"":                   "HTTP_PROXY=http://p.test:1 NO_PROXY=x.test http_proxy=http://p.test:1 no_proxy=x.test",
			"-e HTTP_PROXY=mine": "HTTP_PROXY=mine NO_PROXY=x.test http_proxy=http://p.test:1 no_proxy=x.test",
			"-e no_proxy -e a=b": "HTTP_PROXY=http://p.test:1 NO_PROXY=x.test http_proxy=http://p.test:1",
		} {
			args := append(append([]string{"run", "--rm"}, strings.Fields(flags)...), "busybox", "sh", "-c", look)
			if got := strings.Join(strings.Fields(output(t, p.types(args...))), " "); got != want {
				t.Errorf("run %s has %q, want %q", flags, got, want)
			}
		}
		if !strings.HasSuffix(t.Name(), "tug") {
			return // docker needs a plugin to build
		}
		dir := buildContext(t, map[string]string{"Dockerfile": "FROM busybox\nRUN " + look + " >/seen\nENTRYPOINT [\"cat\", \"/seen\"]\n"})
		const image = "proxies-test:1"
		output(t, p.types("build", "-q", "--no-cache", "-t", image, dir))
		defer func() { output(t, p.types("rmi", image)) }()
		got := strings.Join(strings.Fields(output(t, p.types("run", "--rm", image))), " ")
		if want := "HTTP_PROXY=http://p.test:1 NO_PROXY=x.test http_proxy=http://p.test:1 no_proxy=x.test"; got != want {
			t.Errorf("a step of a build has %q, want %q", got, want)
		}
		env := output(t, p.types("image", "inspect", "-f", "{{.Config.Env}}", image))
		if strings.Contains(env, "p.test") {
			t.Errorf("the image keeps %s", env)
		}
	})
}
