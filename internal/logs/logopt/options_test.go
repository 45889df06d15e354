package logopt

import (
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"

	"tug/internal/logs"
)

var defaults = logs.Options{MaxSize: 20_000_000, MaxFiles: 5}

type opts map[string]string

func TestOptionsMeanWhatTheyDoInDocker(t *testing.T) {
	for _, c := range []struct {
		name, driver string
		options      opts
		want         Config
	}{
		{"none given", "", nil, Config{Driver: JSONFile, Options: defaults}},
		{"size alone is one file", JSONFile, opts{"max-size": "10m"}, Config{Driver: JSONFile, Options: logs.Options{MaxSize: 10_000_000, MaxFiles: 1}}},
		{"size and files", JSONFile, opts{"max-size": "2k", "max-file": "3", "compress": "true"}, Config{Driver: JSONFile, Options: logs.Options{MaxSize: 2000, MaxFiles: 3, Compress: true}}},
		{"files alone keep the default size", JSONFile, opts{"max-file": "2"}, Config{Driver: JSONFile, Options: logs.Options{MaxSize: 20_000_000, MaxFiles: 2}}},
		{"no limit", JSONFile, opts{"max-size": "-1"}, Config{Driver: JSONFile, Options: logs.Options{MaxFiles: 1}}},
		{"non-blocking", JSONFile, opts{"mode": "non-blocking"}, Config{Driver: JSONFile, Options: defaults, NonBlocking: true, BufferSize: 1_000_000}},
		{"buffer", JSONFile, opts{"mode": "non-blocking", "max-buffer-size": "4m"}, Config{Driver: JSONFile, Options: defaults, NonBlocking: true, BufferSize: 4 << 20}},
		{"local", Local, nil, Config{Driver: Local, Options: logs.Options{MaxSize: 20_000_000, MaxFiles: 5, Compress: true}}},
		{"local, plain", Local, opts{"max-file": "1", "compress": "false"}, Config{Driver: Local, Options: logs.Options{MaxSize: 20_000_000, MaxFiles: 1}}},
		{"none takes anything", None, opts{"x": "y"}, Config{Driver: None}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Resolve(c.driver, c.options, defaults, Container{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if err := Validate(c.driver, c.options); err != nil {
				t.Errorf("Validate: %v", err)
			}
		})
	}
}

func TestWrongOptionsAreRefusedInDockersWords(t *testing.T) {
	for _, c := range []struct {
		driver  string
		options opts
		want    string
	}{
		{JSONFile, opts{"x": "1"}, "unknown log opt 'x' for json-file log driver"},
		{JSONFile, opts{"max-sise": "1m"}, "unknown log opt 'max-sise' for json-file log driver: did you mean 'max-size'?"},
		{Local, opts{"x": "1"}, "unknown log opt 'x' for log driver local"},
		{"syslogd", nil, "error looking up logging plugin syslogd: plugin \"syslogd\" not found: there are json-file, local and none"},
		{JSONFile, opts{"max-size": "ten"}, "invalid size: 'ten'"},
		{JSONFile, opts{"max-size": "0"}, "max-size must be a positive number"},
		{JSONFile, opts{"max-file": "0"}, "max-file cannot be less than 1"},
		{JSONFile, opts{"max-file": "x"}, `strconv.Atoi: parsing "x": invalid syntax`},
		{JSONFile, opts{"max-size": "1m", "compress": "true"}, "compress cannot be true when max-file is less than 2 or max-size is not set"},
		{JSONFile, opts{"compress": "maybe"}, `strconv.ParseBool: parsing "maybe": invalid syntax`},
		{JSONFile, opts{"mode": "fast"}, "logger: logging mode not supported: fast"},
		{JSONFile, opts{"max-buffer-size": "1m"}, "logger: max-buffer-size option is only supported with 'mode=non-blocking'"},
		{JSONFile, opts{"mode": "non-blocking", "max-buffer-size": "x"}, "error parsing option max-buffer-size: invalid size: 'x'"},
		{JSONFile, opts{"env-regex": "("}, "error parsing regexp"},
		{JSONFile, opts{"tag": "{{.ID"}, "template: log-tag"},
		{Local, opts{"max-file": "1"}, "compression cannot be enabled when max file count is 1"},
	} {
		err := Validate(c.driver, c.options)
		if err == nil || !strings.Contains(err.Error(), c.want) || !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s %v: %v, want %s", c.driver, c.options, err, c.want)
		}
	}
}

func TestAttributes(t *testing.T) {
	c := Container{
		ID: strings.Repeat("ab", 32), Name: "web", ImageID: "sha256:" + strings.Repeat("cd", 32), ImageName: "nginx:1", DaemonName: "tug",
		Command: []string{"/entry", "a", "b"}, Env: []string{"A=1", "B=2", "HTTP_X=3", "NOVALUE"}, Labels: map[string]string{"l": "v", "com.x": "y"},
	}
	for _, test := range []struct {
		options opts
		want    map[string]string
	}{
		{opts{"labels": "l,none"}, map[string]string{"l": "v"}},
		{opts{"labels-regex": `^com\.`}, map[string]string{"com.x": "y"}},
		{opts{"env": "A,NOVALUE", "env-regex": "^HTTP_"}, map[string]string{"A": "1", "HTTP_X": "3"}},
		{opts{"tag": "{{.ID}}/{{.Name}}/{{.ImageID}}/{{.ImageName}}"}, map[string]string{"tag": "abababababab/web/cdcdcdcdcdcd/nginx:1"}},
		{opts{"tag": `{{.Command}} {{upper .Name}} {{json .ContainerLabels}} {{index (split .ImageName ":") 1}} {{truncate .FullID 3}}`}, map[string]string{"tag": `/entry a b WEB {"com.x":"y","l":"v"} 1 aba`}},
		{nil, nil},
	} {
		got, err := Resolve(JSONFile, test.options, defaults, c)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got.Options.Attrs); diff != "" {
			t.Errorf("%v: %s", test.options, diff)
		}
	}
	if _, err := Resolve(JSONFile, opts{"tag": "{{.Nothing}}"}, defaults, c); !errdefs.IsInvalidArgument(err) {
		t.Errorf("unknown field: %v", err)
	}
}
