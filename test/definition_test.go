package test

import (
	"bufio"
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
)

// control speaks BuildKit's control API with a daemon, as clients do that bring definitions of their own in place of a Dockerfile.
func (d *daemon) control(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.New(t.Context(), "", client.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", filepath.Join(d.dir, "s"))
		if err != nil {
			return nil, err
		}
		return upgradeH2C(conn, "/grpc", nil)
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// upgradeH2C asks for HTTP/2 on a connection.
func upgradeH2C(conn net.Conn, path string, header http.Header) (net.Conn, error) {
	r, err := http.NewRequest(http.MethodPost, "http://tug"+path, nil)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	maps.Copy(r.Header, header)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "h2c")
	if err := r.Write(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, r)
	if err == nil && answer.StatusCode != http.StatusSwitchingProtocols {
		err = errors.New(answer.Status)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &upgraded{conn, in}, nil
}

// upgraded is a connection of which the answer to the request may have read something.
type upgraded struct {
	net.Conn
	r *bufio.Reader
}

func (u *upgraded) Read(p []byte) (int, error) { return u.r.Read(p) }

// solve has a definition carried out, and gives nothing of it away.
func (d *daemon) solve(t *testing.T, s llb.State) error {
	t.Helper()
	def, err := s.Marshal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.control(t).Solve(t.Context(), def, client.SolveOpt{}, nil)
	return err
}

// TestRootWithoutOutputStaysAsItIs: a step whose root's changes go nowhere gets its places for mounts and its working directory, and the layer that is
// its root gets neither.
func TestRootWithoutOutputStaysAsItIs(t *testing.T) {
	needsEngine(t)
	d := forDocker
	base := llb.Image("busybox")
	run := llb.Scratch().Run(llb.Args([]string{"sh", "-c", "pwd; ! touch /attempt && date >/elsewhere/" + time.Now().Format("150405.000")}), llb.Dir("/no-output/dir"))
	run.AddMount("/", base, llb.ForceNoOutput)
	if err := d.solve(t, run.AddMount("/elsewhere", llb.Scratch())); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"no-output", "elsewhere", "attempt"} {
		found, err := filepath.Glob(filepath.Join(d.dir, "data", "*", "snapshots", "snapshots", "*", "fs", name))
		if err != nil || len(found) > 0 {
			t.Errorf("it has written into layers: %v, %v", found, err)
		}
	}
}

// TestStepsShareACacheThatBeginsAsAnImage: each step sees what the others have written, in every place where it has the cache.
func TestStepsShareACacheThatBeginsAsAnImage(t *testing.T) {
	needsEngine(t)
	d := forDocker
	const cache = "--mount=type=cache,id=seeded,from=base,source=/seed,target="
	dir := buildContext(t, map[string]string{
		"Dockerfile": "FROM busybox AS base\nRUN mkdir /seed && echo seed >/seed/a && echo old >/seed/b\n" +
			"FROM busybox AS one\nRUN " + cache + "/c " + cache + "/again ! test -e /again/one && echo one >/c/one && cat /again/one >/seen && echo new >/c/b\n" +
			"FROM busybox AS two\nRUN " + cache + "/c echo two >/c/two && rm /c/a && cp /c/two /seen\n" +
			"FROM busybox\nCOPY --from=one /seen /1\nCOPY --from=two /seen /2\n" +
			"RUN " + cache + "/c,readonly ! touch /c/no 2>/dev/null && ls /c >/3 && cat /c/b >>/3\n",
	})
	said(t, d.buildx(t, "build", "--progress", "plain", "-t", "seeded", dir))
	t.Cleanup(func() { said(t, d.docker("rmi", "seeded")) })
	if got := said(t, d.docker("run", "--rm", "seeded", "cat", "/1", "/2", "/3")); got != "one\ntwo\nb\none\ntwo\nnew\n" {
		t.Errorf("steps have seen %q", got)
	}
}

// TestADefinitionRunsWhereItsRequestSays: that an earlier build was given a network does not give it to what names it later.
func TestADefinitionRunsWhereItsRequestSays(t *testing.T) {
	needsEngine(t)
	d := forDocker
	said(t, d.docker("network", "create", "of-a-build"))
	t.Cleanup(func() { said(t, d.docker("network", "rm", "of-a-build")) })
	const named = "tug-network=of-a-build;"
	step := func(place string) *llb.Definition {
		def, err := llb.Image("busybox").Run(llb.Args([]string{"sh", "-c", "ip route"}), llb.WithCgroupParent(place), llb.IgnoreCache).Root().Marshal(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return def
	}
	for _, c := range []struct {
		attr, place string
		runs        bool
	}{
		{named, named, true}, {"", named, false}, {"", "/", false}, {"", "", true},
	} {
		_, err := d.control(t).Solve(t.Context(), step(c.place), client.SolveOpt{FrontendAttrs: map[string]string{"cgroup-parent": c.attr}}, nil)
		if c.runs != (err == nil) || err != nil && !strings.Contains(err.Error(), "has not named") {
			t.Errorf("request %q, definition %q: %v", c.attr, c.place, err)
		}
	}
}
