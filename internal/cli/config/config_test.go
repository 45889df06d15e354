package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/cli/cli/config/types"
)

// load writes the two files ("" is none) and reads them.
func load(t *testing.T, own, docker string) (*Config, error) {
	t.Helper()
	ownFolder, dockerFolder := t.TempDir(), t.TempDir()
	for folder, content := range map[string]string{ownFolder: own, dockerFolder: docker} {
		if content != "" {
			if err := os.WriteFile(filepath.Join(folder, "config.json"), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	env := map[string]string{"TUG_CONFIG": ownFolder, "DOCKER_CONFIG": dockerFolder}
	getenv := func(name string) string { return env[name] }
	return Load(Folder("", getenv), getenv)
}

func TestWithoutFilesEverythingIsDefault(t *testing.T) {
	c, err := load(t, "", "")
	if err != nil {
		t.Fatal(err)
	}
	login, err := c.Credentials("docker.io")
	if err != nil || login.Username != "" || !c.Autostart || c.DetachKeys() != "" || len(c.Headers()) != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestTugsFileWinsKeyByKeyOverDockers(t *testing.T) {
	c, err := load(t,
		`{"autostart": false, "psFormat": "own", "auths": {"reg.example.com": {"auth": "bWU6dHVn"}}}`,
		`{"psFormat": "docker", "detachKeys": "ctrl-x", "pruneFilters": ["label!=keep"],
		  "auths": {"reg.example.com": {"auth": "bWU6ZG9ja2Vy"}, "https://index.docker.io/v1/": {"auth": "aHViOnNlY3JldA=="}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if c.Autostart || c.PsFormat() != "own" || c.DetachKeys() != "ctrl-x" || len(c.PruneFilters()) != 1 {
		t.Errorf("%+v", c)
	}
	for domain, want := range map[string]string{"reg.example.com": "tug", "docker.io": "secret", "other.example.com": ""} {
		if login, err := c.Credentials(domain); err != nil || login.Password != want {
			t.Errorf("%s: %+v, %v", domain, login, err)
		}
	}
	all, err := c.AllCredentials()
	if err != nil || len(all) != 2 || all["reg.example.com"].Password != "tug" {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestLoginsAreKeptInTugsFileAlone(t *testing.T) {
	const dockers = `{"auths": {"reg.example.com": {"auth": "bWU6ZG9ja2Vy"}}}`
	c, err := load(t, "", dockers)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.StoreCredentials(types.AuthConfig{Username: "me", Password: "tug", ServerAddress: "reg.example.com"}); err != nil {
		t.Fatal(err)
	}
	if login, err := c.Credentials("reg.example.com"); err != nil || login.Password != "tug" {
		t.Errorf("%+v, %v", login, err)
	}
	if kept, err := os.ReadFile(c.docker.Filename); err != nil || string(kept) != dockers {
		t.Errorf("docker's file: %s, %v", kept, err)
	}
	if info, err := os.Stat(c.own.Filename); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("tug's file: %v, %v", info, err)
	}
	remains, err := c.EraseCredentials("reg.example.com")
	if err != nil || !remains {
		t.Errorf("remains %v, %v", remains, err)
	}
	if login, err := c.Credentials("reg.example.com"); err != nil || login.Password != "docker" {
		t.Errorf("%+v, %v", login, err)
	}
}

func TestAnUnknownKeySurvivesALogin(t *testing.T) {
	c, err := load(t, `{"autostart": false}`, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.StoreCredentials(types.AuthConfig{Username: "me", Password: "x", ServerAddress: "reg.example.com"}); err != nil {
		t.Fatal(err)
	}
	if kept, _ := os.ReadFile(c.own.Filename); !strings.Contains(string(kept), `"autostart": false`) {
		t.Errorf("%s", kept)
	}
}

func TestABrokenFileIsNamed(t *testing.T) {
	for _, broken := range []string{"{", `{"auths": {"a": {"auth": "%%%"}}}`, `{"autostart": "maybe"}`} {
		_, err := load(t, broken, "")
		if err == nil || !strings.Contains(err.Error(), "config.json") {
			t.Errorf("%s: %v", broken, err)
		}
	}
	if _, err := load(t, " \n", ""); err != nil {
		t.Errorf("an empty file: %v", err)
	}
}

func TestProxiesAddWhatThePersonDidNotSay(t *testing.T) {
	c, err := load(t, "", `{"proxies": {"default": {"httpProxy": "http://p:1", "noProxy": "x"}, "unix:///s": {"httpProxy": "http://q:2"}}}`)
	if err != nil {
		t.Fatal(err)
	}
	mine := "mine"
	added := c.ProxyEnv("unix:///other", map[string]*string{"HTTP_PROXY": &mine})
	if _, has := added["HTTP_PROXY"]; has || *added["http_proxy"] != "http://p:1" || *added["NO_PROXY"] != "x" {
		t.Errorf("%v", added)
	}
	if added := c.ProxyEnv("unix:///s", nil); *added["HTTP_PROXY"] != "http://q:2" || added["NO_PROXY"] != nil {
		t.Errorf("%v", added)
	}
}

func TestLoginsAreKeptWhereAFileNamesAHelper(t *testing.T) {
	for _, c := range []struct{ own, docker, keeper, helper string }{
		{"", "", "own", ""},
		{"", `{"credsStore": "vault"}`, "docker", "vault"},
		{"", `{"credHelpers": {"reg.example.com": "safe"}, "credsStore": "vault"}`, "docker", "safe"},
		{"", `{"credHelpers": {"other.example.com": "safe"}}`, "own", ""},
		{`{"credsStore": "mine"}`, `{"credHelpers": {"reg.example.com": "safe"}}`, "own", "mine"},
		{`{"credHelpers": {"reg.example.com": ""}}`, `{"credsStore": "vault"}`, "own", ""}, // in the clear because somebody wants it
	} {
		cfg, err := load(t, c.own, c.docker)
		if err != nil {
			t.Fatal(err)
		}
		file := cfg.keeper("reg.example.com")
		name, _ := helper(file, "reg.example.com")
		if name != c.helper || (file == cfg.own) != (c.keeper == "own") {
			t.Errorf("%+v: %q of %s", c, name, file.Filename)
		}
	}
	cfg, err := load(t, "", `{"credHelpers": {"https://index.docker.io/v1/": "safe"}}`)
	if err != nil {
		t.Fatal(err)
	}
	if name, _ := helper(cfg.keeper("docker.io"), "docker.io"); name != "safe" {
		t.Errorf("Docker Hub's helper is %q", name)
	}
}
