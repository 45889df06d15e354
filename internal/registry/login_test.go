package registry

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
)

// authServer is a registry that wants Basic authentication, or tokens which it gives itself, from "user" with "secret".
func authServer(t *testing.T, scheme string) *httptest.Server {
	t.Helper()
	var reg *httptest.Server
	reg = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		known := user == "user" && password == "secret"
		switch {
		case r.URL.Path == "/token":
			known = known || r.PostFormValue("refresh_token") == "identity"
			if !known {
				w.WriteHeader(http.StatusUnauthorized)
				fmt.Fprint(w, `{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}`)
				return
			}
			answer := map[string]string{"token": "good", "access_token": "good"}
			if r.URL.Query().Get("offline_token") == "true" {
				answer["refresh_token"] = "identity"
			}
			json.NewEncoder(w).Encode(answer)
		case scheme == "open", scheme == "Basic" && known, scheme == "Bearer" && r.Header.Get("Authorization") == "Bearer good":
			if strings.HasSuffix(r.URL.Path, "/tags/list") {
				tagsOf(w, r)
			}
		default:
			challenge := `Basic realm="r"`
			if scheme == "Bearer" {
				challenge = fmt.Sprintf(`Bearer realm="%s/token",service="s"`, reg.URL)
			}
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(reg.Close)
	return reg
}

// tagsOf gives the tags a, b and c in three pages.
func tagsOf(w http.ResponseWriter, r *http.Request) {
	page := map[string]string{"": "a", "a": "b", "b": "c"}[r.URL.Query().Get("last")]
	if page != "c" {
		w.Header().Set("Link", fmt.Sprintf(`<%s?last=%s&n=1>; rel="next"`, r.URL.Path, page))
	}
	json.NewEncoder(w).Encode(map[string]any{"name": "x", "tags": []string{page}})
}

func TestLogin(t *testing.T) {
	for _, c := range []struct {
		scheme   string
		auth     Auth
		identity string
		ok       bool
	}{
		{"Basic", Auth{Username: "user", Password: "secret"}, "", true},
		{"Basic", Auth{Username: "user", Password: "wrong"}, "", false},
		{"Basic", Auth{}, "", false},
		{"Bearer", Auth{Username: "user", Password: "secret"}, "identity", true},
		{"Bearer", Auth{Username: "user", Password: "wrong"}, "", false},
		{"Bearer", Auth{IdentityToken: "identity"}, "", true},
		{"Bearer", Auth{IdentityToken: "old"}, "", false},
		{"open", Auth{Username: "any", Password: "thing"}, "", true},
	} {
		reg := authServer(t, c.scheme)
		for _, server := range []string{host(t, reg), reg.URL, reg.URL + "/v1/"} {
			identity, err := Config{}.Login(t.Context(), server, c.auth)
			if (err == nil) != c.ok || identity != c.identity || err != nil && !errdefs.IsUnauthorized(err) {
				t.Errorf("%s %+v: %q, %v", c.scheme, c.auth, identity, err)
			}
			if err != nil && strings.Count(err.Error(), "unauthorized: ") != 1 {
				t.Errorf("%s %+v: it is said twice: %v", c.scheme, c.auth, err)
			}
		}
	}
}

// TestCredentialsAreForTheRegistrysOwnHost, with or without its port, be it for a login or a pull, and not for one that hosts.toml has in its place.
func TestCredentialsAreForTheRegistrysOwnHost(t *testing.T) {
	for _, c := range []struct {
		server, domain string
		own            bool
	}{
		{"https://reg.test", "reg.test", true},
		{"https://reg.test:443", "reg.test", true},
		{"https://reg.test", "reg.test:443", true},
		{"http://reg.test:80", "reg.test", true},
		{"https://REG.test.", "reg.test", true},
		{"https://[fd00::1]", "[fd00:0::1]:443", true},
		{"http://reg.test", "reg.test:443", false},
		{"https://reg.test:5000", "reg.test", false},
		{"https://other.test", "reg.test", false},
	} {
		certs := t.TempDir()
		write(t, filepath.Join(certs, c.domain, hostsFile), "server = \""+c.server+"\"\n")
		config := Config{CertsDirs: []string{certs}}
		list, err := config.endpoints(c.domain, Auth{Username: "user"})
		if err != nil || len(list) != 1 || (list[0].auth.Username == "user") != c.own {
			t.Errorf("%s served by %s: %+v, %v", c.domain, c.server, list, err)
		}
		if !c.own {
			if _, err := config.Login(t.Context(), c.domain, Auth{Username: "user", Password: "secret"}); !errdefs.IsFailedPrecondition(err) || !strings.Contains(err.Error(), "gets no credentials") {
				t.Errorf("login to %s served by %s: %v", c.domain, c.server, err)
			}
		}
	}
}

func TestLoginServers(t *testing.T) {
	for server, want := range map[string]string{
		"": "docker.io", "https://index.docker.io/v1/": "docker.io", "docker.io": "docker.io", "registry-1.docker.io": "docker.io",
		"reg.test:5000": "reg.test:5000", "http://reg.test/x": "reg.test",
	} {
		if got := serverDomain(server); got != want {
			t.Errorf("%q: %q, want %q", server, got, want)
		}
	}
}

func TestLoginWithWhatIsNoRegistry(t *testing.T) {
	page := httptest.NewServer(http.NotFoundHandler())
	if _, err := (Config{}).Login(t.Context(), page.URL, Auth{}); !errdefs.IsUnavailable(err) || !strings.Contains(err.Error(), "no registry") {
		t.Error(err)
	}
	page.Close()
	if _, err := (Config{}).Login(t.Context(), page.URL, Auth{}); !errdefs.IsUnavailable(err) || !strings.Contains(err.Error(), "cannot be reached") {
		t.Error(err)
	}
}

func TestTagsAreListedOverAllPages(t *testing.T) {
	for _, scheme := range []string{"open", "Basic", "Bearer"} {
		reg := authServer(t, scheme)
		client, err := Config{}.Client(host(t, reg), Auth{Username: "user", Password: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		tags, err := client.Tags(t.Context(), "x")
		if err != nil || !slices.Equal(tags, []string{"a", "b", "c"}) {
			t.Errorf("%s: %v, %v", scheme, tags, err)
		}
		client.Close()
	}
}

func TestTagsOfAHostileRegistry(t *testing.T) {
	for name, link := range map[string]string{"for ever": `</v2/x/tags/list>; rel="next"`, "elsewhere": `<http://127.0.0.1:1/v2/x/tags/list>; rel="next"`} {
		reg := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", link)
			fmt.Fprint(w, `{"tags":["a"]}`)
		}))
		client, err := Config{}.Client(host(t, reg), Auth{})
		if err != nil {
			t.Fatal(err)
		}
		if tags, err := client.Tags(t.Context(), "x"); err == nil {
			t.Errorf("%s: %d tags", name, len(tags))
		}
		client.Close()
		reg.Close()
	}
}

