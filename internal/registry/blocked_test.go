package registry

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/containerd/errdefs"
)

func TestBlockedRegistriesAreNeverSpokenTo(t *testing.T) {
	for pattern, hosts := range map[string]map[string]bool{
		"docker.io":              {"docker.io": true, "registry-1.docker.io": true, "index.docker.io": true, "ghcr.io": false},
		"reg.test":               {"reg.test": true, "reg.test:5000": true, "a.reg.test": false},
		"reg.test:5000":          {"reg.test": false, "reg.test:5000": true},
		"*.corp.test":            {"a.corp.test": true, "a.corp.test:443": true, "corp.test": false},
		"*":                      {"anything": true, "a.b:1": true},
		"Reg.Test.":              {"reg.test": true, "rEG.tESt": true, "reg.test.": true, "REG.test.:5000": true, "reg.test.evil": false},
		"Reg.test:5000":          {"reg.TEST.:5000": true, "reg.TEST.:5001": false},
		"*.Corp.test":            {"A.corp.Test.": true, "a.CORP.test.:443": true, "corp.test.": false},
		"Docker.IO":              {"Registry-1.docker.io.": true, "INDEX.docker.io:443": true, "docker.io.": true},
		"index.docker.io":        {"docker.io": true, "registry-1.docker.io": true, "ghcr.io": false},
		"reg.test:443":           {"reg.test": true, "reg.test:443": true, "reg.test:5000": false},
		"[fd00::1]":              {"[fd00::1]": true, "[fd00::1]:5000": true, "[FD00:0:0::1]:5000": true, "[fd00::2]:5000": false, "f": false},
		"fd00::1":                {"[fd00::1]": true, "[fd00:0::0:1]:5000": true, "[fd00::2]": false},
		"[fd00:0::1]:5000":       {"[fd00::1]:5000": true, "[fd00::1]:5001": false, "[fd00::1]": false, "f:5000": false},
		"10.0.0.1":               {"10.0.0.1": true, "10.0.0.1:5000": true, "[::ffff:10.0.0.1]:5000": true, "[::ffff:a00:1]": true, "10.0.0.2": false},
		"[::ffff:10.0.0.1]:5000": {"10.0.0.1:5000": true, "10.0.0.1:5001": false},
		"fd00::*":                {"[fd00::1]:5000": true, "[fd01::1]": false},
		"10.0.*":                 {"10.0.0.1:5000": true, "[::ffff:10.0.0.1]": true, "10.1.0.1": false},
		"evil.test":              {"ｅｖｉｌ.test": true, "evil。test": true}, // which a lookup takes for evil.test
	} {
		for host, want := range hosts {
			_, err := Config{Blocked: []string{pattern}}.Client(host, Auth{})
			if errdefs.IsPermissionDenied(err) != want {
				t.Errorf("%s blocks %s: %v", pattern, host, err)
			}
		}
	}
	for _, wrong := range []string{"", "[a"} {
		if err := (Config{Blocked: []string{wrong}}).Check(); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestBlockedHostIsNotReachedByARedirectOrAsAMirror(t *testing.T) {
	reached := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer other.Close()
	reg := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer reg.Close()
	c := Config{Blocked: []string{host(t, other)}}
	_, err := resolve(t.Context(), c, host(t, reg), host(t, reg)+"/x:1", Auth{})
	if !errdefs.IsPermissionDenied(ExplainPull(err, "x:1", "x")) || reached {
		t.Errorf("reached: %v, %v", reached, err)
	}
	c.Mirrors = map[string][]string{"docker.io": {other.URL}}
	if _, err := c.Client("docker.io", Auth{}); !errdefs.IsPermissionDenied(err) {
		t.Error(err)
	}
}
