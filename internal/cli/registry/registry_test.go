package registry

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/moby/api/pkg/authconfig"
	registrytypes "github.com/moby/moby/api/types/registry"
	"github.com/spf13/pflag"

	"tug/internal/cli/session"
)

func TestARequestCarriesTheLoginOfTheImagesRegistry(t *testing.T) {
	folder := t.TempDir()
	const logins = `{"auths": {"reg.example.com:5000": {"auth": "bWU6c2VjcmV0"}}}`
	if err := os.WriteFile(filepath.Join(folder, "config.json"), []byte(logins), 0o600); err != nil {
		t.Fatal(err)
	}
	getenv := func(name string) string {
		return map[string]string{"TUG_CONFIG": folder, "DOCKER_CONFIG": folder}[name]
	}
	s := session.New(io.NopCloser(strings.NewReader("")), io.Discard, io.Discard, getenv, session.Version{})
	for image, want := range map[string]string{
		"reg.example.com:5000/app:1": "secret",
		"reg.example.com/app":        "", // another port is another registry
		"app":                        "",
	} {
		header, err := EncodedAuth(t.Context(), s, image)
		if err != nil {
			t.Fatal(err)
		}
		login, err := authconfig.Decode(header)
		if err != nil || login.Password != want {
			t.Errorf("%s: %+v, %v", image, login, err)
		}
	}
	if _, err := EncodedAuth(t.Context(), s, "No:Image:this"); err == nil {
		t.Error("a login for what is no image")
	}
}

func TestOptionsOfALoginThatMakeNoSense(t *testing.T) {
	for args, want := range map[string]string{
		"":                            "",
		"-u me -p x":                  "",
		"-u me --password-stdin":      "",
		"-u me -p -":                  "",
		"-u me -p x --password-stdin": "conflicting options: cannot specify both --password and --password-stdin",
		"--password-stdin":            "the --password-stdin option requires --username to be set",
		"--username= -p x":            "username is empty",
		"-u me --password=":           "password is empty",
	} {
		var o loginOptions
		flags := pflag.NewFlagSet("login", pflag.ContinueOnError)
		flags.StringVarP(&o.user, "username", "u", "", "")
		flags.StringVarP(&o.password, "password", "p", "", "")
		flags.BoolVar(&o.passwordStdin, "password-stdin", false, "")
		if err := flags.Parse(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := o.check(flags); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s", args, got)
		}
	}
}

func TestOnlyTheLineEndIsTakenOffASecret(t *testing.T) {
	for secret, want := range map[string]string{"": "", "a": "a", "a\n": "a", "a\r\n": "a", "a\n\n": "a\n", " a \n": " a ", "a\nb": "a\nb"} {
		if got := trimLineEnd(secret); got != want {
			t.Errorf("%q: %q", secret, got)
		}
	}
}

func TestWhichRegistryIsSearched(t *testing.T) {
	for term, want := range map[string]string{
		"busybox": "docker.io", "library/busybox": "docker.io", "localhost/app": "localhost",
		"reg.example.com/app": "reg.example.com", "reg:5000/a/b": "reg:5000",
	} {
		if got := searchedRegistry(term); got != want {
			t.Errorf("%s: %s", term, got)
		}
	}
}

func TestAResultOfASearch(t *testing.T) {
	r := &searchRow{trunc: true, result: registrytypes.SearchResult{Name: "app", Description: "one\ntwo " + strings.Repeat("x", 60), StarCount: 3, IsOfficial: true}}
	if r.Description() != "one two "+strings.Repeat("x", 36)+"…" || r.StarCount() != "3" || r.IsOfficial() != "[OK]" {
		t.Errorf("%q %s %s", r.Description(), r.StarCount(), r.IsOfficial())
	}
	if encoded, err := r.MarshalJSON(); err != nil || !strings.Contains(string(encoded), `"IsOfficial":"true"`) {
		t.Errorf("%s, %v", encoded, err)
	}
}
