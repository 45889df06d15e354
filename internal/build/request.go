package build

import (
	"encoding/csv"
	"fmt"
	"maps"
	"strconv"
	"strings"

	controlapi "github.com/moby/buildkit/api/services/control"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/moby/buildkit/identity"
	"github.com/moby/buildkit/solver/pb"

	"tug/internal/stepplace"
)

// request says to BuildKit what is asked for.
func (c *Classic) request() *controlapi.SolveRequest {
	r := &controlapi.SolveRequest{Ref: identity.NewID(), Frontend: "dockerfile.v0", FrontendAttrs: c.attributes(), Cache: &controlapi.CacheOptions{}}
	if c.Network == "host" {
		r.Entitlements = []string{"network.host"}
	}
	for _, o := range c.outputs() {
		if o.Type == "cacheonly" {
			continue
		}
		attrs := maps.Clone(o.Attrs)
		if o.Type == mobyExporter && attrs[string(exptypes.OptKeyName)] == "" && len(c.Tags) > 0 {
			attrs = map[string]string{}
			maps.Copy(attrs, o.Attrs)
			attrs[string(exptypes.OptKeyName)] = strings.Join(c.Tags, ",")
		}
		r.Exporters = append(r.Exporters, &controlapi.Exporter{Type: o.Type, Attrs: attrs})
	}
	return r
}

func (c *Classic) outputs() []Output {
	if len(c.Outputs) == 0 {
		return []Output{{Type: mobyExporter}}
	}
	return c.Outputs
}

// attributes are what the frontend for Dockerfiles is told (package dockerui reads them). It takes the absence of a limit for none.
func (c *Classic) attributes() map[string]string {
	a := map[string]string{"image-resolve-mode": pb.AttrImageResolveModePreferLocal}
	if c.Pull && c.Trace { // or else the engine has looked for a newer one
		a["image-resolve-mode"] = pb.AttrImageResolveModeForcePull
	}
	if !c.Trace { // to the classic builder "# syntax=" is a comment; where a frontend was called with words already, BuildKit's does not look for it
		a["cmdline"] = "classic"
	}
	set := func(key, value string) {
		if value != "" {
			a[key] = value
		}
	}
	set("filename", c.Dockerfile)
	set("context", c.Remote)
	set("target", c.Target)
	set("cache-from", strings.Join(c.CacheFrom, ",")) // names of images; the frontend asks for them
	set("platform", c.Platform)
	set("add-hosts", list(hostTexts(c.ExtraHosts)))
	set("ulimit", list(ulimitTexts(c.Ulimits)))
	if c.NoCache {
		a["no-cache"] = ""
	}
	for k, v := range c.BuildArgs {
		a["build-arg:"+k] = v
	}
	for k, v := range c.Labels {
		a["label:"+k] = v
	}
	network := c.Network
	switch network {
	case "host", "none":
		a["force-network-mode"], network = network, ""
	case "default":
		network = ""
	}
	set("cgroup-parent", stepplace.Text(network, c.CgroupParent))
	l := &c.Limits
	for key, n := range map[string]int64{
		"memory": l.Memory, "memswap": l.MemorySwap, "cpushares": l.CPUShares, "cpuperiod": l.CPUPeriod, "cpuquota": l.CPUQuota, "shm-size": l.ShmSize,
	} {
		if n != 0 {
			a[key] = strconv.FormatInt(n, 10)
		}
	}
	set("cpusetcpus", l.CpusetCpus)
	set("cpusetmems", l.CpusetMems)
	return a
}

func hostTexts(hosts []string) (texts []string) {
	for _, h := range hosts {
		name, address, _ := strings.Cut(h, ":")
		texts = append(texts, name+"="+strings.Trim(address, "[]"))
	}
	return texts
}

func ulimitTexts(limits []Ulimit) (texts []string) {
	for _, u := range limits {
		texts = append(texts, fmt.Sprintf("%s=%d:%d", u.Name, u.Soft, u.Hard))
	}
	return texts
}

// list writes a list as comma-separated values.
func list(values []string) string {
	if len(values) == 0 {
		return ""
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(values) // to memory
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}
