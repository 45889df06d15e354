package buildx

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tug/internal/cli/session"
)

// said runs the program with a configuration of its own and gives what it wrote.
func said(t *testing.T, env map[string]string, args ...string) (out, errOut string, code int) {
	t.Helper()
	if env == nil {
		env = map[string]string{}
	}
	env["TUG_CONFIG"], env["DOCKER_CONFIG"] = t.TempDir(), t.TempDir()
	var stdout, stderr bytes.Buffer
	code = Main(append([]string{"tug-build"}, args...), io.NopCloser(strings.NewReader("")), &stdout, &stderr,
		func(name string) string { return env[name] }, session.Version{Number: "1.2.3"})
	return stdout.String(), stderr.String(), code
}

func TestHelpIsOfTug(t *testing.T) {
	for words, want := range map[string]string{
		"build --help":          "Usage:  tug build [OPTIONS] PATH | URL | -\n",
		"buildx --help":         "Usage:  tug buildx COMMAND\n",
		"buildx history --help": "Usage:  tug buildx history",
		"bake --help":           "Usage:  tug bake [OPTIONS] [TARGET...]\n",
	} {
		if out, errOut, code := said(t, nil, strings.Fields(words)...); code != 0 || !strings.HasPrefix(out, want) {
			t.Errorf("%s: %d: %s%s", words, code, out, errOut)
		}
	}
}

func TestOptionsOfTheClassicBuilderAreShown(t *testing.T) {
	out, _, _ := said(t, nil, "build", "--help")
	for _, option := range []string{"--memory ", "--cpu-quota ", "--squash ", "--rm ", "--compress ", "--security-opt "} {
		if !strings.Contains(out, option) {
			t.Errorf("no %sin\n%s", option, out)
		}
	}
}

func TestWordsGoOn(t *testing.T) {
	out, _, _ := said(t, nil, "--host=unix:///x", "__complete", "buildx", "l")
	if !strings.HasPrefix(out, "ls\t") {
		t.Error(out)
	}
}

func TestWhatIsOnlyShownNeedsNoDaemon(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "docker-bake.hcl")
	if err := os.WriteFile(file, []byte(`target "one" { tags = ["one:1"] }`), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"TUG_HOST": "unix://" + filepath.Join(dir, "nobody")}
	out, errOut, code := said(t, env, "bake", "-f", file, "--print", "one")
	if code != 0 || !strings.Contains(out, `"one:1"`) {
		t.Errorf("%d: %s%s", code, out, errOut)
	}
}

func TestNobodyThere(t *testing.T) {
	host := "unix://" + filepath.Join(t.TempDir(), "nobody")
	_, errOut, code := said(t, nil, "--host", host, "build", ".")
	if code != 1 || !strings.Contains(errOut, host) || !strings.Contains(errOut, "-H") {
		t.Errorf("%d: %s", code, errOut)
	}
}

func TestComposeIsNotThereYet(t *testing.T) {
	if _, errOut, code := said(t, nil, "compose", "up"); code != 1 || !strings.Contains(errOut, "docker compose") {
		t.Errorf("%d: %s", code, errOut)
	}
}
