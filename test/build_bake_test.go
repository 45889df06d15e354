package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bakeFile has two targets of which one builds on the other.
const bakeFile = `
group "default" { targets = ["base", "app"] }
target "base" {
  context = "base"
  tags    = ["baked-base:1"]
}
target "app" {
  context  = "app"
  contexts = { base = "target:base" }
  args     = { GREETING = "hello" }
  tags     = ["baked-app:1"]
}
`

// TestBakeOfTwoTargets builds both, with buildx from its module and with tug, each against its own daemon.
func TestBakeOfTwoTargets(t *testing.T) {
	needsEngine(t)
	dir := buildContext(t, map[string]string{
		"docker-bake.hcl": bakeFile,
		"base/Dockerfile": "FROM busybox\nRUN echo of the base >/base\n",
		"app/Dockerfile":  "FROM base\nARG GREETING\nRUN echo $GREETING >/app\nCMD [\"cat\", \"/app\", \"/base\"]\n",
	})
	for name, d := range map[string]*daemon{"buildx": forDocker, "tug": forTug} {
		t.Run(name, func(t *testing.T) {
			bake := d.tug("bake", "--progress", "plain")
			if d == forDocker {
				bake = d.buildx(t, "bake", "--progress", "plain", "--load")
			}
			bake.Dir = dir
			said(t, bake)
			t.Cleanup(func() { output(t, d.tug("rmi", "baked-base:1", "baked-app:1")) })
			if got := output(t, d.tug("run", "--rm", "baked-app:1")); got != "hello\nof the base" {
				t.Errorf("the image says %q", got)
			}
		})
	}
}

// TestBuildxLoadsAndPushes has an image here, and one in a registry, with one command each.
func TestBuildxLoadsAndPushes(t *testing.T) {
	needsEngine(t)
	d := forDocker
	dir := buildContext(t, map[string]string{"Dockerfile": "FROM busybox\nCMD [\"echo\", \"from the registry\"]\n"})
	said(t, d.buildx(t, "build", "--load", "-t", "loaded:1", dir))
	output(t, d.tug("rmi", "loaded:1"))
	name := os.Getenv("TUG_TEST_REGISTRY") + "/buildx/pushed:1"
	said(t, d.buildx(t, "build", "--push", "-t", name, dir))
	if got := output(t, forTug.tug("run", "--rm", "--pull", "always", "-q", name)); got != "from the registry" {
		t.Errorf("another daemon gets %q", got)
	}
	output(t, forTug.tug("rmi", name))
}

// TestOnlyWhatChangedIsSent builds a context of 16 MB again with one file of it changed, and counts what goes to the daemon.
func TestOnlyWhatChangedIsSent(t *testing.T) {
	needsEngine(t)
	d := forTug
	const files, size, talk = 16, 1 << 20, 64 << 10 // talk is what else is said in a build, with what tells of each file
	content := map[string]string{"Dockerfile": "FROM scratch\nCOPY . /\n"}
	for i := range files {
		content["file"+string(rune('a'+i))] = strings.Repeat(string(rune('a'+i)), size)
	}
	dir := buildContext(t, content)
	build := func() int64 {
		wire := countTo(t, filepath.Join(d.dir, "s"))
		cmd := d.tug("-H", "unix://"+wire.path, "build", "-q", dir)
		said(t, cmd)
		return wire.sent()
	}
	if first := build(); first < files*size {
		t.Errorf("the first build sent %d bytes of a context of %d", first, files*size)
	}
	if err := os.WriteFile(filepath.Join(dir, "filea"), []byte(strings.Repeat("z", size)), 0o644); err != nil {
		t.Fatal(err)
	}
	if again := build(); again < size || again > size+talk {
		t.Errorf("one changed file of %d bytes made the second build send %d", size, again)
	}
}