func TestSearchAsksTheIndexThatTheTermNames(t *testing.T) {
	for term, want := range map[string][2]string{
		"nginx": {"index.docker.io", "nginx"}, "library/nginx": {"index.docker.io", "nginx"}, "me/app": {"index.docker.io", "me/app"},
		"docker.io/library/x": {"index.docker.io", "x"}, "reg.test:5000/a/b": {"reg.test:5000", "a/b"}, "localhost/a": {"localhost", "a"},
	} {
		if host, words := searched(term); host != want[0] || words != want[1] {
			t.Errorf("%q: %q at %q", term, words, host)
		}
	}
	var asked string
	reg := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		asked = r.URL.String() + " " + user
		fmt.Fprint(w, `{"results":[{"name":"a","description":"d\u001b[2J\n\u202ee","star_count":3,"is_official":true},{"name":"b"}]}`)
	}))
	defer reg.Close()
	found, err := Config{}.Search(t.Context(), host(t, reg)+"/some thing", 1, Auth{Username: "u", Password: "p"})
	if err != nil || len(found) != 1 || found[0] != (Found{Name: "a", Description: "d[2J e", Stars: 3, Official: true}) || asked != "/v1/search?n=1&q=some+thing u" {
		t.Errorf("asked %q, found %+v, %v", asked, found, err)
	}
	for _, limit := range []int{-1, MaxFound + 1} {
		if _, err := (Config{}).Search(t.Context(), "x", limit, Auth{}); !errdefs.IsInvalidArgument(err) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

// TestCredentialsGoToNoTokenServerThatIsNotTrusted: a registry may be listed as insecure; the token server that it names is not so by that.
func TestCredentialsGoToNoTokenServerThatIsNotTrusted(t *testing.T) {
	// The registry is 127.0.0.1; its token server has another name, which is not known to be insecure.
	for _, realm := range []string{"http://tokens.invalid/token", "https://tokens.invalid/token"} {
		reg := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s",service="s"`, realm))
			w.WriteHeader(http.StatusUnauthorized)
		}))
		_, err := Config{}.Login(t.Context(), host(t, reg), Auth{Username: "u", Password: "p"})
		if want := map[bool]string{true: "unencrypted connection", false: "tokens.invalid"}[strings.HasPrefix(realm, "http:")]; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", realm, err)
		}
		reg.Close()
	}
}
