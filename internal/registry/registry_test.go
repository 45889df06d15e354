package registry

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func host(t *testing.T, s *httptest.Server) string {
	t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// resolve asks for a reference at a registry.
func resolve(ctx context.Context, c Config, domain, ref string, a Auth) (ocispec.Descriptor, error) {
	r, err := c.Client(domain, a)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	defer r.Close()
	_, desc, err := r.Resolve(ctx, ref)
	return desc, err
}

const manifestDigest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// answer is a registry that knows every manifest.
func answer(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
	w.Header().Set("Docker-Content-Digest", manifestDigest)
	w.Header().Set("Content-Length", "2")
}

func TestTrust(t *testing.T) {
	c := Config{Insecure: []string{"reg.lan", "port.lan:5000", "10.1.0.0/16", "fd00::/8"}}
	for host, want := range map[string]trust{
		"docker.io": verified, "localhost": insecure, "localhost:5000": insecure, "127.0.0.1:5000": insecure, "127.9.9.9": insecure,
		"[::1]:5000": insecure, "[::ffff:127.0.0.1]:1": insecure, "reg.lan": insecure, "reg.lan:443": insecure, "port.lan:5000": insecure,
		"port.lan": verified, "port.lan:5001": verified, "10.1.2.3:80": insecure, "10.2.2.3": verified, "[fd00::1]:5000": insecure,
		"localhost.evil.test": verified, "127.0.0.1.evil.test": verified, "evil.test": verified,
	} {
		if got := c.trust(host); got != want {
			t.Errorf("%s: %v, want %v", host, got, want)
		}
	}
}

func TestMirrorsAreChecked(t *testing.T) {
	for _, m := range []string{"", "host", "ftp://host", "http://", "http://host?q", "http://host#f", "://"} {
		if err := (Config{Mirrors: map[string][]string{"docker.io": {m}}}).Check(); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%q: %v", m, err)
		}
	}
	if err := (Config{Mirrors: map[string][]string{"docker.io": {"http://host:5000/path/", "https://user:pw@host"}}}).Check(); err != nil {
		t.Error(err)
	}
}

func TestInsecureRegistriesAreChecked(t *testing.T) {
	for _, entry := range []string{"", "http://host", "host/path", "10.0.0.0/99", "a b"} {
		if err := (Config{Insecure: []string{entry}}).Check(); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%q: %v", entry, err)
		}
	}
	if err := (Config{Insecure: []string{"host", "host:5000", "[::1]:5000", "10.0.0.0/8", "fd00::/8"}}).Check(); err != nil {
		t.Error(err)
	}
}

func TestMirrorsComeFirstAndGetNoCredentials(t *testing.T) {
	var got []string
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		answer(w, r)
	}))
	defer mirror.Close()
	c := Config{Mirrors: map[string][]string{"docker.io": {mirror.URL + "/prefix/"}}}
	for _, a := range []Auth{{Username: "u", Password: "p"}, {RegistryToken: "t"}, {IdentityToken: "i"}} {
		if _, err := resolve(t.Context(), c, "docker.io", "docker.io/library/x:1", a); err != nil {
			t.Fatal(err)
		}
	}
	want := "HEAD /prefix/v2/library/x/manifests/1 "
	if !slices.Equal(got, []string{want, want, want}) {
		t.Errorf("mirror got %q", got)
	}
}

