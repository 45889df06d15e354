package test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// mentions tells which files of a folder have a word in them.
func mentions(t *testing.T, dir, word string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(word)) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestABuildStaysInItsContextAndItsStages has builds reach for a folder of the host over links, in what they copy, in what they mount and
// where, and in what they leave in the place of a mount. HOST in a Dockerfile is that folder.
func TestABuildStaysInItsContextAndItsStages(t *testing.T) {
	needsEngine(t)
	d := forDocker
	const notFound = ": not found"
	for name, c := range map[string]struct{ dockerfile, link, fails string }{ // fails: "" if it ends well, having seen nothing
		"a link in the context is copied through":       {"FROM scratch\nCOPY link/secret /\n", "link", notFound},
		"a link in the context is copied":               {"FROM scratch\nCOPY link /\n", "link", notFound},
		"a link in the context is added":                {"FROM scratch\nADD link/ /link/\n", "link", notFound},
		"a link in a stage is copied through":           {"FROM busybox AS s\nRUN ln -s HOST /link\nFROM scratch\nCOPY --from=s /link/secret /\n", "", notFound},
		"a link in a stage is the place of a copy":      {"FROM busybox AS s\nRUN ln -s HOST /link\nFROM s\nCOPY Dockerfile /link/planted\n", "", ""},
		"a link in a stage is the working directory":    {"FROM busybox\nRUN ln -s HOST /link\nWORKDIR /link/made\nRUN cp /link/secret /found || true\n", "", ""},
		"a link in a stage is mounted":                  {"FROM busybox AS s\nRUN ln -s HOST /link\nFROM busybox\nRUN --mount=type=bind,from=s,source=/link,target=/m cp -r /m /found\n", "", notFound},
		"a link in a stage is mounted through":          {"FROM busybox AS s\nRUN ln -s HOST /link\nFROM busybox\nRUN --mount=type=bind,from=s,source=/link/secret,target=/m cp /m /found\n", "", notFound},
		"a link in the context is mounted":              {"FROM busybox\nRUN --mount=type=bind,source=link,target=/m cp -r /m /found\n", "link", notFound},
		"a link is the place of a cache":                {"FROM busybox\nRUN ln -s HOST /link\nRUN --mount=type=cache,target=/link touch /link/planted; cp /link/secret /found || true\n", "", ""},
		"a link is on the way to the place of a cache":  {"FROM busybox\nRUN ln -s HOST /link\nRUN --mount=type=cache,target=/link/new/cache touch /link/new/planted; cp /link/secret /found || true\n", "", ""},
		"a link in a stage is what a cache begins with": {"FROM busybox AS s\nRUN ln -s HOST /link\nFROM busybox\nRUN --mount=type=cache,from=s,source=/link,target=/m cp -r /m /found; touch /m/planted\n", "", notFound},
		"the folder of a mount's place becomes a link":  {"FROM busybox\nRUN --mount=type=tmpfs,target=/p/empty mv /p /q && ln -s HOST/.. /p\n", "", ""},
		"the folder of a cache's place becomes a link":  {"FROM busybox\nRUN --mount=type=cache,target=/p/empty mv /p /q && ln -s HOST/.. /p\n", "", ""},
		"a file that the engine makes becomes a link":   {"FROM busybox\nRUN rm -f /etc/hosts; ln -s HOST/planted /etc/hosts || true\nRUN cat /etc/hosts >/found || true\n", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			host, out := newOutside(t), t.TempDir()
			if err := os.Mkdir(filepath.Join(filepath.Dir(host.dir), "empty"), 0o777); err != nil { // what is empty in a mount's place is removed after it
				t.Fatal(err)
			}
			dir := buildContext(t, map[string]string{"Dockerfile": strings.ReplaceAll(c.dockerfile, "HOST", host.dir)})
			if c.link != "" {
				if err := os.Symlink(host.dir, filepath.Join(dir, c.link)); err != nil {
					t.Fatal(err)
				}
			}
			said, err := d.tug("build", "--progress", "plain", "--no-cache", "--output", "type=local,dest="+out, dir).CombinedOutput()
			if (err != nil) != (c.fails != "") || !strings.Contains(string(said), c.fails) {
				t.Errorf("it ends with %v, which is to be %q:\n%s", err, c.fails, said)
			}
			if found := mentions(t, out, secretOfTheHost); len(found) > 0 {
				t.Errorf("the build has read a file of the host: %q", found)
			}
			host.isUntouched(t)
			if _, err := os.Stat(filepath.Join(filepath.Dir(host.dir), "empty")); err != nil {
				t.Errorf("the empty folder beside it: %v", err)
			}
		})
	}
}

