package test

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// credentialHelper is docker-credential-tugtest: it keeps each login in a file of the folder that TUGTEST_KEPT names. What it does
// besides is what TUGTEST_FAULT says.
const credentialHelper = `#!/bin/sh
place() { printf '%s' "$TUGTEST_KEPT/"; printf '%s' "$1" | tr '/:' '__'; }
case $TUGTEST_FAULT in
fails) echo 'the vault is locked'; exit 1 ;;
rubbish) echo '<html>'; exit 0 ;;
hangs) touch "$TUGTEST_KEPT/hangs"; exec sleep 60 <&- >&- 2>&- ;;
esac
case $1 in
store) said=$(cat); printf '%s' "$said" >"$(place "$(printf '%s' "$said" | sed 's/.*"ServerURL":"\([^"]*\)".*/\1/')")" ;;
get) cat "$(place "$(cat)")" 2>/dev/null || { echo 'credentials not found in native keychain'; exit 1; } ;;
erase) rm -f "$(place "$(cat)")" ;;
list) echo '{}' ;;
esac
`

// closedRegistry lets nobody in but "user" with "secret", or whom its token server has given an identity token; and it can be searched.
func closedRegistry(t *testing.T, tokens bool) (address string) {
	t.Helper()
	open := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	s := httptest.NewServer(nil)
	t.Cleanup(s.Close)
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		known := user == "user" && password == "secret"
		switch {
		case r.URL.Path == "/token":
			if !known && (r.FormValue("refresh_token") != "identity" || r.FormValue("grant_type") != "refresh_token") {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			json.NewEncoder(w).Encode(map[string]string{"token": "access", "access_token": "access", "refresh_token": "identity"})
		case tokens && r.Header.Get("Authorization") != "Bearer access":
			w.Header().Set("WWW-Authenticate", fmt.Sprintf("Bearer realm=%q,service=test", s.URL+"/token"))
			w.WriteHeader(http.StatusUnauthorized)
		case !tokens && !known:
			w.Header().Set("WWW-Authenticate", "Basic realm=test")
			w.WriteHeader(http.StatusUnauthorized)
		default:
			open.ServeHTTP(w, r)
		}
	})
	return s.Listener.Addr().String()
}

// person is somebody with a home of their own, in which a command line finds its configuration.
type person struct {
	home string
	cli  func(...string) *exec.Cmd
}

