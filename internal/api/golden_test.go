package api

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	"gotest.tools/v3/golden"

	"tug/internal/container"
	"tug/internal/engine"
	"tug/internal/network"
)

// specimen is a running container with something of everything. Its own time is fixed.
func specimen() (*container.Record, *engine.Details) {
	born := time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)
	timeout := 3
	r := &container.Record{
		ID: strings.Repeat("c0", 32), Name: "web", Created: born, ImageID: "sha256:" + strings.Repeat("1a", 32),
		Path: "nginx", Args: []string{"-g", "daemon off;"},
		Config: container.Config{
			Hostname: "web1", User: "www:www", Env: []string{"PATH=/bin", "A=b"}, Cmd: []string{"nginx", "-g", "daemon off;"}, Image: "nginx:1",
			ExposedPorts: map[string]struct{}{"80/tcp": {}, "443/tcp": {}}, Labels: map[string]string{"tier": "front"}, StopTimeout: &timeout,
			Healthcheck: &container.Healthcheck{Test: []string{"CMD", "true"}, Interval: time.Second},
		},
		Host: container.HostConfig{
			NetworkMode: "bridge", PortBindings: map[string][]container.PortBinding{"80/tcp": {{HostPort: "8080"}}}, DNS: []string{"10.0.0.53"},
			Tmpfs: map[string]string{"/run": "size=1m"}, Annotations: map[string]string{"owner": "ops"},
			Resources: container.Resources{Memory: 64 << 20, NanoCPUs: 5e8, Ulimits: []container.Ulimit{{Name: "nofile", Soft: 1, Hard: 2}}},
		},
		Networks: map[string]container.EndpointConfig{"backend": {Aliases: []string{"front"}, IPv4: "10.9.0.5", MAC: "02:42:0a:09:00:05"}},
		Mounts: []container.MountPoint{
			{Type: "volume", Name: "data", Source: "/var/lib/tug/volumes/data", Destination: "/data", Driver: "local", Mode: "z", RW: true},
			{Type: "bind", Source: "/srv", Destination: "/www", Mode: "ro", Propagation: "rprivate"},
			{Type: "tmpfs", Destination: "/run"},
		},
		State: container.State{
			Status: container.Running, Pid: 4711, StartedAt: born.Add(time.Second),
			Health: &container.Health{Status: "healthy", Log: []container.HealthResult{{Start: born, End: born, Output: "fine"}}},
			Live: &container.Live{Ports: map[string][]container.PortBinding{
				"80/tcp": {{HostIP: "0.0.0.0", HostPort: "8080"}, {HostIP: "::", HostPort: "8080"}},
			}},
		},
	}
	d := &engine.Details{
		LogPath: "/log", HostsPath: "/hosts", HostnamePath: "/hostname", ResolvConfPath: "/resolv.conf", Driver: "overlayfs", ImageName: "nginx:1",
		GraphDriver: map[string]string{"UpperDir": "/upper"}, ExecIDs: []string{"e1"},
		Endpoints: []network.Endpoint{
			{
				ID: "ep1", NetworkID: "net1", NetworkName: "bridge", IPv4: netip.MustParsePrefix("172.17.0.2/16"),
				Gateway4: netip.MustParseAddr("172.17.0.1"), MAC: net.HardwareAddr{2, 0x42, 0xac, 0x11, 0, 2},
			},
			{
				ID: "ep2", NetworkID: "net2", NetworkName: "backend", IPv4: netip.MustParsePrefix("10.9.0.5/24"), DNSNames: []string{"web", "front"},
				MAC: net.HardwareAddr{2, 0x42, 0xa, 9, 0, 5},
			},
		},
	}
	return r, d
}

// The versions at which the answers change.
var goldenVersions = []version{24, 44, 50, 56}

func TestContainerAsVersionsHaveIt(t *testing.T) {
	for _, v := range goldenVersions {
		r, d := specimen()
		golden.Assert(t, pretty(t, showContainer(r, d, v)), fmt.Sprintf("container-1.%d.json", v))
	}
}

func TestListedContainerAsVersionsHaveIt(t *testing.T) {
	for _, v := range goldenVersions {
		r, d := specimen()
		d.LinkNames = []string{"app/front"}
		golden.Assert(t, pretty(t, listContainer(r, d, v, r.Created.Add(time.Hour))), fmt.Sprintf("listed-container-1.%d.json", v))
	}
}

func TestBareContainer(t *testing.T) {
	r := &container.Record{ID: strings.Repeat("c0", 32), Name: "bare", Path: "sh", State: container.State{Status: container.Created}}
	golden.Assert(t, pretty(t, showContainer(r, &engine.Details{}, maxVersion)), "bare-container.json")
	golden.Assert(t, pretty(t, listContainer(r, &engine.Details{}, maxVersion, time.Time{})), "bare-listed-container.json")
}

func TestImageAsVersionsHaveIt(t *testing.T) {
	img := fakeImages{}.all()[0]
	for _, v := range goldenVersions {
		golden.Assert(t, pretty(t, showImage(&img, v).as(&img, v)), fmt.Sprintf("image-1.%d.json", v))
		golden.Assert(t, pretty(t, listImage(&img, img.Size, map[digest.Digest]int64{}, v)), fmt.Sprintf("listed-image-1.%d.json", v))
	}
}

func TestInfoAsVersionsHaveIt(t *testing.T) {
	i := newFake().Info(t.Context())
	for _, v := range []version{24, 56} {
		shown := pretty(t, showInfo(&i, v))
		var volatile map[string]any
		if err := json.Unmarshal([]byte(shown), &volatile); err != nil {
			t.Fatal(err)
		}
		delete(volatile, "SystemTime")
		for _, own := range []string{"NGoroutines", "NFd"} { // of the process
			if n, _ := volatile[own].(float64); n <= 0 {
				t.Errorf("%s is %v", own, volatile[own])
			}
			delete(volatile, own)
		}
		golden.Assert(t, pretty(t, volatile), fmt.Sprintf("info-1.%d.json", v))
	}
}

func TestStatusLines(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	ago := now.Add(-5 * time.Minute)
	for want, s := range map[string]container.State{
		"Up 5 minutes":                    {Status: container.Running, StartedAt: ago},
		"Up 5 minutes (healthy)":          {Status: container.Running, StartedAt: ago, Health: &container.Health{Status: "healthy"}},
		"Up 5 minutes (health: starting)": {Status: container.Running, StartedAt: ago, Health: &container.Health{Status: "starting"}},
		"Up 5 minutes (Paused)":           {Status: container.Paused, StartedAt: ago},
		"Restarting (1) 5 minutes ago":    {Status: container.Restarting, ExitCode: 1, FinishedAt: ago},
		"Exited (137) 5 minutes ago":      {Status: container.Exited, ExitCode: 137, FinishedAt: ago},
		"Created":                         {Status: container.Created},
		"Removal In Progress":             {Status: container.Removing},
		"Dead":                            {Status: container.Dead},
	} {
		if got := statusLine(&s, now); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func pretty(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}