func TestCredentialsGoWithNoRedirect(t *testing.T) {
	var leaked []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a := r.Header.Get("Authorization"); a != "" {
			leaked = append(leaked, a)
		}
		// It asks for them, too.
		w.Header().Set("WWW-Authenticate", `Basic realm="give"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer other.Close()
	reg := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="mine"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r, other.URL+"/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer reg.Close()
	for _, a := range []Auth{{Username: "u", Password: "p"}, {RegistryToken: "t"}} {
		if _, err := resolve(t.Context(), Config{}, host(t, reg), host(t, reg)+"/x:1", a); err == nil {
			t.Error("resolved")
		}
	}
	if len(leaked) > 0 {
		t.Errorf("the other host got %q", leaked)
	}
}

// TestCredentialsInABodyGoWithNoRedirect: a token server that is asked with a password or an identity token sends its client, with that, elsewhere.
func TestCredentialsInABodyGoWithNoRedirect(t *testing.T) {
	for _, status := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		var got []string
		tokens := func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			user, password, _ := r.BasicAuth()
			got = append(got, string(body)+user+password)
			fmt.Fprint(w, `{"token":"good","access_token":"good"}`)
		}
		other := httptest.NewServer(http.HandlerFunc(tokens))
		var reg *httptest.Server
		reg = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/token":
				http.Redirect(w, r, other.URL+"/token", status)
			case "/moved":
				http.Redirect(w, r, "/here", status)
			case "/here":
				tokens(w, r)
			default:
				realm := "/token"
				if strings.Contains(r.URL.Path, "moved") {
					realm = "/moved"
				}
				if r.Header.Get("Authorization") != "Bearer good" {
					w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s%s",service="s"`, reg.URL, realm))
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				answer(w, r)
			}
		}))
		for _, a := range []Auth{{Username: "u", Password: "secret"}, {IdentityToken: "secret"}} {
			_, err := resolve(t.Context(), Config{}, host(t, reg), host(t, reg)+"/x:1", a)
			if slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "secret") }) {
				t.Errorf("%d, pull with %+v: the other host got %q", status, a, got)
			}
			if said := ExplainPull(err, "x:1", "x"); !errdefs.IsPermissionDenied(said) || !strings.Contains(said.Error(), "credentials for it do not go") {
				t.Errorf("%d, pull with %+v: %v", status, a, said)
			}
			if _, err := (Config{}).Login(t.Context(), host(t, reg), a); slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "secret") }) {
				t.Errorf("%d, login with %+v: the other host got %q, %v", status, a, got, err)
			}
			// To another place of the same server they may go.
			if _, err := resolve(t.Context(), Config{}, host(t, reg), host(t, reg)+"/moved:1", a); err != nil || !strings.Contains(got[len(got)-1], "secret") {
				t.Errorf("%d, moved, with %+v: got %q, %v", status, a, got, err)
			}
			got = nil
		}
		other.Close()
		reg.Close()
	}
}

func TestBasicAndTokenAuthentication(t *testing.T) {
	var reg *httptest.Server
	reg = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/token":
			user, password, _ := r.BasicAuth()
			r.ParseForm()
			switch {
			case r.Method == http.MethodPost && r.Form.Get("refresh_token") == "identity":
			case r.Method == http.MethodPost && r.Form.Get("password") == "p":
			case user == "u" && password == "p":
			default:
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			fmt.Fprint(w, `{"token":"good","access_token":"good","expires_in":60}`)
		case r.Header.Get("Authorization") == "Bearer good":
			answer(w, r)
		default:
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service="s"`, reg.URL))
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer reg.Close()
	for _, c := range []struct {
		auth Auth
		ok   bool
	}{
		{Auth{Username: "u", Password: "p"}, true},
		{Auth{IdentityToken: "identity"}, true},
		{Auth{RegistryToken: "good"}, true},
		{Auth{}, false},
		{Auth{Username: "u", Password: "no"}, false},
		{Auth{RegistryToken: "bad"}, false},
	} {
		_, err := resolve(t.Context(), Config{}, host(t, reg), host(t, reg)+"/x:1", c.auth)
		if (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.auth, err)
		}
		if err != nil {
			if said := ExplainPull(err, "x:1", "x"); !strings.HasPrefix(said.Error(), "pull access denied for x, repository does not exist or may require 'docker login'") {
				t.Errorf("%+v: %v", c.auth, said)
			}
		}
	}
}

// TestNothingGoesOnInTheClear: a registry with TLS that sends its client, or its client's credentials, to plain http.
func TestNothingGoesOnInTheClear(t *testing.T) {
	reached := false
	clear := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer clear.Close()
	for name, do := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, clear.URL, http.StatusTemporaryRedirect)
		},
		"token server": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token"`, clear.URL))
			w.WriteHeader(http.StatusUnauthorized)
		},
	} {
		reg := httptest.NewTLSServer(do)
		client := reg.Client()
		client.Transport = &guard{next: client.Transport, blocked: Config{}.blocked, stall: stallTimeout}
		u, _ := url.Parse(reg.URL)
		a := Auth{Username: "u", Password: "p"}.authorizer(u.Host, client)
		resp, err := client.Get(reg.URL)
		if err == nil {
			resp.Body.Close()
			if err = a.AddResponses(t.Context(), []*http.Response{resp}); err == nil {
				err = a.Authorize(t.Context(), resp.Request)
			}
		}
		if err == nil || !strings.Contains(err.Error(), "unencrypted connection") {
			t.Errorf("%s: %v", name, err)
		}
		reg.Close()
	}
	if reached {
		t.Error("something was sent in the clear")
	}
}

// deaf is a listener whose connections are ended when they begin as TLS does.
type deaf struct {
	net.Listener
	reset bool // rudely
}

func (l deaf) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		r := bufio.NewReader(c)
		if first, err := r.Peek(1); err == nil && first[0] != 0x16 { // a handshake record (RFC 8446, section 5.1)
			return heard{c, r}, nil
		}
		if l.reset {
			_ = c.(*net.TCPConn).SetLinger(0)
		}
		c.Close()
	}
}

