package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A world is an engine alone on a machine, as far as namespaces go, and the command line that is used with it. All that it has
// on disk is below root, which is at the same path in each world.
type world struct {
	name   string
	cli    string // program in bin
	daemon string // program in bin
}

// worlds are the three; the first is the one that the others are held against.
var worlds = []world{
	{"docker", "docker", "dockerd"},
	{"tugd", "docker", "tugd"},
	{"tug", "tug", "tugd"},
}

// root is where each world has its folder; what else is there is not seen while the program runs.
const root = "/srv"

func (w world) host() string  { return "unix://" + root + "/s" }
func (w world) alias() string { return root + "/alias" }
func (w world) home() string  { return root + "/home" }
func (w world) bin() string   { return root + "/bin" }

// enter makes the world of the folder, which holds bin/ with all programs. The process is in namespaces of its own already.
func (w world) enter(folder string) error {
	for _, dir := range []string{"alias", "home", "row"} {
		if err := os.MkdirAll(filepath.Join(folder, dir), 0o755); err != nil {
			return err
		}
	}
	if err := unix.Mount(folder, root, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount %s: %w", root, err)
	}
	// What engines write outside their own folders.
	for _, dir := range []string{"/run", "/dev/shm", "/var/lib/cni"} {
		if _, err := os.Stat(dir); err != nil {
			continue
		}
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", dir, err)
		}
	}
	for name, text := range map[string]string{"await": await, "have-buildx": haveBuildx} {
		if err := os.WriteFile(filepath.Join(w.alias(), name), []byte(text), 0o755); err != nil {
			return err
		}
	}
	return os.Symlink(filepath.Join(w.bin(), w.cli), filepath.Join(w.alias(), "docker"))
}

// await is a command for rows: it runs the command after its first argument until that is what it prints.
const await = `#!/bin/sh
wanted=$1
shift
until [ "$("$@" 2>&1)" = "$wanted" ]; do sleep 0.05; done
`

// haveBuildx is a command for rows: it makes buildx a plugin of docker's command line, which builds with BuildKit then.
const haveBuildx = `#!/bin/sh
mkdir -p ~/.docker/cli-plugins && ln -s ` + root + `/bin/docker-buildx ~/.docker/cli-plugins/
`

// start starts the engine, which finds images at the mirror, and returns when it answers.
func (w world) start(ctx context.Context, mirror string) (stop func(), err error) {
	log, err := os.Create(root + "/log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	config := root + "/daemon.json"
	settings := map[string]string{"dockerd": `{"features": {"embedded-containerd": true}}`, "tugd": `{}`}
	if err := os.WriteFile(config, []byte(settings[w.daemon]), 0o644); err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(w.bin(), w.daemon),
		"-H", w.host(), "--data-root", root+"/data", "--exec-root", root+"/run", "--pidfile", root+"/pid", "--config-file", config,
		"--cgroup-parent", w.cgroup(), "--registry-mirror", "http://"+mirror)
	cmd.Env = append(os.Environ(), "PATH="+w.bin()+":"+os.Getenv("PATH"))
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for newClient(w).get(ctx, "/version", nil) != nil {
		select {
		case err := <-ended:
			return nil, fmt.Errorf("%s ended: %w", w.daemon, errors.Join(err, logTail()))
		case <-ctx.Done():
			stop()
			return nil, fmt.Errorf("%s does not answer: %w", w.daemon, logTail())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return stop, nil
}

func (w world) cgroup() string { return fmt.Sprintf("/tug-parity-%s-%s", os.Getenv("PARITY"), w.name) }

// logTail is the end of what the engine logged, as an error.
func logTail() error {
	log, err := os.ReadFile(root + "/log")
	if err != nil {
		return err
	}
	return errors.New(string(log[max(0, len(log)-3000):]))
}

// result is what a row looked like in a world.
type result struct {
	Seen []seen
	Left []string // what could not be taken away after it
	Took time.Duration
}

// visit runs the rows in the world, one after the other, and writes results.json into its folder.
func (w world) visit(ctx context.Context, mirror string, rows []row, tell func(row, result)) error {
	stop, err := w.start(ctx, mirror)
	if err != nil {
		return err
	}
	defer stop()
	tidy, err := newTidier(ctx, w)
	if err != nil {
		return err
	}
	results := map[string]result{}
	for _, r := range rows {
		if !r.in(w) {
			continue
		}
		started := time.Now()
		dir := root + "/row"
		if err := errors.Join(os.RemoveAll(dir), os.RemoveAll(w.home()), os.Mkdir(dir, 0o755), os.Mkdir(w.home(), 0o755)); err != nil {
			return err
		}
		var got result
		for _, s := range r.Steps {
			seen, err := s.run(ctx, dir, environment(w))
			if err != nil {
				return fmt.Errorf("%s: %s: %w", r.Name, s.Command, err)
			}
			got.Seen = append(got.Seen, seen)
		}
		got.Left = tidy.up(ctx)
		got.Took = time.Since(started)
		results[r.Name] = got
		tell(r, got)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	text, err := json.Marshal(results)
	if err != nil {
		return err
	}
	return os.WriteFile(root+"/results.json", text, 0o644)
}