// newPerson gives one a configuration of docker's and one of tug's, and the credential helper.
func newPerson(t *testing.T, cli cli, docker, tug string) *person {
	t.Helper()
	p := &person{home: t.TempDir(), cli: cli}
	for name, text := range map[string]string{"docker/config.json": docker, "tug/config.json": tug, "bin/docker-credential-tugtest": credentialHelper, "kept/.none": ""} {
		path := filepath.Join(p.home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if text == "" {
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// types is a command that the person types.
func (p *person) types(args ...string) *exec.Cmd {
	cmd := p.cli(args...)
	cmd.Env = append(cmd.Env, "DOCKER_CONFIG="+p.home+"/docker", "TUG_CONFIG="+p.home+"/tug", "PATH="+p.home+"/bin:"+os.Getenv("PATH"), "TUGTEST_KEPT="+p.home+"/kept")
	return cmd
}

// written is what the person's configuration files say.
func (p *person) written() string {
	docker, _ := os.ReadFile(p.home + "/docker/config.json")
	tug, _ := os.ReadFile(p.home + "/tug/config.json")
	return string(docker) + string(tug)
}

// kept is what the credential helper keeps.
func (p *person) kept(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(p.home + "/kept/*")
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	for _, f := range files {
		text, _ := os.ReadFile(f)
		all += string(text)
	}
	return all
}

// TestLoginsInCredentialHelpers: a login goes to the helper that is configured and nowhere else, comes from there for all that needs it,
// and is gone from there after a logout; with a password, and with an identity token in its place.
func TestLoginsInCredentialHelpers(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		isTug := strings.HasSuffix(t.Name(), "tug")
		output(t, cli("pull", "-q", "busybox"))
		for name, tokens := range map[string]bool{"password": false, "identity token": true} {
			reg := closedRegistry(t, tokens)
			store, helpers := `{"credsStore": "tugtest"}`, fmt.Sprintf(`{"credHelpers": {%q: "tugtest"}}`, reg)
			people := map[string]*person{"credsStore": newPerson(t, cli, store, ""), "credHelpers": newPerson(t, cli, helpers, "")}
			if isTug {
				people["tug's own credsStore"] = newPerson(t, cli, "", store)
				people["tug's own credHelpers"] = newPerson(t, cli, "", helpers)
			}
			for where, p := range people {
				t.Run(name+" in "+where, func(t *testing.T) { useHelper(t, p, reg, tokens, isTug) })
			}
		}
	})
}

func useHelper(t *testing.T, p *person, reg string, tokens, isTug bool) {
	image := reg + "/" + strings.ToLower(filepath.Base(p.home)) + "/app:1"
	output(t, p.types("tag", "busybox", image))
	defer func() { output(t, p.types("rmi", image)) }()
	if out, err := p.types("push", image).CombinedOutput(); err == nil {
		t.Errorf("pushed without a login: %s", out)
	}
	login := p.types("login", "-u", "user", "--password-stdin", reg)
	login.Stdin = strings.NewReader("secret\n")
	if got := output(t, login); got != "Login Succeeded" {
		t.Errorf("login said %q", got)
	}
	want := `"Secret":"secret"`
	if tokens {
		want = `"Username":"\u003ctoken\u003e","Secret":"identity"`
	}
	if kept := p.kept(t); !strings.Contains(kept, want) || strings.Contains(p.written(), "auth\"") {
		t.Errorf("the helper keeps %s, and in the files is %s", kept, p.written())
	}
	output(t, p.types("push", "-q", image))
	output(t, p.types("rmi", image))
	output(t, p.types("pull", "-q", image))
	if isTug {
		dir := buildContext(t, map[string]string{"Dockerfile": "FROM " + image + "\nLABEL of=" + filepath.Base(p.home) + "\n"})
		output(t, p.types("rmi", image))
		output(t, p.types("build", "-q", "--pull", dir))
		output(t, p.types("pull", "-q", image))
	}
	output(t, p.types("logout", reg))
	if kept := p.kept(t); kept != "" {
		t.Errorf("after the logout the helper keeps %s", kept)
	}
	if out, err := p.types("pull", image).CombinedOutput(); err == nil || !strings.Contains(string(out), "denied") {
		t.Errorf("after the logout: %v, %s", err, out)
	}
}

// TestCredentialHelpersThatDoNotWork: the helper, the file that names it, and what it said are told; and nobody waits for one that hangs
// longer than they want to.
func TestCredentialHelpersThatDoNotWork(t *testing.T) {
	needsEngine(t)
	reg := closedRegistry(t, false)
	for fault, says := range map[string]string{
		"missing": "executable file not found in $PATH",
		"fails":   "the vault is locked",
		"rubbish": "invalid character '<'",
	} {
		helper := "tugtest"
		if fault == "missing" {
			helper = "nosuch"
		}
		p := newPerson(t, forTug.tug, fmt.Sprintf(`{"credHelpers": {%q: %q}}`, reg, helper), "")
		for _, args := range [][]string{{"pull", reg + "/app"}, {"login", "-u", "user", "-p", "secret", reg}, {"run", reg + "/app"}} {
			if fault == "rubbish" && args[0] == "login" {
				continue // nothing is read of what a store says
			}
			cmd := p.types(args...)
			cmd.Env = append(cmd.Env, "TUGTEST_FAULT="+fault)
			out, err := cmd.CombinedOutput()
			for _, want := range []string{"docker-credential-" + helper, p.home + "/docker/config.json", reg, says} {
				if err == nil || !strings.Contains(string(out), want) {
					t.Errorf("%s: %s: %v without %q:\n%s", fault, args[0], err, want, out)
				}
			}
		}
		logout := p.types("logout", reg)
		logout.Env = append(logout.Env, "TUGTEST_FAULT="+fault)
		if out, err := logout.CombinedOutput(); fault != "rubbish" && (err != nil || !strings.Contains(string(out), "could not erase credentials")) {
			t.Errorf("%s: logout: %v: %s", fault, err, out)
		}
	}
	p := newPerson(t, forTug.tug, `{"credsStore": "tugtest"}`, "")
	cmd := p.types("pull", reg+"/app")
	cmd.Env = append(cmd.Env, "TUGTEST_FAULT=hangs")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the helper
	eventually(t, "the helper hangs", func() bool { _, err := os.Stat(p.home + "/kept/hangs"); return err == nil })
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.Exited() && cmd.ProcessState.ExitCode() == 0 {
		t.Errorf("ended with %v", err)
	}
}