// heard is a connection of which some was read.
type heard struct {
	net.Conn
	r io.Reader
}

func (h heard) Read(p []byte) (int, error) { return h.r.Read(p) }

// TestLoopbackMayLackTLS, however it says so; no other host may, nor one whose TLS is at fault.
func TestLoopbackMayLackTLS(t *testing.T) {
	var asked atomic.Int32
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	})
	for name, wrap := range map[string]func(net.Listener) net.Listener{
		"answers a handshake in HTTP": func(l net.Listener) net.Listener { return l },
		"closes the connection":       func(l net.Listener) net.Listener { return deaf{l, false} },
		"resets the connection":       func(l net.Listener) net.Listener { return deaf{l, true} },
	} {
		reg := httptest.NewUnstartedServer(counted)
		reg.Listener = wrap(reg.Listener)
		reg.Start()
		asked.Store(0)
		for _, at := range []string{host(t, reg), strings.Replace(host(t, reg), "127.0.0.1", "localhost", 1)} {
			if _, err := resolve(t.Context(), Config{}, at, at+"/x:1", Auth{}); err != nil || asked.Swap(0) == 0 {
				t.Errorf("%s: %s: %v", name, at, err)
			}
		}
		elsewhere, err := Config{}.http(new(Client), endpoint{scheme: "https", host: "registry.test"}, true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := elsewhere.Get(reg.URL); err == nil || asked.Load() > 0 {
			t.Errorf("%s: another host was asked %d times in the clear: %v", name, asked.Load(), err)
		}
		if _, err := elsewhere.Get("https://" + host(t, reg)); err == nil || asked.Load() > 0 {
			t.Errorf("%s: another host was asked %d times in the clear: %v", name, asked.Load(), err)
		}
		reg.Close()
	}
	old := httptest.NewUnstartedServer(counted)
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11}
	old.StartTLS()
	defer old.Close()
	if _, err := resolve(t.Context(), Config{}, host(t, old), host(t, old)+"/x:1", Auth{}); err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("a registry of old TLS: %v", err)
	}
}

// TestRedirectsEnd: a registry that sends its clients in circles is named, however short the addresses that it gives.
func TestRedirectsEnd(t *testing.T) {
	for name, to := range map[string]string{"in a circle": "", "with a path alone": "/v2/elsewhere"} {
		var reg *httptest.Server
		reg = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", cmp.Or(to, reg.URL+r.URL.Path))
			w.WriteHeader(http.StatusTemporaryRedirect)
		}))
		_, err := resolve(t.Context(), Config{}, host(t, reg), host(t, reg)+"/x:1", Auth{})
		if said := fmt.Sprint(ExplainPull(err, "x:1", "x")); !strings.Contains(said, "registry "+host(t, reg)+" redirects more than 8 times") {
			t.Errorf("%s: %s", name, said)
		}
		reg.Close()
	}
}

func TestUnverifiedRegistryIsNamedWithWhatToDo(t *testing.T) {
	reg := httptest.NewTLSServer(http.HandlerFunc(answer))
	defer reg.Close()
	// By another name than loopback's, which is trusted as it is.
	client, err := Config{}.http(new(Client), endpoint{scheme: "https", host: "registry.test"}, true)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Get(reg.URL)
	var e *url.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if said := ExplainPull(err, "x:1", "x").Error(); !strings.Contains(said, "certificate cannot be verified") || !strings.Contains(said, host(t, reg)) {
		t.Error(said)
	}
	// Loopback is taken as it is.
	if _, err := resolve(t.Context(), Config{}, host(t, reg), host(t, reg)+"/x:1", Auth{}); err != nil {
		t.Error(err)
	}
}

func TestEndlessAnswersEnd(t *testing.T) {
	sent := 0
	reg := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			return // no digest: the client must read the manifest
		}
		w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
		block := make([]byte, 1<<20)
		for sent = 0; sent < 1<<30; sent += len(block) {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}))
	defer reg.Close()
	_, err := resolve(t.Context(), Config{}, host(t, reg), host(t, reg)+"/x:1", Auth{})
	if err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Error(err)
	}
	reg.Close()
	if sent > maxAnswer+(64<<20) {
		t.Errorf("%d bytes were taken", sent)
	}
}

// TestTransfersThatStandStillEnd: a registry that begins to send something and then never goes on, with a length or in chunks.
func TestTransfersThatStandStillEnd(t *testing.T) {
	for _, path := range []string{"/v2/x/blobs/" + manifestDigest, "/v2/x/manifests/1"} {
		for _, length := range []string{"", "100"} {
			hold := make(chan struct{})
			reg := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if length != "" {
					w.Header().Set("Content-Length", length)
				}
				fmt.Fprint(w, "begun")
				w.(http.Flusher).Flush()
				<-hold
			}))
			client, err := Config{stall: 20 * time.Millisecond}.http(new(Client), endpoint{scheme: "http", host: host(t, reg)}, true)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Get(reg.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			if string(got) != "begun" || !errdefs.IsUnavailable(err) || !strings.Contains(err.Error(), "nothing came for 20ms") {
				t.Errorf("%s of length %q: %q, %v", path, length, got, err)
			}
			resp.Body.Close()
			close(hold)
			reg.Close()
		}
	}
}

