package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"slices"

	"tug/internal/engine"
)

// reloadable are the keys of the configuration file whose changes need no new daemon.
var reloadable = []string{
	"debug", "log-level", "labels", "registry-mirrors", "insecure-registries", "blocked-registries", "certs-dirs", "max-concurrent-downloads", "max-concurrent-uploads",
	"runtimes", "default-runtime", "no-new-privileges", "default-ulimits", "log-driver", "log-opts", "default-pids-limit", "seccomp-profile",
}

// reload reads the configuration anew, with the same flags, and has the daemon go on with what can change while it runs. It gives
// the configuration that holds from now on: if anything is wrong with the new one, that is told in the log and the old one stays. What differs from the configuration that the daemon was started with, and cannot change, is told too.
func (c *config) reload(started *config, e *engine.Engine, level *slog.LevelVar, log *slog.Logger) *config {
	next, err := configure(os.Args[1:])
	if err == nil {
		err = e.Reload(next.settings())
	}
	if err != nil {
		log.Error("the configuration is not taken: everything stays as it was", "error", err)
		return c
	}
	level.Set(next.level())
	taken, _ := c.changes(next)
	log.Info("the configuration was read again", "changed", taken)
	if _, waiting := started.changes(next); len(waiting) > 0 {
		log.Warn("some settings change only when tugd is started again", "settings", waiting)
	}
	return next
}

// changes are the keys in which two configurations differ: those that a running daemon takes, and those that wait for the next.
func (c *config) changes(next *config) (taken, waiting []string) {
	was, is := c.keys(), next.keys()
	for _, key := range slices.Sorted(maps.Keys(is)) {
		switch {
		case bytes.Equal(was[key], is[key]):
		case slices.Contains(reloadable, key):
			taken = append(taken, key)
		default:
			waiting = append(waiting, key)
		}
	}
	return taken, waiting
}

// keys are the settings as the configuration file has them.
func (c *config) keys() map[string]json.RawMessage {
	var keys map[string]json.RawMessage
	text, err := json.Marshal(c)
	if err == nil {
		err = json.Unmarshal(text, &keys)
	}
	if err != nil {
		panic(err) // it was read from such text
	}
	return keys
}