// TestSecretsOfABuildAreInNothingThatItMakes looks for one in the image, its history, the cache and all that the daemon has on the disk.
func TestSecretsOfABuildAreInNothingThatItMakes(t *testing.T) {
	d := privateDaemon(t)
	const secret = "a-secret-that-is-used-and-not-kept"
	dir := buildContext(t, map[string]string{
		"Dockerfile": "FROM busybox\nRUN --mount=type=secret,id=s,target=/where/it/is --mount=type=secret,id=s,env=TOLD [ \"$(cat /where/it/is)\" = \"$TOLD\" ] && echo \"$TOLD\" | wc -c >/length\n",
	})
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	said(t, d.tug("build", "--secret", "id=s,src="+file, "-t", "kept", dir))
	if got := said(t, d.docker("run", "--rm", "kept", "sh", "-c", "cat /length; ls -d /where 2>&1; true")); !strings.HasPrefix(got, "35\n") || strings.Contains(got, "\n/where") {
		t.Errorf("the image has %q", got)
	}
	if got := said(t, d.docker("history", "--no-trunc", "kept")); strings.Contains(got, secret) {
		t.Errorf("its history tells it:\n%s", got)
	}
	d.restart(t, syscall.SIGTERM) // so that all of it is on the disk
	if found := mentions(t, filepath.Join(d.dir, "data"), secret); len(found) > 0 {
		t.Errorf("it is in %q", found)
	}
}

// TestPrivilegesOfAStepTakeTheDaemonsWordAndTheClients asks for all capabilities with and without either.
func TestPrivilegesOfAStepTakeTheDaemonsWordAndTheClients(t *testing.T) {
	file := filepath.Join(t.TempDir(), "daemon.json")
	if err := os.WriteFile(file, []byte(`{"builder": {"entitlements": {"security-insecure": true, "network-host": false}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := buildContext(t, map[string]string{
		"Dockerfile": "FROM busybox AS insecure\nRUN --security=insecure grep CapEff /proc/self/status >/caps\nFROM busybox AS host\nRUN --network=host true\nFROM busybox\nRUN grep CapEff /proc/self/status >/caps\n",
	})
	willing, usual := privateDaemon(t, "--config-file", file), forDocker
	for _, c := range []struct {
		daemon        *daemon
		target, allow string
		runs          bool
	}{
		{usual, "insecure", "security.insecure", false},
		{usual, "insecure", "", false},
		{usual, "host", "network.host", true},
		{usual, "host", "", false},
		{willing, "insecure", "security.insecure", true},
		{willing, "insecure", "", false},
		{willing, "host", "network.host", false},
	} {
		args := []string{"build", "--output", "type=cacheonly", "--target", c.target}
		if c.allow != "" {
			args = append(args, "--allow", c.allow)
		}
		out, err := c.daemon.tug(append(args, dir)...).CombinedOutput()
		if c.runs != (err == nil) {
			t.Errorf("%s, allowed %q: %v\n%s", c.target, c.allow, err, out)
		} else if err != nil && !strings.Contains(string(out), "not allowed") {
			t.Errorf("%s, allowed %q: it does not say why not:\n%s", c.target, c.allow, out)
		}
	}
}
