package engine

import (
	"cmp"
	"reflect"
	"strings"
	"testing"

	"github.com/containerd/errdefs"

	"tug/internal/container"
)

// TestLimits holds Docker's rules.
func TestLimits(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	for name, c := range map[string]struct {
		r  container.Resources
		ok bool
	}{
		"none":                       {container.Resources{}, true},
		"memory":                     {container.Resources{Memory: 6 << 20}, true},
		"too little":                 {container.Resources{Memory: 6<<20 - 1}, false},
		"negative":                   {container.Resources{Memory: -1}, false},
		"less swap than memory":      {container.Resources{Memory: 64 << 20, MemorySwap: 32 << 20}, false},
		"swap without memory":        {container.Resources{MemorySwap: 32 << 20}, false},
		"endless swap":               {container.Resources{Memory: 64 << 20, MemorySwap: -1}, true},
		"swappiness":                 {container.Resources{MemorySwappiness: n(100)}, true},
		"too much swappiness":        {container.Resources{MemorySwappiness: n(101)}, false},
		"reservation above limit":    {container.Resources{Memory: 32 << 20, MemoryReservation: 64 << 20}, false},
		"cpus and quota":             {container.Resources{NanoCPUs: 1e9, CPUQuota: 50000}, false},
		"short period":               {container.Resources{CPUPeriod: 999}, false},
		"long period":                {container.Resources{CPUPeriod: 1000001}, false},
		"small quota":                {container.Resources{CPUQuota: 999}, false},
		"weight":                     {container.Resources{BlkioWeight: 10}, true},
		"small weight":               {container.Resources{BlkioWeight: 9}, false},
		"large weight":               {container.Resources{BlkioWeight: 1001}, false},
		"reservation that is little": {container.Resources{MemoryReservation: 1 << 20}, false},
	} {
		err := checkLimits(&container.HostConfig{Resources: c.r})
		if (err == nil) != c.ok || err != nil && !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, score := range []int{-1001, 1001} {
		if checkLimits(&container.HostConfig{OomScoreAdj: score}) == nil {
			t.Errorf("an OOM score of %d", score)
		}
	}
}

// TestNamesAreOneWord refuses what would put lines of its own into the files that the engine writes.
func TestNamesAreOneWord(t *testing.T) {
	for name, c := range map[string]struct {
		config container.Config
		host   container.HostConfig
		ok     bool
	}{
		"plain":                {container.Config{Hostname: "box", Domainname: "example.org"}, container.HostConfig{ExtraHosts: []string{"db:192.0.2.1", "h:host-gateway", "s:[::1]"}, DNS: []string{"::1"}, DNSSearch: []string{"."}, DNSOptions: []string{"ndots:1"}}, true},
		"a line in the name":   {container.Config{Hostname: "box\n192.0.2.1 bank.example"}, container.HostConfig{}, false},
		"a zero byte":          {container.Config{Hostname: "box\x00"}, container.HostConfig{}, false},
		"too long":             {container.Config{Hostname: strings.Repeat("x", 65)}, container.HostConfig{}, false},
		"a line in the domain": {container.Config{Domainname: "a\nb"}, container.HostConfig{}, false},
		"a host of two lines":  {container.Config{}, container.HostConfig{ExtraHosts: []string{"a\nb:192.0.2.1"}}, false},
		"a host of two words":  {container.Config{}, container.HostConfig{ExtraHosts: []string{"a b:192.0.2.1"}}, false},
		"no address":           {container.Config{}, container.HostConfig{ExtraHosts: []string{"a:b"}}, false},
		"no host":              {container.Config{}, container.HostConfig{ExtraHosts: []string{"192.0.2.1"}}, false},
		"a server's name":      {container.Config{}, container.HostConfig{DNS: []string{"dns.example"}}, false},
		"a search of lines":    {container.Config{}, container.HostConfig{DNSSearch: []string{"a\nnameserver 192.0.2.1"}}, false},
		"an option of lines":   {container.Config{}, container.HostConfig{DNSOptions: []string{"a\nb"}}, false},
	} {
		err := checkNames(&c.config, &c.host)
		if (err == nil) != c.ok || err != nil && !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTmpfsOptions refuses options that would make of a tmpfs another kind of mount, or are unknown.
func TestTmpfsOptions(t *testing.T) {
	for text, ok := range map[string]bool{
		"": true, "size=1m,mode=1777": true, "exec,rw,uid=7": true, "bind": false, "rbind": false, "remount": false, "size": false,
		"source=/etc": false, "rw=1": false, "nosuid,lowerdir=/": false, "huge=always": true,
	} {
		if err := checkTmpfs(tmpfs("/x", text).Options); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestSecurityOptions(t *testing.T) {
	for text, want := range map[string]*security{
		"no-new-privileges":       {noNewPrivileges: true},
		"no-new-privileges:true":  {noNewPrivileges: true},
		"no-new-privileges=false": {},
		"seccomp=unconfined":      {seccomp: "unconfined"},
		"seccomp=builtin":         {seccomp: "builtin"},
		"no-new-privileges=maybe": nil,
		"apparmor=unconfined":     {},
		"apparmor=docker-default": nil,
		"label=disable":           {labels: []string{"disable"}},
		"label:type:x":            {labels: []string{"type:x"}},
		"writable-cgroups=false":  {},
		"writable-cgroups=true":   {writableCgroups: true},
		"writable-cgroups=maybe":  nil,
		"systempaths=unconfined":  {unmask: true},
		"systempaths=x":           nil,
		"nonsense":                nil,
		"what=ever":               nil,
	} {
		got, err := securityOptions([]string{text})
		if want == nil {
			if !errdefs.IsInvalidArgument(err) {
				t.Errorf("%q: %v", text, err)
			}
		} else if err != nil || !reflect.DeepEqual(got, *want) {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
}

// TestConflicts refuses what Docker refuses together.
func TestConflicts(t *testing.T) {
	port := map[string]struct{}{"80/tcp": {}}
	for name, c := range map[string]struct {
		config container.Config
		host   container.HostConfig
		words  string
	}{
		"the host's name and another":       {container.Config{Hostname: "box"}, container.HostConfig{UTSMode: "host"}, "hostname and the UTS mode"},
		"another's network, and a name":     {container.Config{Hostname: "box"}, container.HostConfig{NetworkMode: "container:x"}, "hostname and the network mode"},
		"another's network, and a resolver": {container.Config{}, container.HostConfig{NetworkMode: "container:x", DNSOptions: []string{"ndots:1"}}, "dns and the network mode"},
		"another's network, and hosts":      {container.Config{}, container.HostConfig{NetworkMode: "container:x", ExtraHosts: []string{"a:1.2.3.4"}}, "custom host-to-IP mapping and the network mode"},
		"another's network, and ports":      {container.Config{}, container.HostConfig{NetworkMode: "container:x", PublishAllPorts: true}, "port publishing"},
		"another's network, and exposing":   {container.Config{ExposedPorts: port}, container.HostConfig{NetworkMode: "container:x"}, "port exposing"},
		"another's network, and links":      {container.Config{}, container.HostConfig{NetworkMode: "container:x", Links: []string{"db"}}, "can't be used with links"},
		"the host's network, and links":     {container.Config{}, container.HostConfig{NetworkMode: "host", Links: []string{"db"}}, "can't be used with links"},
	} {
		if err := checkConflicts(&c.config, &c.host); !errdefs.IsInvalidArgument(err) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := checkConflicts(&container.Config{Hostname: "box", ExposedPorts: port}, &container.HostConfig{NetworkMode: "bridge"}); err != nil {
		t.Error(err)
	}
}

// TestWhatTugLacksIsRefused holds that no field is passed over.
func TestWhatTugLacksIsRefused(t *testing.T) {
	for _, h := range []container.HostConfig{
		{Cgroup: "container:x"},
		{StorageOpt: map[string]string{"size": "10G"}},
		{Resources: container.Resources{DeviceRequests: []container.DeviceRequest{{Driver: "nvidia", Count: -1}}}},
	} {
		if err := refused(&h); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%+v: %v", h, err)
		}
	}
}

// TestLimitsOfProcessesAndDevices refuses what the kernel would not take, or would take for something else.
func TestLimitsOfProcessesAndDevices(t *testing.T) {
	for name, r := range map[string]container.Resources{
		"a limit that is none":     {Ulimits: []container.Ulimit{{Name: "nofiles", Soft: 1, Hard: 1}}},
		"soft above hard":          {Ulimits: []container.Ulimit{{Name: "nofile", Soft: 2, Hard: 1}}},
		"unlimited above hard":     {Ulimits: []container.Ulimit{{Name: "nofile", Soft: -1, Hard: 1}}},
		"permissions of a device":  {Devices: []container.Device{{PathOnHost: "/dev/null", PathInContainer: "/dev/n", CgroupPermissions: "rwx"}}},
		"a relative path":          {Devices: []container.Device{{PathOnHost: "/dev/null", PathInContainer: "dev/n"}}},
		"a rule that is none":      {DeviceCgroupRules: []string{"c 1:3"}},
		"a device's little weight": {BlkioWeightDevice: []container.WeightDevice{{Path: "/dev/sda", Weight: 9}}},
	} {
		if err := cmp.Or(checkUlimits(r.Ulimits), checkDevices(&r)); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWritableCgroupsTakeGroupsThatCanBeGivenAway refuses them where a container could lift its own limits.
func TestWritableCgroupsTakeGroupsThatCanBeGivenAway(t *testing.T) {
	writable := security{writableCgroups: true}
	if err := writable.check(&container.HostConfig{}, true); err != nil {
		t.Error(err)
	}
	if err := writable.check(&container.HostConfig{}, false); !errdefs.IsInvalidArgument(err) {
		t.Errorf("on version 1: %v", err)
	}
	if err := writable.check(&container.HostConfig{CgroupnsMode: "host"}, true); !errdefs.IsInvalidArgument(err) {
		t.Errorf("in the host's namespace: %v", err)
	}
}
