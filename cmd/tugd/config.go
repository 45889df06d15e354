package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tug/internal/engine"
	"tug/internal/fault"
	"tug/internal/ipam"
)

// version is that of this build; the Makefile sets it, the commit and the time.
var (
	version = "0.1.0"
	commit  = "unknown"
	built   = ""
)

var errHelp = errors.New("help was asked for")

// config is what the daemon is told, by flags and, below them, by the configuration file; its JSON keys are those of
// dockerd's daemon.json.
type config struct {
	Hosts        list          `json:"hosts"`
	DataRoot     string        `json:"data-root"`
	ExecRoot     string        `json:"exec-root"`
	Pidfile      string        `json:"pidfile"`
	Bridge       string        `json:"bridge"`
	BridgeIP     string        `json:"bip"`
	Pools        []poolSpec    `json:"default-address-pools"`
	CgroupParent string        `json:"cgroup-parent"`
	Group        string        `json:"group"`
	UserNS       string        `json:"userns"`
	LogLevel     string        `json:"log-level"`
	Debug        bool          `json:"debug"`
	Labels       list          `json:"labels"`
	LayerBlobs   string        `json:"layer-blobs"`
	Shim         string        `json:"shim"`
	Slots        int           `json:"warm-slots"`
	Runtimes     runtimes      `json:"runtimes"`
	Runtime      string        `json:"default-runtime"`
	Proxies      proxies       `json:"proxies"`
	Builder      builderConfig `json:"builder"`
	registries
	defaults
}

// poolSpec is one of the default address pools.
type poolSpec struct {
	Base string `json:"base"`
	Size int    `json:"size"`
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(v string) error { *l = append(*l, v); return nil }

// configure reads flags and the configuration file. A key in both is an error, as with dockerd.
func configure(args []string) (*config, error) {
	c := &config{}
	var file string
	f := flag.NewFlagSet("tugd", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Var(&c.Hosts, "H", "listen on `ADDRESS`: unix:///path, tcp://host:port or fd:// (socket activation); may be repeated")
	f.Var(&c.Hosts, "host", "the same as -H")
	f.StringVar(&c.DataRoot, "data-root", "/var/lib/tug", "`FOLDER` of images, containers and volumes")
	f.StringVar(&c.ExecRoot, "exec-root", "/run/tug", "`FOLDER` of what ends with a reboot")
	f.StringVar(&c.Pidfile, "pidfile", "", "`FILE` for the daemon's pid (default: tugd.pid in the exec root)")
	f.StringVar(&c.Bridge, "bridge", "tug0", "interface `NAME` of the default bridge, or none")
	f.StringVar(&c.BridgeIP, "bip", "", "`ADDRESS` of the default bridge with the length of its subnet, 172.17.0.1/16")
	f.Func("default-address-pool", "`POOL` that networks' subnets are taken from, base=10.0.0.0/8,size=24; may be repeated", func(v string) error {
		p, err := parsePool(v)
		c.Pools = append(c.Pools, p)
		if err != nil {
			return errors.New(fault.Words(err)) // all that package flag keeps of it
		}
		return nil
	})
	f.StringVar(&c.CgroupParent, "cgroup-parent", "/tug", "`PATH` of the cgroup, or name of the systemd slice, below which containers' cgroups lie")
	f.StringVar(&c.Group, "group", "", "`GROUP` that may use the unix socket (default: docker if there is one, else root)")
	f.StringVar(&c.UserNS, "userns", "auto", "`auto`: each container has a user namespace of its own; host: its root is the host's")
	f.StringVar(&c.LogLevel, "log-level", "info", "`LEVEL`: debug, info, warn or error")
	f.BoolVar(&c.Debug, "debug", false, "log everything")
	f.BoolVar(&c.Debug, "D", false, "the same as --debug")
	f.Var(&c.Labels, "label", "`KEY=VALUE` that info tells of this daemon; may be repeated")
	c.registries.flags(f)
	c.Proxies.flags(f)
	f.StringVar(&c.LayerBlobs, "layer-blobs", "keep", "`keep` pulled layers as they came beside their files, or drop them: their registry is asked again when they are pushed or saved")
	f.StringVar(&c.Shim, "shim", "", "`PROGRAM` tug-shim (default: beside tugd)")
	f.IntVar(&c.Slots, "warm-slots", 4, "how many containers are prepared for ahead of need")
	f.Var(&c.Runtimes, "add-runtime", "OCI runtime of the host that containers may ask for, `NAME=PATH`; may be repeated")
	f.StringVar(&c.Runtime, "default-runtime", "tug", "`NAME` of the runtime of containers that ask for none")
	c.defaults.flags(f)
	f.StringVar(&file, "config-file", "", "`FILE` of settings in JSON (default: /etc/tug/daemon.json if it is there)")
	show := f.Bool("version", false, "print the version and end")
	f.BoolVar(show, "v", false, "the same as --version")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Println("usage: tugd [flags]\n\nThe daemon of the container engine tug.\n\nFlags:")
			f.SetOutput(os.Stdout)
			f.PrintDefaults()
			return nil, errHelp
		}
		return nil, fmt.Errorf("%w\nRun 'tugd --help' for the flags", err)
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q\nRun 'tugd --help' for the flags", f.Arg(0))
	}
	if *show {
		fmt.Printf("tugd version %s, build %s\n", version, commit)
		return nil, errHelp
	}
	given := map[string]bool{}
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if err := c.readFile(file, given); err != nil {
		return nil, err
	}
	return c, c.complete()
}

