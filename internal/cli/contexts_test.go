package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// person has a home, in which what one command leaves is there for the next.
type person struct {
	t   *testing.T
	env map[string]string
}

func newPerson(t *testing.T) *person {
	return &person{t, map[string]string{"TUG_CONFIG": t.TempDir(), "DOCKER_CONFIG": t.TempDir()}}
}

// tug runs a command that must end well.
func (p *person) tug(args ...string) result {
	p.t.Helper()
	r := tugIn(p.env, "", args...)
	if r.code != 0 {
		p.t.Fatalf("%q: %v", args, r)
	}
	return r
}

func TestAContextLeadsToItsDaemon(t *testing.T) {
	p, here, there := newPerson(t), newDaemon(t), newDaemon(t)
	for _, d := range []*daemon{here, there} {
		d.on("GET /containers/json", answer(200, []any{}))
		d.on("GET /version", answer(200, map[string]any{}))
	}
	if r := p.tug("context", "create", "here", "--docker", "host=unix://"+here.socket); r.out != "here\n" || r.err != "Successfully created context \"here\"\n" {
		t.Error(r)
	}
	p.tug("context", "create", "there", "--docker", "host=unix://"+there.socket, "--description", "over there")
	if r := p.tug("context", "use", "here"); r.out != "here\n" || r.err != "Current context is now \"here\"\n" {
		t.Error(r)
	}
	for _, c := range []struct {
		env  map[string]string
		args string
		want *daemon
	}{
		{nil, "ps", here},
		{nil, "-c there ps", there},
		{map[string]string{"TUG_CONTEXT": "there"}, "ps", there},
		{map[string]string{"DOCKER_CONTEXT": "there"}, "ps", there},
		{map[string]string{"DOCKER_HOST": "unix://" + there.socket}, "ps", there},
		{map[string]string{"TUG_HOST": "unix://" + there.socket}, "--context here ps", here},
		{nil, "-H unix://" + there.socket + " ps", there},
	} {
		env := map[string]string{"TUG_CONFIG": p.env["TUG_CONFIG"], "DOCKER_CONFIG": p.env["DOCKER_CONFIG"]}
		for name, value := range c.env {
			env[name] = value
		}
		before := len(c.want.log())
		if r := tugIn(env, "", strings.Fields(c.args)...); r.code != 0 || len(c.want.log()) == before {
			t.Errorf("%v %s asked the other daemon: %v", c.env, c.args, r)
		}
	}
	if r := p.tug("-c", "there", "version", "--format", "{{.Client.Context}}"); r.out != "there\n" {
		t.Error(r)
	}
	if r := p.tug("version", "--format", "{{.Client.Context}}"); r.out != "here\n" {
		t.Error(r)
	}
}

func TestWhatIsSaidOfContexts(t *testing.T) {
	p := newPerson(t)
	p.tug("context", "create", "far", "--docker", "host=tcp://far:2376,skip-tls-verify=true", "--description", "far away")
	p.tug("context", "create", "copy", "--from", "far")
	const want = `NAME        DESCRIPTION                               DOCKER ENDPOINT             ERROR
copy        far away                                  tcp://far:2376              
default *   Current DOCKER_HOST based configuration   unix:///run/tug/tugd.sock   
far         far away                                  tcp://far:2376              
`
	if r := p.tug("context", "ls"); r.out != want || r.err != "" {
		t.Errorf("%v", r)
	}
	if r := p.tug("-c", "gone", "context", "ls", "--format", "{{.Name}}{{if .Current}}:{{.Error}}{{end}}"); !strings.Contains(r.out, "gone:context \"gone\": context not found") {
		t.Error(r)
	}
	if r := p.tug("context", "inspect", "far", "--format", "{{.Metadata.Metadata.Description}} {{.Endpoints.docker.Host}} {{.Endpoints.docker.SkipTLSVerify}}"); r.out != "far away tcp://far:2376 true\n" {
		t.Error(r)
	}
	p.tug("context", "update", "far", "--description", "near", "--docker", "host=tcp://near:1")
	if r := p.tug("context", "inspect", "far", "-f", "{{json .Metadata.Metadata}} {{json .Endpoints.docker}}"); r.out != `{"Description":"near"} {"Host":"tcp://near:1","SkipTLSVerify":false}`+"\n" {
		t.Error(r)
	}
	p.env["DOCKER_HOST"] = "unix:///d"
	const warning = `Warning: DOCKER_HOST environment variable overrides the active context. To use "far", either set the global --context flag, or unset DOCKER_HOST environment variable.` + "\n"
	if r := p.tug("context", "use", "far"); r.err != "Current context is now \"far\"\n"+warning {
		t.Error(r)
	}
	if r := p.tug("context", "ls", "-q"); r.out != "copy\ndefault\nfar\n" || r.err != strings.Replace(warning, `"far"`, "a context", 1) {
		t.Error(r)
	}
}

func TestRemovingTheContextInUseNeedsForceAndLeavesTheDefaultOne(t *testing.T) {
	p := newPerson(t)
	p.tug("context", "create", "far", "--docker", "host=tcp://far")
	p.tug("context", "use", "far")
	if r := tugIn(p.env, "", "context", "rm", "far"); r.code != 1 || r.err != "context \"far\" is in use, set -f flag to force remove\n" {
		t.Error(r)
	}
	if r := p.tug("context", "rm", "-f", "far"); r.out != "far\n" {
		t.Error(r)
	}
	if r := p.tug("context", "show"); r.out != "default\n" {
		t.Error(r)
	}
}

func TestAnExportedContextCanBeImported(t *testing.T) {
	p := newPerson(t)
	p.tug("context", "create", "far", "--docker", "host=tcp://far:1", "--description", "far away")
	file := filepath.Join(t.TempDir(), "f")
	if r := p.tug("context", "export", "far", file); r.out != "" || r.err != "Written file \""+file+"\"\n" {
		t.Error(r)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if r := tugIn(p.env, "", "context", "export", "far", file); r.code != 1 || !strings.HasSuffix(r.err, "file exists\n") {
		t.Error(r)
	}
	p.tug("context", "import", "from-file", file)
	if r := tugIn(p.env, p.tug("context", "export", "far", "-").out, "context", "import", "from-stream", "-"); r.code != 0 || r.out != "from-stream\n" {
		t.Error(r)
	}
	for _, name := range []string{"from-file", "from-stream"} {
		if r := p.tug("context", "inspect", "-f", "{{.Metadata.Metadata.Description}} {{.Endpoints.docker.Host}}", name); r.out != "far away tcp://far:1\n" {
			t.Error(r)
		}
	}
	if r := tugIn(p.env, "", "context", "export", "gone", file+"2"); r.code != 1 {
		t.Error(r)
	}
	if _, err := os.Stat(file + "2"); err == nil {
		t.Error("an export that failed left a file")
	}
}

func TestAContextThatOnlyDockerHas(t *testing.T) {
	docker, p := newPerson(t), newPerson(t)
	docker.tug("context", "create", "theirs", "--docker", "host=tcp://far")
	p.env["DOCKER_CONFIG"] = docker.env["TUG_CONFIG"] // the form is the same
	r := tugIn(p.env, "", "-c", "theirs", "ps")
	if r.code != 1 || !strings.HasSuffix(r.err, "\nDocker has a context of that name. Copy it with: docker context export theirs - | tug context import theirs -\n") {
		t.Error(r)
	}
}
