package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/container"
)

func TestParseBind(t *testing.T) {
	bind := func(source, dest, mode string, rw bool, propagation string) *container.MountPoint {
		return &container.MountPoint{Type: "bind", Source: source, Destination: dest, Mode: mode, RW: rw, Propagation: propagation}
	}
	for text, want := range map[string]*container.MountPoint{
		"/src:/dst":           bind("/src", "/dst", "", true, "rprivate"),
		"/src/../x/:/dst":     bind("/x", "/dst", "", true, "rprivate"),
		"/src:/dst:ro":        bind("/src", "/dst", "ro", false, "rprivate"),
		"/src:/dst:ro,Z":      bind("/src", "/dst", "ro,Z", false, "rprivate"),
		"/src:/dst:rw,rslave": bind("/src", "/dst", "rw,rslave", true, "rslave"),
		"data:/dst":           {Type: "volume", Name: "data", Destination: "/dst", Mode: "z", RW: true},
		"data:/dst:ro,nocopy": {Type: "volume", Name: "data", Destination: "/dst", Mode: "ro,nocopy"},
		"/dst":                {Type: "volume", Destination: "/dst", RW: true, Anonymous: true},
		"data:/dst:rshared":   nil,
		"/src:/dst:evil":      nil,
		"/src:/dst:ro:x":      nil,
		":/dst":               nil,
		"/src:":               nil,
	} {
		got, err := parseBind(text)
		if want == nil {
			if !errdefs.IsInvalidArgument(err) {
				t.Errorf("%q: %+v, %v", text, got, err)
			}
			continue
		}
		if d := cmp.Diff(*want, got); err != nil || d != "" {
			t.Errorf("%q: %v\n%s", text, err, d)
		}
	}
}

// FuzzParseBind holds that a bind that is taken says where from and where to.
func FuzzParseBind(f *testing.F) {
	f.Add("/src:/dst:ro")
	f.Add("name:/dst")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseBind(text)
		if err != nil {
			return
		}
		if m.Type == "bind" && (!filepath.IsAbs(m.Source) || m.Name != "") || m.Type == "volume" && m.Source != "" || m.Destination == "" && text != "" {
			t.Errorf("%q gives %+v", text, m)
		}
	})
}

func TestMountPoint(t *testing.T) {
	for name, c := range map[string]struct {
		asked container.Mount
		want  *container.MountPoint
	}{
		"bind": {
			container.Mount{Type: "bind", Source: "/src", Target: "/dst"},
			&container.MountPoint{Type: "bind", Source: "/src", Destination: "/dst", RW: true, Propagation: "rprivate", MustExist: true},
		},
		"bind that may be made": {
			container.Mount{Type: "bind", Source: "/src", Target: "/dst", ReadOnly: true, Bind: &container.BindOptions{CreateMountpoint: true, Propagation: "shared", NonRecursive: true}},
			&container.MountPoint{Type: "bind", Source: "/src", Destination: "/dst", Propagation: "shared", NonRecursive: true},
		},
		"volume":  {container.Mount{Type: "volume", Source: "data", Target: "/dst"}, &container.MountPoint{Type: "volume", Name: "data", Destination: "/dst", Mode: "z", RW: true}},
		"no name": {container.Mount{Type: "volume", Target: "/dst"}, &container.MountPoint{Type: "volume", Destination: "/dst", Mode: "z", RW: true, Anonymous: true}},
		"read-only at the top": {
			container.Mount{Type: "bind", Source: "/src", Target: "/dst", ReadOnly: true, Bind: &container.BindOptions{ReadOnlyNonRecursive: true}},
			&container.MountPoint{Type: "bind", Source: "/src", Destination: "/dst", Propagation: "rprivate", MustExist: true, ReadOnlyTop: true},
		},
		"read-only to the bottom": {
			container.Mount{Type: "bind", Source: "/src", Target: "/dst", ReadOnly: true, Bind: &container.BindOptions{ReadOnlyForceRecursive: true}},
			&container.MountPoint{Type: "bind", Source: "/src", Destination: "/dst", Propagation: "rprivate", MustExist: true, ReadOnlyDeep: true},
		},
		"read-only below a mount that is not": {container.Mount{Type: "bind", Source: "/src", Target: "/dst", Bind: &container.BindOptions{ReadOnlyForceRecursive: true}}, nil},
		"read-only with what others mount":    {container.Mount{Type: "bind", Source: "/src", Target: "/dst", ReadOnly: true, Bind: &container.BindOptions{ReadOnlyForceRecursive: true, Propagation: "rslave"}}, nil},
		"no such propagation":                 {container.Mount{Type: "bind", Source: "/src", Target: "/dst", Bind: &container.BindOptions{Propagation: "loud"}}, nil},
		"image":                               {container.Mount{Type: "image", Source: "busybox", Target: "/dst"}, nil},
		"subpath":                             {container.Mount{Type: "volume", Source: "v", Target: "/dst", Volume: &container.VolumeOptions{Subpath: "a"}}, nil},
		"relative":                            {container.Mount{Type: "bind", Source: "src", Target: "/dst"}, nil},
		"unknown":                             {container.Mount{Type: "cluster", Target: "/dst"}, nil},
		"tmpfs": {
			container.Mount{Type: "tmpfs", Target: "/dst", ReadOnly: true, Tmpfs: &container.TmpfsOptions{SizeBytes: 1 << 20, Mode: 0o1777, Options: [][]string{{"uid", "7"}, {"exec"}}}},
			&container.MountPoint{Type: "tmpfs", Destination: "/dst", RW: true, Options: []string{"noexec", "nosuid", "nodev", "ro", "size=1048576", "mode=1777", "uid=7", "exec"}},
		},
		"tmpfs that is a bind": {container.Mount{Type: "tmpfs", Target: "/dst", Tmpfs: &container.TmpfsOptions{Options: [][]string{{"rbind"}}}}, nil},
	} {
		got, err := mountPoint(c.asked)
		if c.want == nil {
			if !errdefs.IsInvalidArgument(err) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if d := cmp.Diff(*c.want, got); err != nil || d != "" {
			t.Errorf("%s: %v\n%s", name, err, d)
		}
	}
}

func TestMountsInTheSpecification(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	list, files := specMounts([]container.MountPoint{
		{Type: "bind", Source: file, Destination: "/a", RW: true, Propagation: "rprivate"},
		{Type: "bind", Source: "/", Destination: "/b", NonRecursive: true, ReadOnlyDeep: true},
		{Type: "volume", Source: "/vol", Destination: "/c"},
		{Type: "tmpfs", Destination: "/d", Options: []string{"size=1m"}},
		{Type: "bind", Source: "/", Destination: "/e"},
		{Type: "bind", Source: "/", Destination: "/f", ReadOnlyTop: true},
	}, true)
	want := []specs.Mount{
		{Type: "bind", Source: file, Destination: "/a", Options: []string{"rbind", "rprivate"}},
		{Type: "bind", Source: "/", Destination: "/b", Options: []string{"bind", "rro"}},
		{Type: "bind", Source: "/vol", Destination: "/c", Options: []string{"rbind", "ro"}},
		{Type: "tmpfs", Source: "tmpfs", Destination: "/d", Options: []string{"size=1m"}},
		{Type: "bind", Source: "/", Destination: "/e", Options: []string{"rbind", "rro"}},
		{Type: "bind", Source: "/", Destination: "/f", Options: []string{"rbind", "ro"}},
	}
	if d := cmp.Diff(want, list) + cmp.Diff(map[string]bool{file: true}, files); d != "" {
		t.Error(d)
	}
}
