package build

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/session/auth"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tug/internal/stepplace"
)

func TestClassicRequestBecomesASolve(t *testing.T) {
	c := &Classic{
		Dockerfile: "df", Tags: []string{"docker.io/library/a:1", "docker.io/library/a:2"}, Target: "t", Platform: "linux/arm64", NoCache: true, CacheFrom: []string{"c:1"},
		BuildArgs: map[string]string{"A": "b,c"}, Labels: map[string]string{"l": "v"}, Network: "mynet", CgroupParent: "/p",
		ExtraHosts: []string{"db:192.0.2.1", "six:[::1]"}, Ulimits: []Ulimit{{"nofile", 10, 20}, {"core", 0, 0}},
		Limits: Limits{Memory: 1 << 20, MemorySwap: -1, CPUShares: 2, CPUPeriod: 3, CPUQuota: 4, CpusetCpus: "0-1", CpusetMems: "0", ShmSize: 5},
	}
	r := c.request()
	want := map[string]string{
		"image-resolve-mode": "local", "cmdline": "classic", "filename": "df", "target": "t", "platform": "linux/arm64", "no-cache": "", "cache-from": "c:1", "build-arg:A": "b,c", "label:l": "v",
		"cgroup-parent": "tug-network=mynet;/p", "add-hosts": "db=192.0.2.1,six=::1", "ulimit": "nofile=10:20,core=0:0",
		"memory": "1048576", "memswap": "-1", "cpushares": "2", "cpuperiod": "3", "cpuquota": "4", "cpusetcpus": "0-1", "cpusetmems": "0", "shm-size": "5",
	}
	if diff := cmp.Diff(want, r.FrontendAttrs); diff != "" {
		t.Error(diff)
	}
	if len(r.Exporters) != 1 || r.Exporters[0].Type != mobyExporter || r.Exporters[0].Attrs["name"] != "docker.io/library/a:1,docker.io/library/a:2" {
		t.Errorf("it exports %v", r.Exporters)
	}
	if network, parent, err := stepplace.Parse(r.FrontendAttrs["cgroup-parent"]); network != "mynet" || parent != "/p" || err != nil {
		t.Errorf("its place is read as %q, %q: %v", network, parent, err)
	}
}

func TestNoLimitIsNotSaid(t *testing.T) {
	r := (&Classic{Network: "host", Outputs: []Output{{Type: "cacheonly"}}}).request()
	if diff := cmp.Diff(map[string]string{"image-resolve-mode": "local", "cmdline": "classic", "force-network-mode": "host"}, r.FrontendAttrs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"network.host"}, r.Entitlements); diff != "" {
		t.Error(diff)
	}
	if len(r.Exporters) != 0 {
		t.Errorf("it exports %v", r.Exporters)
	}
}

func TestCredentialsGoToTheirRegistryOnly(t *testing.T) {
	c := Credentials{"https://index.docker.io/v1/": {Username: "hub"}, "r.example": {Username: "r"}, "https://s.example/v2/": {Username: "s"}}
	for host, want := range map[string]string{"docker.io": "hub", "registry-1.docker.io": "hub", "r.example": "r", "s.example": "s", "t.example": "", "example": ""} {
		if got := c.For(host).Username; got != want {
			t.Errorf("%s gets %q and not %q", host, got, want)
		}
	}
}

func TestARegistryTokenIsNotPassedOver(t *testing.T) {
	k := &keeper{credentials: Credentials{"a.example": {RegistryToken: "t"}, "b.example": {IdentityToken: "i"}}}
	if _, err := k.Credentials(t.Context(), &auth.CredentialsRequest{Host: "a.example"}); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "a.example") {
		t.Error(err)
	}
	if c, err := k.Credentials(t.Context(), &auth.CredentialsRequest{Host: "b.example"}); err != nil || c.Secret != "i" {
		t.Errorf("%v, %v", c, err)
	}
}
