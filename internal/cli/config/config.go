// Package config is what a person has configured for the command line: tug's own file, and Docker's
// where tug's says nothing.
//
// tug reads config.json in the folder given by --config, TUG_CONFIG, or ~/.tug. It has the keys of
// Docker's config.json (detachKeys, psFormat, proxies, auths, ...) and a few of tug's own. A key that
// is not set there, and credentials that are not found there, come from Docker's file (DOCKER_CONFIG
// or ~/.docker), so that whoever is logged in with docker is logged in with tug. Only tug's own file
// is ever written.
package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/cli/cli/config/configfile"
)

const fileName = "config.json"

// Config is both files, read.
type Config struct {
	own    *configfile.ConfigFile
	docker *configfile.ConfigFile

	// Autostart says whether tug may start a daemon that does not run (key "autostart", default true).
	Autostart bool
}

// Folder is where tug's file lies: flag (--config), or TUG_CONFIG, or ~/.tug.
func Folder(flag string, getenv func(string) string) string {
	if flag != "" {
		return flag
	}
	if dir := getenv("TUG_CONFIG"); dir != "" {
		return dir
	}
	return filepath.Join(home(), ".tug")
}

// DockerFolder is where Docker's file lies: DOCKER_CONFIG, or ~/.docker.
func DockerFolder(getenv func(string) string) string {
	if dir := getenv("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	return filepath.Join(home(), ".docker")
}

// Load reads the file in folder and Docker's. Files that do not exist are empty; one that cannot be
// read or parsed is an error that names it.
func Load(folder string, getenv func(string) string) (*Config, error) {
	c := &Config{Autostart: true}
	var err error
	if c.docker, err = read(filepath.Join(DockerFolder(getenv), fileName), nil); err != nil {
		return nil, err
	}
	var tug struct {
		Autostart *bool `json:"autostart"`
	}
	if c.own, err = read(filepath.Join(folder, fileName), &tug); err != nil {
		return nil, err
	}
	if tug.Autostart != nil {
		c.Autostart = *tug.Autostart
	}
	return c, nil
}

// read parses one file; the keys that Docker's does not know go to extra, if that is not nil.
func read(path string, extra any) (*configfile.ConfigFile, error) {
	file := configfile.New(path)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return file, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if len(strings.TrimSpace(string(data))) == 0 {
		return file, nil
	}
	if err := file.LoadFromReader(strings.NewReader(string(data))); err != nil {
		return nil, fmt.Errorf("read configuration: %s: %w", path, err)
	}
	if extra != nil {
		if err := json.Unmarshal(data, extra); err != nil {
			return nil, fmt.Errorf("read configuration: %s: %w", path, err)
		}
	}
	return file, nil
}

func home() string {
	dir, err := os.UserHomeDir()
	if err != nil {
		return string(filepath.Separator)
	}
	return dir
}

// DetachKeys is the configured key sequence that detaches from a container, or "".
func (c *Config) DetachKeys() string { return first(c.own.DetachKeys, c.docker.DetachKeys) }

// PsFormat, ImagesFormat, VolumesFormat, NetworksFormat and StatsFormat are the configured formats of lists, or "".
func (c *Config) PsFormat() string      { return first(c.own.PsFormat, c.docker.PsFormat) }
func (c *Config) ImagesFormat() string  { return first(c.own.ImagesFormat, c.docker.ImagesFormat) }
func (c *Config) VolumesFormat() string { return first(c.own.VolumesFormat, c.docker.VolumesFormat) }

func (c *Config) NetworksFormat() string { return first(c.own.NetworksFormat, c.docker.NetworksFormat) }
func (c *Config) StatsFormat() string    { return first(c.own.StatsFormat, c.docker.StatsFormat) }

// PruneFilters are filters that every prune gets unless the person gives one of the same kind.
func (c *Config) PruneFilters() []string {
	if len(c.own.PruneFilters) > 0 {
		return c.own.PruneFilters
	}
	return c.docker.PruneFilters
}

// Headers are sent with each request to the daemon.
func (c *Config) Headers() map[string]string {
	if len(c.own.HTTPHeaders) > 0 {
		return c.own.HTTPHeaders
	}
	return c.docker.HTTPHeaders
}

// ProxyEnv gives the environment variables (HTTP_PROXY and so on) that the configured proxies of the
// daemon at host add to a container which gets env anyway. A variable in env wins.
func (c *Config) ProxyEnv(host string, env map[string]*string) map[string]*string {
	file := c.own
	if len(file.Proxies) == 0 {
		file = c.docker
	}
	added := file.ParseProxyConfig(host, maps.Clone(env)) // it writes to what it is given
	for name := range env {
		delete(added, name)
	}
	return added
}

// CurrentContext is the context that was chosen with `tug context use`, "" for none. What was chosen with docker
// does not count: that leads to Docker's daemon.
func (c *Config) CurrentContext() string { return c.own.CurrentContext }

// SetCurrentContext keeps the choice of a context, "" for none, in tug's file.
func (c *Config) SetCurrentContext(name string) error {
	if c.own.CurrentContext == name {
		return nil // and no file is made
	}
	c.own.CurrentContext = name
	return c.keepingOwnKeys(c.own.Save)
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
