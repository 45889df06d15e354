package api

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/distribution/reference"
	moby "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/registry"

	"tug/internal/build"
	"tug/internal/image"
)

// What a client may say of where a context is, besides a repository and a URL.
const (
	inSession     = "client-session" // in its session
	uploadRequest = "upload-request" // in another request
)

// takeBuild reads what is to be built. What is not known here, such as security options, is refused where Docker refuses it. Steps leave no containers,
// so that it makes no difference whether they are to be removed.
func (c *call) takeBuild() (*build.Classic, error) {
	q := c.query
	b := &build.Classic{
		Dockerfile: q.Get("dockerfile"), Target: q.Get("target"), Remote: q.Get("remote"), NoCache: c.flag("nocache"), Pull: c.flag("pull"),
		Network: q.Get("networkmode"), CgroupParent: q.Get("cgroupparent"), Ref: q.Get("buildid"),
	}
	for _, take := range []func(*build.Classic) error{c.refuseBuild, c.takeBuilder, c.takeTags, c.takeBuildLimits, c.takeBuildJSON, c.takeBuildPlatform, c.takeExtraHosts} {
		if err := take(b); err != nil {
			return nil, err
		}
	}
	b.Credentials = c.registryCredentials()
	return b, nil
}

// refuseBuild refuses what builds cannot do.
func (c *call) refuseBuild(*build.Classic) error {
	if c.flag("squash") {
		return invalid("squash is not supported: put what belongs in one layer in one RUN, or copy the result into a stage of its own (COPY --from)")
	}
	if c.query.Has("securityopt") {
		return invalid("security options are not supported on linux")
	}
	if i := c.query.Get("isolation"); i != "" && !strings.EqualFold(i, "default") {
		return invalid("unsupported isolation: %q: only Windows has others than default", i)
	}
	return nil
}

// takeBuilder reads which builder a client speaks of, and where the context is.
func (c *call) takeBuilder(b *build.Classic) error {
	switch v := c.query.Get("version"); v {
	case "", "1":
	case "2":
		b.Trace, b.Session = true, c.query.Get("session")
	default:
		return invalid("invalid version %q: it is 1, or 2 for BuildKit", v)
	}
	switch {
	case b.Remote == inSession:
		if b.Session == "" {
			return invalid("the context is said to be in a session, and no session is named")
		}
		b.Remote = ""
	case b.Remote == uploadRequest:
		if b.Ref == "" || !b.Trace {
			return invalid("the context is said to come in another request: that is done with version 2 and a buildid, by which that request names this one")
		}
		b.Remote, b.Upload = "", true
	case b.Remote == "":
		b.Context = c.r.Body
	}
	return nil
}

// takeTags reads what the image is to be called.
func (c *call) takeTags(b *build.Classic) error {
	for _, t := range c.query["t"] {
		if t == "" {
			continue
		}
		named, err := reference.ParseNormalizedNamed(t)
		if err != nil {
			return invalid("invalid tag %q: invalid reference format: %w", t, err)
		}
		if _, digested := named.(reference.Digested); digested {
			return invalid("build tag cannot contain a digest: %q", t)
		}
		if full := reference.TagNameOnly(named).String(); !slices.Contains(b.Tags, full) {
			b.Tags = append(b.Tags, full)
		}
	}
	return nil
}

// takeBuildLimits reads the limits for steps. Docker takes what is no number for none, from which nobody learns why it does not apply.
func (c *call) takeBuildLimits(b *build.Classic) error {
	l := &b.Limits
	for name, to := range map[string]*int64{
		"memory": &l.Memory, "memswap": &l.MemorySwap, "cpushares": &l.CPUShares, "cpuperiod": &l.CPUPeriod, "cpuquota": &l.CPUQuota, "shmsize": &l.ShmSize,
	} {
		text := c.query.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return invalid("invalid value for %s: %q is not a whole number", name, text)
		}
		if n < 0 && name != "memswap" {
			return invalid("invalid value for %s: %d is less than nothing", name, n)
		}
		*to = n
	}
	l.CpusetCpus, l.CpusetMems = c.query.Get("cpusetcpus"), c.query.Get("cpusetmems")
	return nil
}

// takeBuildJSON reads the parameters that are JSON.
func (c *call) takeBuildJSON(b *build.Classic) error {
	args, limits, outputs := map[string]*string{}, []*moby.Ulimit{}, []build.Output{}
	for _, p := range []struct {
		name, what string
		to         any
	}{
		{"buildargs", "build args", &args},
		{"labels", "labels", &b.Labels},
		{"cachefrom", "cache-from", &b.CacheFrom},
		{"ulimits", "ulimit settings", &limits},
		{"outputs", "outputs", &outputs},
	} {
		if text := c.query.Get(p.name); text != "" {
			if err := json.Unmarshal([]byte(text), p.to); err != nil {
				return invalid("error reading %s: %w", p.what, err)
			}
		}
	}
	b.BuildArgs = map[string]string{}
	for k, v := range args {
		if v != nil { // one without a value that the client's environment does not have either counts as not given
			b.BuildArgs[k] = *v
		}
	}
	for _, u := range limits {
		if u == nil {
			return invalid("error reading ulimit settings: a limit is null")
		}
		b.Ulimits = append(b.Ulimits, build.Ulimit{Name: u.Name, Soft: u.Soft, Hard: u.Hard})
	}
	for _, o := range outputs {
		if !b.Trace && o.Type != "cacheonly" {
			return invalid("output %q needs BuildKit: the classic builder makes images only", o.Type)
		}
	}
	b.Outputs = outputs
	return nil
}

// takeBuildPlatform reads what the image is to be for.
func (c *call) takeBuildPlatform(b *build.Classic) error {
	text := c.query.Get("platform")
	if text == "" || c.before(32) {
		return nil
	}
	for one := range strings.SplitSeq(text, ",") {
		if _, err := image.ParsePlatform(one); err != nil {
			return err
		}
	}
	if strings.Contains(text, ",") && !b.Trace {
		return invalid("name one platform: images for several (%s) are built with BuildKit", text)
	}
	b.Platform = text
	return nil
}

// takeExtraHosts reads "name:address" or, as BuildKit has it, "name=address".
func (c *call) takeExtraHosts(b *build.Classic) error {
	for _, h := range c.query["extrahosts"] {
		if h == "" {
			continue
		}
		if name, address, ok := strings.Cut(h, "="); ok && !strings.Contains(name, ":") {
			h = name + ":" + address
		}
		b.ExtraHosts = append(b.ExtraHosts, h)
	}
	return nil
}

// registryConfig is the header with credentials by registry. One that cannot be read counts as none, as with Docker.
const registryConfig = "X-Registry-Config"

func (c *call) registryCredentials() build.Credentials {
	text := c.r.Header.Get(registryConfig)
	if text == "" {
		return nil
	}
	var known map[string]registry.AuthConfig
	plain := base64.NewDecoder(base64.URLEncoding, strings.NewReader(text))
	if err := json.NewDecoder(plain).Decode(&known); err != nil {
		return nil
	}
	all := build.Credentials{}
	for host, a := range known {
		all[host] = build.Credential{Username: a.Username, Password: a.Password, IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken}
	}
	return all
}
