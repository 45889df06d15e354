package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// args are flags that every configuration here needs: the shim lies beside the test's program, the file elsewhere.
func args(t *testing.T, file string, more ...string) []string {
	t.Helper()
	dir := t.TempDir()
	shim, path := filepath.Join(dir, "tug-shim"), filepath.Join(dir, "daemon.json")
	for name, text := range map[string]string{shim: "", path: file} {
		if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return append([]string{"--shim", shim, "--config-file", path}, more...)
}

// compared lets tests see all of a configuration.
var compared = cmp.AllowUnexported(config{}, defaults{}, registries{})

func TestDefaults(t *testing.T) {
	c, err := configure(args(t, "{}"))
	if err != nil {
		t.Fatal(err)
	}
	c.Shim = ""
	want := &config{
		Hosts: list{"unix:///run/tug/tugd.sock"}, DataRoot: "/var/lib/tug", ExecRoot: "/run/tug", Pidfile: "/run/tug/tugd.pid",
		Bridge: "tug0", CgroupParent: "/tug", UserNS: "auto", LogLevel: "info", Slots: 4, Runtime: "tug",
		LayerBlobs: "keep",
		registries: registries{CertsDirs: list{"/etc/tug/certs.d", "/etc/containerd/certs.d", "/etc/docker/certs.d"}, MaxDownloads: 6, MaxUploads: 6},
	}
	if d := cmp.Diff(want, c, compared); d != "" {
		t.Error(d)
	}
}

// TestFlagsAndFile says the same by flags and by dockerd's keys in the file.
func TestFlagsAndFile(t *testing.T) {
	byFlags, err := configure(args(t, "{}", "-H", "unix:///x", "--host", "tcp://127.0.0.1:1", "--data-root", "/d", "--exec-root", "/e", "--bip", "10.9.0.1/24",
		"--default-address-pool", "base=10.0.0.0/8,size=24", "--registry-mirror", "https://m", "--insecure-registry", "r:5000", "--userns", "host", "-D", "--label", "a=b", "--max-concurrent-downloads", "2", "--max-concurrent-uploads", "3", "--warm-slots", "0",
		"--no-new-privileges", "--default-ulimit", "nofile=10:20", "--log-driver", "local", "--log-opt", "max-size=1m", "--default-pids-limit", "7", "--seccomp-profile", "unconfined",
		"--http-proxy", "p:1", "--https-proxy", "http://q:2", "--no-proxy", "x,y"))
	if err != nil {
		t.Fatal(err)
	}
	byFile, err := configure(args(t, `{"hosts": ["unix:///x", "tcp://127.0.0.1:1"], "data-root": "/d", "exec-root": "/e", "bip": "10.9.0.1/24",
		"default-address-pools": [{"base": "10.0.0.0/8", "size": 24}], "registry-mirrors": ["https://m"], "insecure-registries": ["r:5000"],
		"userns": "host", "debug": true, "labels": ["a=b"], "max-concurrent-downloads": 2, "max-concurrent-uploads": 3, "warm-slots": 0, "no-new-privileges": true, "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 10, "Hard": 20}},
		"log-driver": "local", "log-opts": {"max-size": "1m"}, "default-pids-limit": 7, "seccomp-profile": "unconfined",
		"proxies": {"http-proxy": "p:1", "https-proxy": "http://q:2", "no-proxy": "x,y"}}`))
	if err != nil {
		t.Fatal(err)
	}
	byFlags.Shim, byFile.Shim = "", ""
	if d := cmp.Diff(byFlags, byFile, compared); d != "" {
		t.Error(d)
	}
	o := byFlags.engine(slog.New(slog.DiscardHandler))
	if o.UserNS || o.Settings.Reach.Mirrors["docker.io"][0] != "https://m" || len(o.Pools) != 1 || o.Pools[0].Size != 24 || byFlags.level() != slog.LevelDebug {
		t.Errorf("the engine gets %+v", o)
	}
}

func TestWhatIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		file  string
		flags []string
		says  string
	}{
		"unknown flag":             {"{}", []string{"--nothing"}, "tugd --help"},
		"an argument":              {"{}", []string{"start"}, "unexpected argument"},
		"given twice":              {`{"bridge": "x"}`, []string{"--bridge", "y"}, "give it once"},
		"hosts twice":              {`{"hosts": ["unix:///x"]}`, []string{"--host", "unix:///y"}, "give it once"},
		"hosts twice, short":       {`{"hosts": ["unix:///x"]}`, []string{"-H", "unix:///y"}, "give it once"},
		"debug twice, short":       {`{"debug": false}`, []string{"-D"}, "give it once"},
		"mirrors twice":            {`{"registry-mirrors": ["https://a"]}`, []string{"--registry-mirror", "https://b"}, "give it once"},
		"pools twice":              {`{"default-address-pools": []}`, []string{"--default-address-pool", "base=10.0.0.0/8,size=24"}, "give it once"},
		"unknown key":              {`{"bridges": "x"}`, nil, "bridges"},
		"a near key":               {`{"registry-mirror": []}`, nil, `"registry-mirror" is no setting: did you mean "registry-mirrors"?`},
		"a key in capitals":        {`{"Debug": true}`, nil, `did you mean "debug"?`},
		"many unknown keys":        {`{"bridges": "x", "nothing-like-it": 1, "debug": "yes"}`, nil, "daemon.json:\n  \"bridges\" is no setting: did you mean \"bridge\"?\n  \"debug\": here is a string, and it takes true or false, without quotes\n  \"nothing-like-it\" is no setting: 'tugd --help' shows"},
		"a key of dockerd's":       {`{"live-restore": true}`, nil, "take it out: containers always go on without the daemon"},
		"no JSON":                  {`bridge = x`, nil, "daemon.json: line 1: "},
		"a comma too many":         {"{\n\"debug\": true,\n}", nil, "daemon.json: line 3: "},
		"a list of settings":       {`["debug"]`, nil, "settings are one object"},
		"a key of another type":    {`{"bridge": 7}`, nil, `"bridge": here is a number, and it takes a string`},
		"a word for a list":        {`{"registry-mirrors": "https://m"}`, nil, `it takes a list, ["..."]`},
		"a word for a number":      {`{"warm-slots": "7"}`, nil, `"warm-slots": here is a string, and it takes a number`},
		"an insecure path":         {`{"insecure-registries": ["http://reg:5000/v2"]}`, nil, `"reg:5000/v2" is not HOST[:PORT]`},
		"another scheme":           {`{"insecure-registries": ["ftp://reg"]}`, nil, `"ftp://reg" is not HOST[:PORT]`},
		"a mirror without scheme":  {`{"registry-mirrors": ["reg.lan:5000"]}`, nil, `write "https://reg.lan:5000", or "http://reg.lan:5000" if it has no TLS`},
		"a bad pool in the file":   {`{"default-address-pools": [{"base": "10.0.0.0/8", "size": 4}]}`, nil, "configuration"},
		"a bad pool":               {"{}", []string{"--default-address-pool", "base=10.0.0.0,size=24"}, "base"},
		"a pool of words":          {"{}", []string{"--default-address-pool", "base=10.0.0.0/8,size=x"}, "no number"},
		"a pool of another key":    {"{}", []string{"--default-address-pool", "net=10.0.0.0/8"}, "unknown key"},
		"user namespaces":          {"{}", []string{"--userns", "maybe"}, "auto or host"},
		"log level":                {"{}", []string{"--log-level", "loud"}, "debug, info"},
		"a label of one word":      {"{}", []string{"--label", "blue"}, "KEY=VALUE"},
		"negative downloads":       {"{}", []string{"--max-concurrent-downloads", "-1"}, "from 1"},
		"a mirror that is none":    {`{"registry-mirrors": ["nonsense"]}`, nil, "nonsense"},
		"many slots":               {"{}", []string{"--warm-slots", "1000"}, "0 to 100"},
		"a long exec root":         {"{}", []string{"--exec-root", "/" + strings.Repeat("x", 70)}, "too long"},
		"a ulimit that is none":    {"{}", []string{"--default-ulimit", "nosuch=1"}, "nosuch"},
		"a logger that is none":    {"{}", []string{"--log-driver", "nosuch"}, `plugin "nosuch" not found`},
		"log options twice":        {`{"log-opts": {"tag": "x"}}`, []string{"--log-opt", "tag=y"}, "give it once"},
		"a log option of a word":   {"{}", []string{"--log-opt", "tag"}, "NAME=VALUE"},
		"a negative limit":         {"{}", []string{"--default-pids-limit", "-1"}, "default limit of processes"},
		"a profile that is absent": {"{}", []string{"--seccomp-profile", "/nothere"}, "--seccomp-profile"},
		"a proxy of a word":        {"{}", []string{"--https-proxy", "http://"}, "--https-proxy"},
		"a proxy of no scheme":     {`{"proxies": {"http-proxy": "ftp://me:secret@p"}}`, nil, "http, https or socks5"},
		"proxies twice":            {`{"proxies": {"no-proxy": "a"}}`, []string{"--no-proxy", "b"}, "give it once"},
		"proxies of another type":  {`{"proxies": ["http://p"]}`, nil, "proxies"},
		"no shim":                  {"{}", []string{"--shim", "/nothere"}, "tug-shim"},
		"a file that is not there": {"{}", []string{"--config-file", "/nothere"}, "read the configuration"},
	} {
		_, err := configure(args(t, c.file, c.flags...))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want words of %q", name, err, c.says)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: a password is in %v", name, err)
		}
	}
}

func TestHelpIsNoFault(t *testing.T) {
	stdout := os.Stdout
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	os.Stdout = null
	defer func() { os.Stdout = stdout }()
	for _, flag := range []string{"--help", "-h", "--version", "-v"} {
		if _, err := configure([]string{flag}); !errors.Is(err, errHelp) {
			t.Errorf("%s: %v", flag, err)
		}
	}
}

// A URL where a registry's name is wanted is taken as the name in it, as dockerd takes it.
func TestAURLOfAnInsecureRegistryIsItsName(t *testing.T) {
	c, err := configure(args(t, `{"insecure-registries": ["http://reg.lan:5000", "https://other.lan/", "10.0.0.0/8", "plain:80"]}`))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"reg.lan:5000", "other.lan", "10.0.0.0/8", "plain:80"}, c.engine(slog.New(slog.DiscardHandler)).Settings.Reach.Insecure); d != "" {
		t.Error(d)
	}
}