// complete fills in what depends on other settings, and checks all.
func (c *config) complete() error {
	if len(c.Hosts) == 0 {
		c.Hosts = list{"unix://" + filepath.Join(c.ExecRoot, "tugd.sock")}
	}
	if c.Pidfile == "" {
		c.Pidfile = filepath.Join(c.ExecRoot, "tugd.pid")
	}
	for _, p := range []*string{&c.DataRoot, &c.ExecRoot} {
		abs, err := filepath.Abs(*p)
		if err != nil {
			return err
		}
		*p = abs
	}
	if len(c.ExecRoot) > 60 {
		return fmt.Errorf("--exec-root %s: the path is too long for sockets below it: at most 60 characters", c.ExecRoot)
	}
	if c.UserNS != "auto" && c.UserNS != "host" {
		return fmt.Errorf("--userns %s: it is auto or host", c.UserNS)
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error", "fatal"}, c.LogLevel) {
		return fmt.Errorf("--log-level %s: it is debug, info, warn or error", c.LogLevel)
	}
	if c.LayerBlobs != "keep" && c.LayerBlobs != "drop" {
		return fmt.Errorf("--layer-blobs %s: it is keep or drop", c.LayerBlobs)
	}
	if c.Slots < 0 || c.Slots > 100 {
		return fmt.Errorf("--warm-slots %d: it is 0 to 100", c.Slots)
	}
	if _, err := c.Runtimes.set(c.Runtime); err != nil {
		return err
	}
	if err := errors.Join(c.registries.complete(), c.Proxies.check(), c.defaults.complete()); err != nil {
		return err
	}
	if _, err := c.Builder.options(); err != nil {
		return err
	}
	settings := c.settings()
	if err := settings.Check(); err != nil {
		return err
	}
	if c.Shim == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		c.Shim = filepath.Join(filepath.Dir(self), "tug-shim")
	}
	if _, err := os.Stat(c.Shim); err != nil {
		return fmt.Errorf("the program tug-shim: %w: put it beside tugd, or name it with --shim", err)
	}
	if os.Getuid() != 0 {
		return errors.New("tugd needs to be root: run it with sudo")
	}
	return nil
}

func (c *config) level() slog.Level {
	switch {
	case c.Debug || c.LogLevel == "debug":
		return slog.LevelDebug
	case c.LogLevel == "warn":
		return slog.LevelWarn
	case c.LogLevel == "error" || c.LogLevel == "fatal":
		return slog.LevelError
	}
	return slog.LevelInfo
}

func (c *config) engine(log *slog.Logger) engine.Options {
	o := engine.Options{
		DataRoot: c.DataRoot, ExecRoot: c.ExecRoot, Shim: c.Shim, Bridge: c.Bridge, BridgeIP: c.BridgeIP, CgroupParent: c.CgroupParent,
		UserNS: c.UserNS == "auto", Slots: c.Slots, DropBlobs: c.LayerBlobs == "drop", Settings: c.settings(), Log: log,
		Build: engine.Version{Version: version, GitCommit: commit, BuildTime: built},
	}
	o.Builder, _ = c.Builder.options() // checked by complete
	for _, p := range c.Pools {
		base, _ := netip.ParsePrefix(p.Base) // checked by parsePool
		o.Pools = append(o.Pools, ipam.Pool{Base: base, Size: p.Size})
	}
	return o
}

// settings are what can change while the engine runs.
func (c *config) settings() engine.Settings {
	s := engine.Settings{Reach: c.reach(), Defaults: c.given, Labels: c.Labels, Debug: c.Debug}
	s.Runtimes, _ = c.Runtimes.set(c.Runtime) // checked by complete
	return s
}

// parsePool reads "base=10.0.0.0/8,size=24".
func parsePool(text string) (p poolSpec, err error) {
	for kv := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(kv, "=")
		switch key {
		case "base":
			p.Base = value
		case "size":
			if p.Size, err = strconv.Atoi(value); err != nil {
				return p, fmt.Errorf("size %q is no number", value)
			}
		default:
			return p, fmt.Errorf("unknown key %q: a pool is like base=10.0.0.0/8,size=24", key)
		}
	}
	return p, p.check()
}

// UnmarshalJSON reads a pool of the configuration file.
func (p *poolSpec) UnmarshalJSON(data []byte) error {
	type plain poolSpec
	if err := json.Unmarshal(data, (*plain)(p)); err != nil {
		return err
	}
	return p.check()
}

func (p poolSpec) check() error {
	base, err := netip.ParsePrefix(p.Base)
	if err != nil {
		return fmt.Errorf("base %q: %w", p.Base, err)
	}
	return ipam.Pool{Base: base, Size: p.Size}.Check()
}
