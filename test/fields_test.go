package test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// ran creates a container of the body, starts it, waits for its end and gives what it wrote.
func (d *daemon) ran(t *testing.T, name, body string) string {
	t.Helper()
	status, answer := d.request(t, "POST", "/containers/create?name="+name, body)
	if status != http.StatusCreated {
		t.Fatalf("%s: %d: %s", name, status, answer)
	}
	defer func() { output(t, d.tug("rm", "-f", "-v", name)) }()
	if status, answer := d.request(t, "POST", "/containers/"+name+"/start", ""); status != http.StatusNoContent {
		t.Fatalf("start %s: %d: %s", name, status, answer)
	}
	output(t, d.tug("wait", name))
	return output(t, d.tug("logs", name))
}

// TestFieldsThatNoOptionSets tries those fields of a container's configuration that only the API has.
func TestFieldsThatNoOptionSets(t *testing.T) {
	needsEngine(t)
	output(t, forTug.tug("pull", "-q", "busybox"))
	for name, c := range map[string]struct{ body, want string }{
		"umask":            {`{"Image":"busybox","Cmd":["sh","-c","umask"],"HostConfig":{"Umask":63}}`, "0077"},
		"umask-by-default": {`{"Image":"busybox","Cmd":["sh","-c","umask"]}`, "0022"},
		"no-network":       {`{"Image":"busybox","Cmd":["ls","/sys/class/net"],"NetworkDisabled":true}`, "lo"},
		"masked": {
			`{"Image":"busybox","Cmd":["sh","-c","cat /proc/version; ls /proc/acpi >/dev/null 2>&1; touch /proc/1/comm && echo writable"],"HostConfig":{"MaskedPaths":["/proc/version"],"ReadonlyPaths":[]}}`, "writable",
		},
		"read-only": {`{"Image":"busybox","Cmd":["sh","-c","touch /etc/x 2>/dev/null || echo refused; touch /x && echo made"],"HostConfig":{"ReadonlyPaths":["/etc"]}}`, "refused\nmade"},
		"console":   {`{"Image":"busybox","Cmd":["stty","size"],"Tty":true,"HostConfig":{"ConsoleSize":[33,77]}}`, "33 77\r"},
		"text-as-command": {
			`{"Image":"busybox","Cmd":"ls /proc/self/comm","Entrypoint":["sh","-c"]}`, "/proc/self/comm",
		},
	} {
		if got := forTug.ran(t, "fields-"+name, c.body); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestAnExecHasTheUmaskAndTheConsoleThatWereAskedFor tries a further process, also as another user.
func TestAnExecHasTheUmaskAndTheConsoleThatWereAskedFor(t *testing.T) {
	needsEngine(t)
	output(t, forTug.tug("pull", "-q", "busybox"))
	const name = "fields-exec-api"
	if status, answer := forTug.request(t, "POST", "/containers/create?name="+name, `{"Image":"busybox","Cmd":["sleep","1000"],"HostConfig":{"Umask":23}}`); status != http.StatusCreated {
		t.Fatalf("%d: %s", status, answer)
	}
	defer func() { output(t, forTug.tug("rm", "-f", name)) }()
	output(t, forTug.tug("start", name))
	for _, user := range []string{"root", "nobody"} {
		if got := output(t, forTug.tug("exec", "-u", user, name, "sh", "-c", "umask")); got != "0027" {
			t.Errorf("as %s: umask %q", user, got)
		}
	}
	_, made := forTug.request(t, "POST", "/containers/"+name+"/exec", `{"Cmd":["stty","size"],"Tty":true,"AttachStdout":true,"ConsoleSize":[11,22]}`)
	conn := forTug.upgrade(t, "/exec/"+idIn(t, made)+"/start", `{"Tty":true}`)
	defer conn.Close()
	got := make([]byte, len("11 22"))
	if _, err := conn.Read(got); err != nil || string(got) != "11 22" {
		t.Errorf("the console's size: %q, %v", got, err)
	}
}

// TestFieldsThatAreKept shows again, as they came, those fields that mean something to others only.
func TestFieldsThatAreKept(t *testing.T) {
	needsEngine(t)
	output(t, forTug.tug("pull", "-q", "busybox"))
	const body = `{"Image":"busybox","Cmd":["true"],"ArgsEscaped":true,"OnBuild":["RUN true"],"Shell":["/bin/ash","-c"],"AttachStdin":true,"AttachStdout":true,"AttachStderr":false,"StdinOnce":true,"OpenStdin":true,
		"HostConfig":{"ContainerIDFile":"/somewhere","AutoRemove":true,"Annotations":{"org.example":"x"},"Isolation":"default"}}`
	_, made := forTug.request(t, "POST", "/containers/create?name=fields-kept-api", body)
	defer func() { output(t, forTug.tug("rm", "-f", "fields-kept-api")) }()
	_, shown := forTug.request(t, "GET", "/containers/"+idIn(t, made)+"/json", "")
	var got struct {
		Config     map[string]any
		HostConfig map[string]any
	}
	if err := json.Unmarshal([]byte(shown), &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"ArgsEscaped": "true", "OnBuild": `["RUN true"]`, "Shell": `["/bin/ash","-c"]`, "AttachStdin": "true", "AttachStdout": "true", "AttachStderr": "false", "StdinOnce": "true", "OpenStdin": "true",
	} {
		if text, _ := json.Marshal(got.Config[key]); string(text) != want {
			t.Errorf("%s: %s, want %s", key, text, want)
		}
	}
	for key, want := range map[string]string{"ContainerIDFile": `"/somewhere"`, "AutoRemove": "true", "Annotations": `{"org.example":"x"}`} {
		if text, _ := json.Marshal(got.HostConfig[key]); string(text) != want {
			t.Errorf("%s: %s, want %s", key, text, want)
		}
	}
}

// TestFieldsThatAreRefused is what tug does not have, and says so with status 400.
func TestFieldsThatAreRefused(t *testing.T) {
	needsEngine(t)
	output(t, forTug.tug("pull", "-q", "busybox"))
	for body, words := range map[string]string{
		`"HostConfig":{"Cgroup":"container:x"}`:                                       "cgroup of its own",
		`"HostConfig":{"StorageOpt":{"size":"1G"}}`:                                   "storage options",
		`"HostConfig":{"CpuCount":1}`:                                                 "Windows",
		`"HostConfig":{"CpuPercent":1}`:                                               "Windows",
		`"HostConfig":{"IOMaximumIOps":1}`:                                            "Windows",
		`"HostConfig":{"IOMaximumBandwidth":1}`:                                       "Windows",
		`"HostConfig":{"Isolation":"hyperv"}`:                                         "isolation",
		`"HostConfig":{"Umask":512}`:                                                  "umask",
		`"HostConfig":{"Annotations":{"":"x"}}`:                                       "annotation key",
		`"HostConfig":{"DeviceRequests":[{"Driver":"nvidia","Count":-1}]}`:            "could not select device driver",
		`"HostConfig":{"Mounts":[{"Type":"image","Source":"busybox","Target":"/x"}]}`: "type image",
		`"HostConfig":{"Mounts":[{"Type":"npipe","Source":"x","Target":"/x"}]}`:       "npipe",
		`"HostConfig":{"Mounts":[{"Type":"cluster","Source":"x","Target":"/x"}]}`:     "cluster",
		`"HostConfig":{"Ulimits":[{"Name":"nothing","Soft":1,"Hard":1}]}`:             "invalid ulimit type",
		`"HostConfig":{"UsernsMode":"nonsense"}`:                                      "userns mode",
		`"HostConfig":{"CgroupnsMode":"nonsense"}`:                                    "namespace mode",
		`"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"9-8"}]}}`:               "range of host ports",
		// Nonsense.
		`"Healthcheck":{"Test":["BOGUS","x"]}`:                                                                 "CMD, CMD-SHELL or NONE",
		`"Healthcheck":{"Test":["CMD"]}`:                                                                       "no command after CMD",
		`"Healthcheck":{"Test":["NONE","x"]}`:                                                                  "words after NONE",
		`"StopSignal":"SIGBOGUS"`:                                                                              "signal",
		`"ExposedPorts":{"80/bogus":{}}`:                                                                       "tcp, udp or sctp",
		`"HostConfig":{"PortBindings":{"80/bogus":[{"HostPort":"80"}]}}`:                                       "tcp, udp or sctp",
		`"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"bogus"}]}}`:                                      "port",
		`"HostConfig":{"LogConfig":{"Type":"bogus"}}`:                                                          "json-file, local and none",
		`"HostConfig":{"IpcMode":"bogus"}`:                                                                     "IPC mode",
		`"HostConfig":{"PidMode":"bogus"}`:                                                                     "PID mode",
		`"HostConfig":{"UTSMode":"bogus"}`:                                                                     "UTS mode",
		`"HostConfig":{"NetworkMode":"bogus"}`:                                                                 "network bogus not found",
		`"HostConfig":{"RestartPolicy":{"Name":"bogus"}}`:                                                      "on-failure",
		`"HostConfig":{"Runtime":"bogus"}`:                                                                     "runtime",
		`"HostConfig":{"VolumeDriver":"bogus"}`:                                                                "volume plugin bogus",
		`"HostConfig":{"ConsoleSize":[70000,1]}`:                                                               "65535",
		`"HostConfig":{"MaskedPaths":["bogus"]}`:                                                               "MaskedPaths",
		`"HostConfig":{"ReadonlyPaths":[""]}`:                                                                  "ReadonlyPaths",
		`"HostConfig":{"CgroupParent":"../x"}`:                                                                 "plain absolute path",
		`"HostConfig":{"MemorySwap":-5}`:                                                                       "memoryswap",
		`"HostConfig":{"Ulimits":[{"Name":"nofile","Soft":-5,"Hard":-5}]}`:                                     "-1 for no limit",
		`"HostConfig":{"Devices":[{"PathOnHost":"bogus","PathInContainer":"/x"}]}`:                             "on the host",
		`"HostConfig":{"Devices":[{"PathOnHost":"/dev/null","PathInContainer":"/x","CgroupPermissions":"x"}]}`: "r, w and m",
		`"HostConfig":{"Binds":["/tmp:/x:ro,rw"]}`:                                                             "ro and rw",
		`"HostConfig":{"Tmpfs":{"/x":"size=bogus"}}`:                                                           "64m",
		`"HostConfig":{"Mounts":[{"Type":"bogus","Target":"/x"}]}`:                                             "mount type unknown",
		`"HostConfig":{"Mounts":[{"Type":"tmpfs","Target":"/x","Consistency":"bogus"}]}`:                       "cached or delegated",
		`"HostConfig":{"Mounts":[{"Type":"tmpfs","Target":"/x","ImageOptions":{}}]}`:                           "ImageOptions",
		`"HostConfig":{"Mounts":[{"Type":"tmpfs","Target":"/x","ClusterOptions":{}}]}`:                         "ClusterOptions",
		`"HostConfig":{"Mounts":[{"Type":"tmpfs","Target":"/x","TmpfsOptions":{"SizeBytes":-1}}]}`:             "SizeBytes",
		`"HostConfig":{"Mounts":[{"Type":"tmpfs","Target":"/x","TmpfsOptions":{"Mode":9999}}]}`:                "07777",
		`"NetworkingConfig":{"EndpointsConfig":{"bogus":{}}}`:                                                  "network bogus not found",
		`"NetworkingConfig":{"EndpointsConfig":{"bridge":{"Aliases":["x"]}}}`:                                  "network-scoped alias",
		`"NetworkingConfig":{"EndpointsConfig":{"bridge":{"IPAMConfig":{"IPv4Address":"172.17.0.99"}}}}`:       "user defined networks only",
	} {
		if status, answer := forTug.request(t, "POST", "/containers/create", `{"Image":"busybox",`+body+`}`); status != http.StatusBadRequest || !strings.Contains(answer, words) {
			t.Errorf("%s: %d: %s", body, status, answer)
		}
	}
}

// TestAnOldClientsFieldsAreItsVersions drops what a version of the API did not have.
func TestAnOldClientsFieldsAreItsVersions(t *testing.T) {
	needsEngine(t)
	output(t, forTug.tug("pull", "-q", "busybox"))
	status, made := forTug.request(t, "POST", "/v1.55/containers/create?name=fields-old", `{"Image":"busybox","HostConfig":{"Umask":63}}`)
	if status != http.StatusCreated {
		t.Fatalf("%d: %s", status, made)
	}
	defer func() { output(t, forTug.tug("rm", "-f", "fields-old")) }()
	if _, shown := forTug.request(t, "GET", "/containers/fields-old/json", ""); strings.Contains(shown, "Umask") {
		t.Error("a version without a umask has one")
	}
}

// TestANetworkBesideTheDefaultOneIsJoined: a client that names it alone means both.
func TestANetworkBesideTheDefaultOneIsJoined(t *testing.T) {
	needsEngine(t)
	output(t, forTug.tug("pull", "-q", "busybox"))
	output(t, forTug.tug("network", "create", "fields-beside"))
	defer func() { output(t, forTug.tug("network", "rm", "fields-beside")) }()
	status, made := forTug.request(t, "POST", "/containers/create?name=fields-both",
		`{"Image":"busybox","Cmd":["sleep","1000"],"NetworkingConfig":{"EndpointsConfig":{"fields-beside":{}}}}`)
	if status != http.StatusCreated {
		t.Fatalf("%d: %s", status, made)
	}
	defer func() { output(t, forTug.tug("rm", "-f", "fields-both")) }()
	output(t, forTug.tug("start", "fields-both"))
	if got := output(t, forTug.tug("exec", "fields-both", "ls", "/sys/class/net")); !strings.Contains(got, "eth0") || !strings.Contains(got, "eth1") {
		t.Errorf("interfaces: %s", got)
	}
}
