package oci_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/container"
	"tug/internal/oci"
)

var update = flag.Bool("update", false, "write the golden files anew")

// input is a container of nginx with default settings on the default bridge.
func input() *oci.Input {
	caps, _ := oci.Capabilities(nil, nil, false, everyCap)
	return &oci.Input{
		Record: &container.Record{
			ID: "c1", Path: "nginx", Args: []string{"-g", "daemon off;"},
			Config: container.Config{Env: []string{"PATH=/usr/sbin:/bin", "LANG=C"}, WorkingDir: "/srv"},
		},
		User: oci.User{Groups: []uint32{0}, Home: "/root"}, UserNS: true, IDBase: 3000000, Cgroup: "/tug/c1", Hostname: "box", Caps: caps,
		Files:        oci.Files{Hosts: "/c1/hosts", Hostname: "/c1/hostname", ResolvConf: "/c1/resolv.conf"},
		CgroupMounts: []specs.Mount{{Destination: "/sys/fs/cgroup", Type: "cgroup", Source: "cgroup2", Options: []string{"nosuid", "noexec", "nodev", "ro"}}},
		DeviceRules:  oci.DefaultDeviceRules(),
	}
}

var goldens = map[string]func(in *oci.Input){
	"default": func(*oci.Input) {},
	"privileged": func(in *oci.Input) {
		in.Record.Host.Privileged, in.UserNS, in.IDBase, in.Caps = true, false, 0, everyCap
		in.Devices = []specs.LinuxDevice{{Path: "/dev/fuse", Type: "c", Major: 10, Minor: 229}}
	},
	"host-everything": func(in *oci.Input) {
		in.UserNS, in.HostNetwork, in.HostIPC, in.HostPid, in.HostUTS, in.HostCgr = false, true, true, true, true, true
	},
	"joined": func(in *oci.Input) {
		in.NetNS, in.PidNS, in.IpcNS, in.JoinUser = "/proc/7/ns/net", "/proc/7/ns/pid", "/proc/7/ns/ipc", "/proc/7/ns/user"
	},
	"settings": func(in *oci.Input) {
		h, c := &in.Record.Host, &in.Record.Config
		h.ReadonlyRootfs, h.ShmSize, h.OomScoreAdj, h.ConsoleSize = true, 1<<20, 100, [2]uint{24, 80}
		h.Ulimits = []container.Ulimit{{Name: "nofile", Soft: 1024, Hard: 4096}, {Name: "core", Soft: -1, Hard: -1}}
		h.Sysctls = map[string]string{"net.ipv4.ip_unprivileged_port_start": "1024"}
		h.MaskedPaths, h.ReadonlyPaths, h.Annotations = []string{"/proc/x"}, []string{}, map[string]string{"a": "b"}
		c.Tty, c.Domainname, c.WorkingDir = true, "example.org", "work/../dir"
		in.Init, in.NoNewPrivileges, in.User = "/sbin/docker-init", true, oci.User{UID: 1000, GID: 100, Groups: []uint32{100, 7}}
		in.Mounts = []specs.Mount{
			{Destination: "/etc/hosts", Type: "bind", Source: "/own/hosts", Options: []string{"rbind"}},
			{Destination: "/sys", Type: "bind", Source: "/own/sys", Options: []string{"rbind", "rslave"}},
		}
	},
}

func TestSpecifications(t *testing.T) {
	for name, change := range goldens {
		t.Run(name, func(t *testing.T) {
			in := input()
			change(in)
			got, err := json.MarshalIndent(oci.Spec(in), "", "\t")
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)+"\n"); d != "" {
				t.Errorf("%s differs (go test -update writes it anew):\n%s", file, d)
			}
		})
	}
}

// TestMountsTakeTheDefaultsPlace holds that what is asked for at a default's place is mounted alone there.
func TestMountsTakeTheDefaultsPlace(t *testing.T) {
	in := input()
	in.Mounts = []specs.Mount{{Destination: "/dev", Type: "bind", Source: "/x"}, {Destination: "/proc", Type: "bind", Source: "/y"}}
	var places []string
	for _, m := range oci.Spec(in).Mounts {
		places = append(places, m.Destination)
	}
	slices.Sort(places)
	if want := []string{"/dev", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/proc", "/sys", "/sys/fs/cgroup"}; !slices.Equal(places, want) {
		t.Errorf("mounts at %v, want %v", places, want)
	}
}

func TestEnvironment(t *testing.T) {
	for name, c := range map[string]struct {
		configured []string
		terminal   bool
		want       string
	}{
		"defaults":             {nil, false, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOSTNAME=box HOME=/root"},
		"terminal":             {nil, true, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOSTNAME=box TERM=xterm HOME=/root"},
		"overlaid":             {[]string{"PATH=/bin", "A=1", "HOME=/"}, false, "PATH=/bin HOSTNAME=box HOME=/ A=1"},
		"the last one wins":    {[]string{"A=1", "A=2"}, false, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOSTNAME=box HOME=/root A=2"},
		"a name takes away":    {[]string{"HOME", "B"}, false, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOSTNAME=box"},
		"empty value is kept":  {[]string{"HOME="}, false, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOSTNAME=box HOME="},
		"equals sign in value": {[]string{"O=a=b"}, false, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOSTNAME=box HOME=/root O=a=b"},
	} {
		if got := strings.Join(oci.Environment(c.configured, "box", "/root", c.terminal), " "); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// TestSysctlsMustBeTheContainersOwn refuses kernel parameters that would change the host or another container.
func TestSysctlsMustBeTheContainersOwn(t *testing.T) {
	for name, c := range map[string]struct {
		host func(in *oci.Input)
		ok   bool
	}{
		"net.ipv4.ip_forward":                    {func(*oci.Input) {}, true},
		"net/ipv4/conf/eth0.100/forwarding":      {func(*oci.Input) {}, true},
		"net.ipv4.conf.all.forwarding":           {func(in *oci.Input) { in.HostNetwork = true }, false},
		"kernel.shmmax":                          {func(*oci.Input) {}, true},
		"kernel/sem":                             {func(in *oci.Input) { in.HostIPC = true }, false},
		"fs.mqueue.msg_max":                      {func(*oci.Input) {}, true},
		"kernel.domainname":                      {func(*oci.Input) {}, true},
		"kernel.hostname":                        {func(*oci.Input) {}, false},
		"kernel.core_pattern":                    {func(*oci.Input) {}, false},
		"vm.overcommit_memory":                   {func(*oci.Input) {}, false},
		"net/../kernel/core_pattern":             {func(*oci.Input) {}, false},
		"net.ipv4...sysrq-trigger":               {func(*oci.Input) {}, false},
		"net/ipv4/../../../sysrq-trigger":        {func(*oci.Input) {}, false},
		"/net/ipv4/ip_forward":                   {func(*oci.Input) {}, false},
		"net.ipv4.conf.eth0/100.proxy_arp":       {func(*oci.Input) {}, true},
		"kernel/msgmax/../../kernel/core_patter": {func(*oci.Input) {}, false},
	} {
		in := input()
		c.host(in)
		in.Record.Host.Sysctls = map[string]string{name: "1"}
		err := oci.CheckSysctls(oci.Spec(in))
		if (err == nil) != c.ok || err != nil && !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
