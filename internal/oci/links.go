package oci

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// linkedPort is a port of a container that is linked to.
type linkedPort struct {
	number int
	proto  string
}

// LinkEnvironment tells a container of one that it links to, in the variables that Docker has for that: name is that of the
// link ("/parent/alias"), and the rest the other's address, exposed ports ("80/tcp") and environment.
func LinkEnvironment(name, address string, exposed map[string]struct{}, environment []string) []string {
	prefix := strings.ToUpper(strings.ReplaceAll(path.Base(name), "-", "_"))
	ports := linkedPorts(exposed)
	var env []string
	set := func(key, format string, a ...any) { env = append(env, key+"="+fmt.Sprintf(format, a...)) }
	if len(ports) > 0 {
		set(prefix+"_PORT", "%s://%s:%d", ports[0].proto, address, ports[0].number)
	}
	for i := 0; i < len(ports); {
		first := ports[i]
		end := i // of a row of ports
		for end+1 < len(ports) && ports[end+1] == (linkedPort{ports[end].number + 1, first.proto}) {
			end++
		}
		if end > i {
			last, row := ports[end], prefix+"_PORT_"+first.name()
			set(row+"_START", "%s://%s:%d", first.proto, address, first.number)
			set(row+"_ADDR", "%s", address)
			set(row+"_PROTO", "%s", first.proto)
			set(row+"_PORT_START", "%d", first.number)
			set(row+"_END", "%s://%s:%d", last.proto, address, last.number)
			set(row+"_PORT_END", "%d", last.number)
		}
		i = end + 1
	}
	for _, p := range ports {
		port := prefix + "_PORT_" + p.name()
		set(port, "%s://%s:%d", p.proto, address, p.number)
		set(port+"_ADDR", "%s", address)
		set(port+"_PORT", "%d", p.number)
		set(port+"_PROTO", "%s", p.proto)
	}
	set(prefix+"_NAME", "%s", name)
	for _, e := range environment {
		key, value, ok := strings.Cut(e, "=")
		if ok && key != "HOME" && key != "PATH" {
			set(prefix+"_ENV_"+key, "%s", value)
		}
	}
	return env
}

func (p linkedPort) name() string { return strconv.Itoa(p.number) + "_" + strings.ToUpper(p.proto) }

// linkedPorts sorts ports by number, TCP first.
func linkedPorts(exposed map[string]struct{}) []linkedPort {
	var list []linkedPort
	for text := range exposed {
		port, proto, _ := strings.Cut(text, "/")
		if n, err := strconv.Atoi(port); err == nil {
			if proto == "" {
				proto = "tcp"
			}
			list = append(list, linkedPort{n, strings.ToLower(proto)})
		}
	}
	slices.SortFunc(list, func(a, b linkedPort) int {
		if a.number != b.number {
			return a.number - b.number
		}
		return strings.Compare(a.proto, b.proto)
	})
	return list
}
