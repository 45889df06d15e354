package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/errdefs"
)

// hostsFile is how containerd tells the hosts of a registry; see its docs/hosts.md.
const hostsFile = "hosts.toml"

// hostTable is what hosts.toml says of one host.
type hostTable struct {
	Capabilities []string       `toml:"capabilities"`
	CA           any            `toml:"ca"`     // a file, or a list of files
	Client       any            `toml:"client"` // a file, a list of files, or a list of pairs
	SkipVerify   bool           `toml:"skip_verify"`
	Header       map[string]any `toml:"header"` // a value, or a list of values
	OverridePath bool           `toml:"override_path"`
	DialTimeout  string         `toml:"dial_timeout"`
}

// readHosts reads the hosts.toml in a host's folder: its hosts in their order, then the server. It returns none if there is no
// such file. What it does not know it refuses, so that nothing is misspelt without a word.
func readHosts(dir string) ([]endpoint, error) {
	path := filepath.Join(dir, hostsFile)
	blob, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || dir == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := parseHosts(blob, dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, err, errdefs.ErrFailedPrecondition)
	}
	return list, nil
}

// parseHosts is readHosts of a file's content. The server's URL is nil if the file names none.
func parseHosts(blob []byte, dir string) ([]endpoint, error) {
	var file struct {
		hostTable
		Server string               `toml:"server"`
		Host   map[string]hostTable `toml:"host"`
	}
	meta, err := toml.Decode(string(blob), &file)
	if err != nil {
		return nil, err
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("unknown setting %s", unknown[0])
	}
	var list []endpoint
	seen := map[string]bool{}
	for _, key := range meta.Keys() { // a host's table may be there only by a table in it
		if len(key) < 2 || key[0] != "host" || seen[key[1]] {
			continue
		}
		seen[key[1]] = true
		e, err := file.Host[key[1]].endpoint(key[1], dir)
		if err != nil {
			return nil, fmt.Errorf("host %q: %w", key[1], err)
		}
		list = append(list, e)
	}
	server, err := file.endpoint(file.Server, dir)
	if err != nil {
		return nil, fmt.Errorf("server %q: %w", file.Server, err)
	}
	return append(list, server), nil
}

func (t hostTable) endpoint(address, dir string) (endpoint, error) {
	e := endpoint{skipVerify: t.SkipVerify, header: http.Header{}}
	if address != "" {
		if !strings.Contains(address, "://") {
			address = "https://" + address
		}
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return e, errors.New("not an address of the form http[s]://HOST[:PORT][/PATH]")
		}
		e.scheme, e.host, e.path = u.Scheme, u.Host, strings.TrimSuffix(u.Path, "/")
		if !t.OverridePath && !strings.HasSuffix(e.path, "/v2") {
			e.path += "/v2"
		}
	}
	for _, c := range t.Capabilities {
		switch strings.ToLower(c) {
		case "pull":
			e.may |= docker.HostCapabilityPull
		case "resolve":
			e.may |= docker.HostCapabilityResolve
		case "push":
			e.may |= docker.HostCapabilityPush
		case "referrers":
			e.may |= docker.HostCapabilityReferrers
		default:
			return e, fmt.Errorf("unknown capability %q", c)
		}
	}
	if len(t.Capabilities) == 0 {
		e.may = docker.HostCapabilityPull | docker.HostCapabilityResolve | docker.HostCapabilityPush
	}
	var err error
	if e.tls.authorities, err = fileList(t.CA, dir); err != nil {
		return e, fmt.Errorf("ca: %w", err)
	}
	if e.tls.clients, err = clientList(t.Client, dir); err != nil {
		return e, fmt.Errorf("client: %w", err)
	}
	for name, v := range t.Header {
		values, err := stringList(v)
		if err != nil {
			return e, fmt.Errorf("header %s: %w", name, err)
		}
		e.header[http.CanonicalHeaderKey(name)] = values
	}
	if t.DialTimeout != "" {
		if e.dialTimeout, err = time.ParseDuration(t.DialTimeout); err != nil {
			return e, fmt.Errorf("dial_timeout: %w", err)
		}
	}
	return e, nil
}

// stringList is a string or a list of strings.
func stringList(v any) ([]string, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case []any:
		var list []string
		for _, one := range v {
			s, ok := one.(string)
			if !ok {
				return nil, fmt.Errorf("%v is not a string", one)
			}
			list = append(list, s)
		}
		return list, nil
	}
	return nil, fmt.Errorf("%v is neither a string nor a list of strings", v)
}

// fileList is a list of files, relative to dir.
func fileList(v any, dir string) ([]string, error) {
	list, err := stringList(v)
	for i, f := range list {
		list[i] = inDir(dir, f)
	}
	return list, err
}

// clientList is a file, a list of files each with certificate and key, or a list of pairs.
func clientList(v any, dir string) ([][2]string, error) {
	many, ok := v.([]any)
	if !ok {
		many = []any{v}
		if v == nil {
			return nil, nil
		}
	}
	var list [][2]string
	for _, one := range many {
		pair, err := stringList(one)
		switch {
		case err != nil:
			return nil, err
		case len(pair) == 1 || len(pair) == 2 && pair[1] == "":
			list = append(list, [2]string{inDir(dir, pair[0]), inDir(dir, pair[0])})
		case len(pair) == 2:
			list = append(list, [2]string{inDir(dir, pair[0]), inDir(dir, pair[1])})
		default:
			return nil, fmt.Errorf("%v is not a pair of certificate and key", one)
		}
	}
	return list, nil
}

func inDir(dir, file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(dir, file)
}