// TestUploadsThatStandStillEnd: a registry that takes an upload and then never reads of it.
func TestUploadsThatStandStillEnd(t *testing.T) {
	hold := make(chan struct{})
	reg := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/v2/app/blobs/uploads/1")
		switch r.Method {
		case http.MethodHead:
			w.WriteHeader(http.StatusNotFound)
		case http.MethodPost:
			w.WriteHeader(http.StatusAccepted)
		case http.MethodGet:
			w.Header().Set("Range", "0-0")
			w.WriteHeader(http.StatusNoContent)
		default:
			<-hold
		}
	}))
	defer reg.Close()
	defer close(hold)
	c := patient(new([]time.Duration))
	c.stall = 20 * time.Millisecond
	client, err := c.Client(host(t, reg), Auth{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	to, err := client.Repository("app")
	if err != nil {
		t.Fatal(err)
	}
	_, err = to.Blob(t.Context(), Upload{Digest: manifestDigest, Size: 1 << 40, Open: func(int64) (io.ReadCloser, error) { return io.NopCloser(endless{}), nil }})
	if said := ExplainPush(err, "app:1"); !errdefs.IsUnavailable(said) || !strings.Contains(said.Error(), "took nothing of what is sent to it for 20ms") {
		t.Error(said)
	}
}

// endless is a content without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestOnlyBlobsMayBeLarge(t *testing.T) {
	moved := "/blobs/sha256:" + strings.Repeat("f", 64)
	for path, large := range map[string]bool{
		"/v2/x/blobs/" + manifestDigest: true, "/v2/x" + moved: true, "/prefix/v2/x/blobs/y/blobs/" + manifestDigest: true,
		"/v2/x/manifests/1": false, "/token": false, "/moved": false,
		"/v2/x/blobs/y/tags/list": false, "/v2/x/blobs/y/manifests/" + manifestDigest: false, "/v2/x/blobs/uploads/1": false, // repositories may be called so
	} {
		reg := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/moved" || strings.HasSuffix(r.URL.Path, moved) {
				http.Redirect(w, r, "/there", http.StatusFound)
				return
			}
			w.Write(make([]byte, maxAnswer+1))
		}))
		client, err := Config{}.http(new(Client), endpoint{scheme: "http", host: host(t, reg)}, true)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Get(reg.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if (err == nil) != large {
			t.Errorf("%s: %v", path, err)
		}
		resp.Body.Close()
		reg.Close()
	}
}

// TestEncodedAnswersAreRefused: nothing is asked for in another encoding, nor taken: its decoder would take the memory that whoever encoded it says.
func TestEncodedAnswersAreRefused(t *testing.T) {
	for encoding, ok := range map[string]bool{"": true, "identity": true, "Identity": true, "gzip": false, "zstd": false, "zstd, identity": false, "deflate": false} {
		for _, path := range []string{"/v2/x/blobs/" + manifestDigest, "/v2/x/manifests/1"} {
			asked := ""
			reg := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = strings.Join(r.Header["Accept-Encoding"], ", ")
				if encoding != "" {
					w.Header().Set("Content-Encoding", encoding)
				}
				fmt.Fprint(w, "{}")
			}))
			client, err := Config{}.http(new(Client), endpoint{scheme: "http", host: host(t, reg)}, true)
			if err != nil {
				t.Fatal(err)
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, reg.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Accept-Encoding", "zstd;q=1.0, gzip;q=0.8") // as containerd's fetcher does
			resp, err := client.Do(r)
			if (err == nil) != ok || asked != "identity" || !ok && !strings.Contains(err.Error(), "-encoded") {
				t.Errorf("%s in %q: asked for %q, %v", path, encoding, asked, err)
			}
			if err == nil {
				resp.Body.Close()
			}
			reg.Close()
		}
	}
}

func TestMessageIsOneShortPrintableLine(t *testing.T) {
	body := `{"errors":[{"code":"DENIED","message":"no\u001b[31m\n way ` + strings.Repeat("x", 1000) + `"}]}`
	got := message([]byte(body))
	if !strings.HasPrefix(got, "denied: no[31m way x") || len(got) > maxMessage {
		t.Errorf("%q", got)
	}
	if got := message([]byte("<html>")); got != "" {
		t.Errorf("%q", got)
	}
}
