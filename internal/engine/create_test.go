package engine

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tug/internal/container"
	"tug/internal/image"
)

// TestImagesConfigurationIsOverlaid holds Docker's rules of what the creator's words do to the image's.
func TestImagesConfigurationIsOverlaid(t *testing.T) {
	img := image.Config{
		Entrypoint: []string{"/entry"}, Cmd: []string{"serve"}, Env: []string{"PATH=/bin", "A=image"}, User: "web", WorkingDir: "/srv", StopSignal: "SIGQUIT",
		Labels: map[string]string{"a": "image", "b": "image"}, Volumes: map[string]struct{}{"/data": {}}, ExposedPorts: map[string]struct{}{"80/tcp": {}},
	}
	for name, c := range map[string]struct {
		own        container.Config
		entrypoint []string
		cmd        []string
	}{
		"nothing said":                {container.Config{}, []string{"/entry"}, []string{"serve"}},
		"a command":                   {container.Config{Cmd: []string{"test"}}, []string{"/entry"}, []string{"test"}},
		"an entry point":              {container.Config{Entrypoint: []string{"/own"}}, []string{"/own"}, nil},
		"both":                        {container.Config{Entrypoint: []string{"/own"}, Cmd: []string{"x"}}, []string{"/own"}, []string{"x"}},
		"the entry point taken away":  {container.Config{Entrypoint: []string{""}, Cmd: []string{"sh"}}, nil, []string{"sh"}},
		"taken away, with no command": {container.Config{Entrypoint: []string{""}}, nil, nil},
	} {
		got := mergeConfig(c.own, img)
		if d := cmp.Diff(c.entrypoint, got.Entrypoint) + cmp.Diff(c.cmd, got.Cmd); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
	got := mergeConfig(container.Config{
		Env: []string{"A=own", "B=own"}, Labels: map[string]string{"b": "own"}, User: "root", Volumes: map[string]struct{}{"/more": {}},
	}, img)
	want := container.Config{
		Entrypoint: []string{"/entry"}, Cmd: []string{"serve"}, Env: []string{"A=own", "B=own", "PATH=/bin"}, User: "root", WorkingDir: "/srv", StopSignal: "SIGQUIT",
		Labels: map[string]string{"a": "image", "b": "own"}, Volumes: map[string]struct{}{"/data": {}, "/more": {}}, ExposedPorts: map[string]struct{}{"80/tcp": {}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(img.Labels) != 2 || img.Labels["b"] != "image" || len(img.Volumes) != 1 {
		t.Errorf("the image was changed: %+v", img)
	}
}

func TestHealthChecksAreOverlaid(t *testing.T) {
	img := &image.Healthcheck{Test: []string{"CMD", "image"}, Interval: time.Minute, Retries: 5}
	for name, c := range map[string]struct {
		own   *container.Healthcheck
		image *image.Healthcheck
		want  *container.Healthcheck
	}{
		"neither":    {nil, nil, nil},
		"the image":  {nil, img, &container.Healthcheck{Test: []string{"CMD", "image"}, Interval: time.Minute, Retries: 5}},
		"own":        {&container.Healthcheck{Test: []string{"NONE"}}, nil, &container.Healthcheck{Test: []string{"NONE"}}},
		"own period": {&container.Healthcheck{Interval: time.Second}, img, &container.Healthcheck{Test: []string{"CMD", "image"}, Interval: time.Second, Retries: 5}},
	} {
		if d := cmp.Diff(c.want, mergeHealth(c.own, c.image)); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

func TestExitCodeOfAFailedStart(t *testing.T) {
	for text, want := range map[string]int{
		`exec: "x": executable file not found in $PATH: unknown`: 127, `exec: "/x": stat /x: no such file or directory`: 127,
		`exec: "/x": permission denied`: 126, `exec: "/x": exec format error`: 126, `exec: "/": is a directory`: 126, "port is already allocated": 128,
	} {
		if got := exitCodeOf(invalid("%s", text)); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}
