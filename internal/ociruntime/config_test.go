package ociruntime

import (
	"encoding/json"
	"slices"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/plan"
)

// handed is a specification as the runtime reads it.
func handed(t *testing.T, change func(s *specs.Spec, env *plan.Env)) *specs.Spec {
	t.Helper()
	s := &specs.Spec{
		Version: specs.Version, Root: &specs.Root{Path: "rootfs", Readonly: true}, Domainname: "example.org", Process: &specs.Process{Args: []string{"true"}},
		Mounts: []specs.Mount{
			{Destination: "/proc", Type: "proc", Source: "proc"},
			{Destination: "/sys/fs/cgroup", Type: "tmpfs", Source: "tmpfs", Options: []string{"mode=755"}},
			{Destination: "/sys/fs/cgroup/cpu,cpuacct", Type: "cgroup", Source: "cgroup", Options: []string{"ro", "cpu", "cpuacct"}},
			{Destination: "/sys/fs/cgroup/cpu", Type: "symlink", Source: "cpu,cpuacct"},
			{Destination: "/sys/fs/cgroup/pids", Type: "cgroup", Source: "cgroup", Options: []string{"ro", "pids"}},
			{Destination: "/sys/fs/cgroup", Type: "tmpfs", Source: "tmpfs", Options: []string{"remount", "ro"}},
			{Destination: "/data", Type: "bind", Source: "/srv/data", Options: []string{"rbind", "rslave", "ro", "nosuid"}},
		},
		Linux: &specs.Linux{
			Namespaces: []specs.LinuxNamespace{{Type: specs.MountNamespace}, {Type: specs.UTSNamespace}, {Type: specs.NetworkNamespace}, {Type: specs.UserNamespace}},
			Devices:    []specs.LinuxDevice{{Path: "/dev/null", Type: "c", Major: 1, Minor: 3}, {Path: "/dev/kmsg", Type: "c", Major: 1, Minor: 11}},
		},
	}
	env := &plan.Env{Kernel: plan.Kernel{MountSetattr: true}, IDBase: 3000000}
	change(s, env)
	data, err := Config(s, env, Places{Bundle: "/run/tug", UserNS: "/proc/7/fd/3", NetNS: "/proc/7/fd/4"})
	if err != nil {
		t.Fatal(err)
	}
	var out specs.Spec
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

// mountAt gives the only mount at a place.
func mountAt(t *testing.T, s *specs.Spec, dest string) specs.Mount {
	t.Helper()
	var found []specs.Mount
	for _, m := range s.Mounts {
		if m.Destination == dest {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d mounts on %s: %v", len(found), dest, found)
	}
	return found[0]
}

func TestWhatIsMadeAlreadyIsJoined(t *testing.T) {
	s := handed(t, func(*specs.Spec, *plan.Env) {})
	paths := map[specs.LinuxNamespaceType]string{}
	for _, n := range s.Linux.Namespaces {
		paths[n.Type] = n.Path
	}
	if paths[specs.UserNamespace] != "/proc/7/fd/3" || paths[specs.NetworkNamespace] != "/proc/7/fd/4" || paths[specs.MountNamespace] != "" {
		t.Errorf("namespaces %v", paths)
	}
	if ids := s.Linux.UIDMappings; len(ids) != 1 || ids[0].HostID != 3000000 {
		t.Errorf("ids %v", ids)
	}
	if s.Root.Path != "/run/tug/rootfs" || !s.Root.Readonly {
		t.Errorf("root %+v", s.Root)
	}
}

func TestANamespaceOfAnotherContainerStaysThat(t *testing.T) {
	s := handed(t, func(s *specs.Spec, _ *plan.Env) { s.Linux.Namespaces[2].Path = "/proc/4711/ns/net" })
	if s.Linux.Namespaces[2].Path != "/proc/4711/ns/net" {
		t.Errorf("%+v", s.Linux.Namespaces[2])
	}
}

// The mount in the bundle has its attributes; on a kernel that gives it none before it is attached, they are the runtime's to give.
func TestBindsComeFromTheBundle(t *testing.T) {
	m := mountAt(t, handed(t, func(*specs.Spec, *plan.Env) {}), "/data")
	if m.Source != "/run/tug/mount6" || !slices.Equal(m.Options, []string{"rbind", "rslave"}) {
		t.Errorf("%+v", m)
	}
	m = mountAt(t, handed(t, func(_ *specs.Spec, env *plan.Env) { env.Kernel.MountSetattr = false }), "/data")
	if m.Source != "/run/tug/mount6" || !slices.Contains(m.Options, "ro") || !slices.Contains(m.Options, "nosuid") {
		t.Errorf("before Linux 5.12: %+v", m)
	}
}

func TestCgroupsAreOneMount(t *testing.T) {
	m := mountAt(t, handed(t, func(*specs.Spec, *plan.Env) {}), "/sys/fs/cgroup")
	if m.Type != "cgroup" || !slices.Contains(m.Options, "ro") || slices.Contains(m.Options, "cpu") {
		t.Errorf("%+v", m)
	}
	m = mountAt(t, handed(t, func(s *specs.Spec, _ *plan.Env) {
		s.Mounts = []specs.Mount{{Destination: "/sys/fs/cgroup", Type: "cgroup2", Source: "cgroup", Options: []string{"nosuid"}}}
	}), "/sys/fs/cgroup")
	if m.Type != "cgroup" || slices.Contains(m.Options, "ro") {
		t.Errorf("writable, version 2: %+v", m)
	}
}

func TestDevicesInAUserNamespaceComeFromTheBundle(t *testing.T) {
	s := handed(t, func(*specs.Spec, *plan.Env) {})
	if m := mountAt(t, s, "/dev/kmsg"); m.Source != "/run/tug/device1" || len(s.Linux.Devices) != 1 {
		t.Errorf("%+v, and %v", m, s.Linux.Devices)
	}
	s = handed(t, func(s *specs.Spec, _ *plan.Env) { s.Linux.Namespaces = s.Linux.Namespaces[:3] })
	if len(s.Linux.Devices) != 2 {
		t.Errorf("in the host's: %v", s.Linux.Devices)
	}
}
