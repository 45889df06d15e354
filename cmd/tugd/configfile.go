package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"tug/internal/near"
)

const defaultFile = "/etc/tug/daemon.json"

// jsonKeys are the configuration file's keys whose flags have another name.
var jsonKeys = map[string]string{
	"hosts": "H", "registry-mirrors": "registry-mirror", "insecure-registries": "insecure-registry", "blocked-registries": "blocked-registry", "certs-dirs": "certs-dir",
	"default-address-pools": "default-address-pool", "runtimes": "add-runtime", "labels": "label", "default-ulimits": "default-ulimit", "log-opts": "log-opt",
}

// dockersOwn are keys of dockerd's daemon.json that many have and tugd lacks, with the reason.
var dockersOwn = map[string]string{
	"exec-opts":      "with --cgroup-parent NAME.slice systemd makes the cgroups",
	"features":       "there are no features to be turned on or off",
	"ip-forward":     "tugd asks the kernel to forward where it has to",
	"iptables":       "tug's rules are in a table of their own, which others leave alone",
	"live-restore":   "containers always go on without the daemon",
	"storage-driver": "there is one way of storing, overlay",
	"storage-opts":   "there is one way of storing, overlay",
	"userland-proxy": "there is no proxy",
	"userns-remap":   "each container has a user namespace of its own, see --userns",
}

// readFile takes the settings of the configuration file, which are not to be among the given flags. All that is wrong with it
// is told at once.
func (c *config) readFile(file string, given map[string]bool) error {
	asked := file != ""
	if !asked {
		file = defaultFile
	}
	data, err := os.ReadFile(file)
	if os.IsNotExist(err) && !asked {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	var settings map[string]json.RawMessage
	if err := json.Unmarshal(data, &settings); err != nil {
		return fmt.Errorf("configuration %s: %w", file, placed(err, data))
	}
	known := slices.Sorted(maps.Keys(c.keys()))
	var wrong []string
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if !slices.Contains(known, key) {
			wrong = append(wrong, unknownSetting(key, known))
		} else if twice := alsoFlag(key, settings[key], given); twice != "" {
			wrong = append(wrong, fmt.Sprintf("%q is given there and as a flag: give it once", twice))
		} else if err := c.take(key, settings[key]); err != nil {
			wrong = append(wrong, err.Error())
		}
	}
	switch len(wrong) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("configuration %s: %s", file, wrong[0])
	}
	return fmt.Errorf("configuration %s:\n  %s", file, strings.Join(wrong, "\n  "))
}

// alsoFlag gives the setting that is among the given flags too: the key's own, or one of the group of settings that flags have
// singly; "" if none is.
func alsoFlag(key string, value json.RawMessage, given map[string]bool) string {
	settings := []string{key}
	var group map[string]json.RawMessage
	if key == "proxies" && json.Unmarshal(value, &group) == nil { // what it is instead is told when it is taken
		settings = slices.Sorted(maps.Keys(group))
	}
	for _, s := range settings {
		if given[cmp.Or(jsonKeys[s], s)] || s == "hosts" && given["host"] || s == "debug" && given["D"] {
			return s
		}
	}
	return ""
}

// placed says in which line of data there is what is no JSON.
func placed(err error, data []byte) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: %w", 1+bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte("\n")), err)
	case errors.As(err, &kind):
		return fmt.Errorf("it is %s, and settings are one object: {\"debug\": true}", kind.Value)
	}
	return err
}

// unknownSetting says that there is no such setting, and what to do about it.
func unknownSetting(key string, known []string) string {
	text := fmt.Sprintf("%q is no setting", key)
	if why, ok := dockersOwn[key]; ok {
		return fmt.Sprintf("%q is a setting of dockerd's alone, take it out: %s", key, why)
	}
	if meant := near.Word(key, known); meant != "" {
		return text + fmt.Sprintf(": did you mean %q?", meant)
	}
	return text + ": 'tugd --help' shows the settings that there are"
}

// take sets the setting of the key to its value in the file.
func (c *config) take(key string, value json.RawMessage) error {
	one, err := json.Marshal(map[string]json.RawMessage{key: value})
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(one))
	d.DisallowUnknownFields()
	err = d.Decode(c)
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("%q: here is a %s, and it takes %s", key, kind.Value, taken(kind.Type))
	}
	if err != nil {
		return fmt.Errorf("%q: %s", key, strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// taken tells what values of a type look like in the file.
func taken(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false, without quotes"
	case reflect.String:
		return `a string, "..."`
	case reflect.Slice:
		return `a list, ["..."]`
	case reflect.Map, reflect.Struct:
		return `an object, {"...": ...}`
	}
	return "a number"
}
