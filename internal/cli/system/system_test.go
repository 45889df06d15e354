package system

import (
	"bytes"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/api/types/swarm"
	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"

	"tug/internal/cli/session"
)

func testSession() *session.Session {
	return session.New(io.NopCloser(strings.NewReader("")), io.Discard, io.Discard, func(name string) string {
		if strings.HasSuffix(name, "_CONFIG") {
			return "/nonexistent"
		}
		return ""
	}, session.Version{Number: "1.2.3"})
}

func TestTheOlderVersionOfBothSidesIsSpoken(t *testing.T) {
	for offered, want := range map[string]string{"": client.MaxAPIVersion, "1.41": "1.41", "1.999": client.MaxAPIVersion} {
		if got := spoken(offered); got != want {
			t.Errorf("%q: %s", offered, got)
		}
	}
}

func TestADaemonThatListsNoComponentsIsTheEngine(t *testing.T) {
	v := versions{
		Client: clientVersion{Version: "1", APIVersion: "1.41", DefaultAPIVersion: "1.56", Context: "far"},
		Server: describeServer(client.ServerVersionResult{Version: "2", APIVersion: "1.41", MinAPIVersion: "1.24", Os: "linux", Arch: "amd64"}),
	}
	var out bytes.Buffer
	writeVersions(&out, v)
	const want = `Client:
 Version:	1
 API version:	1.41 (downgraded from 1.56)
 Go version:	
 Git commit:	
 Built:	
 OS/Arch:	/
 Context:	far

Server:
 Engine:
  Version:	2
  API version:	1.41 (minimum version 1.24)
  Go version:	
  Git commit:	
  Built:	
  OS/Arch:	linux/amd64
  Experimental:	`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestInfoLeavesOutWhatTheDaemonDoesNotSay(t *testing.T) {
	var out bytes.Buffer
	writeServer(&out, information{UserName: "me", Info: &system.Info{
		Containers: 2, ContainersRunning: 1, ContainersStopped: 1, Images: 3,
		ServerVersion: "1.2.3", Driver: "overlayfs", DriverStatus: [][2]string{{"a", "b"}},
		Plugins: system.PluginsInfo{Volume: []string{"local"}, Network: []string{"bridge", "host"}, Log: []string{"json-file"}},
		Swarm:   swarm.Info{LocalNodeState: swarm.LocalNodeStateInactive},
		OSType:  "linux", NCPU: 2, MemTotal: 1 << 30, DockerRootDir: "/var/lib/tug",
		SecurityOptions: []string{"name=seccomp,profile=builtin", "name=userns"},
		RegistryConfig: &registry.ServiceConfig{
			InsecureRegistryCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
			IndexConfigs:          map[string]*registry.IndexInfo{"docker.io": {Name: "docker.io", Secure: true}, "reg": {Name: "reg"}},
			Mirrors:               []string{"http://mirror"},
		},
		DefaultAddressPools: []system.NetworkAddressPool{{Base: netip.MustParsePrefix("10.0.0.0/8"), Size: 24}},
	}}, false)
	const want = ` Containers: 2
  Running: 1
  Paused: 0
  Stopped: 1
 Images: 3
 Server Version: 1.2.3
 Storage Driver: overlayfs
  a: b
 Plugins:
  Volume: local
  Network: bridge host
  Log: json-file
 Swarm: inactive
 Init Binary: 
 containerd version: 
 runc version: 
 init version: 
 Security Options:
  seccomp
   Profile: builtin
  userns
 OSType: linux
 CPUs: 2
 Total Memory: 1GiB
 Docker Root Dir: /var/lib/tug
 Debug Mode: false
 Username: me
 Experimental: false
 Insecure Registries:
  reg
  127.0.0.0/8
 Registry Mirrors:
  http://mirror
 Live Restore Enabled: false
 Default Address Pools:
   Base: 10.0.0.0/8, Size: 24

`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestKindsThatInspectKnows(t *testing.T) {
	all, err := kindsNamed("", false)
	var names []string
	for _, k := range all {
		names = append(names, k.name)
	}
	if err != nil || !slices.Equal(names, []string{"container", "image", "network", "volume"}) {
		t.Errorf("%v, %v", names, err)
	}
	if one, err := kindsNamed("image", true); err != nil || len(one) != 1 || one[0].name != "image" {
		t.Errorf("%v, %v", one, err)
	}
	for name, want := range map[string]string{
		"":       `type is empty: must be one of "container", "image", "network", "volume"`,
		"plugin": `there are no objects of type "plugin": tug runs no swarm and no plugins`,
		"foo":    `unknown type: "foo": must be one of "container", "image", "network", "volume"`,
	} {
		if _, err := kindsNamed(name, true); err == nil || err.Error() != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestPruneSaysWhatWillGo(t *testing.T) {
	s := testSession()
	got, err := pruneWarning(s, false, false, client.Filters{"label": {"b=1": true, "a=10": true, "a=9": true}})
	const want = `WARNING! This will remove:
  - all stopped containers
  - all networks not used by at least one container
  - all dangling images
  - unused build cache

  Items to be pruned will be filtered with:
  - label=a=9
  - label=a=10
  - label=b=1

`
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	all, err := pruneWarning(s, true, true, nil)
	for _, line := range []string{"  - all anonymous volumes not", "  - all images without", "  - all build cache\n"} {
		if err != nil || !strings.Contains(all, line) {
			t.Errorf("no %q in %q, %v", line, all, err)
		}
	}
	if _, err := pruneWarning(s, false, true, client.Filters{"until": {"1h": true}}); err == nil {
		t.Error("volumes are pruned by their age")
	}
}
