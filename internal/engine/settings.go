package engine

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"

	"tug/internal/events"
	"tug/internal/image"
	"tug/internal/oci"
	"tug/internal/ociruntime"
)

// Settings are those options of an engine that can change while it runs.
type Settings struct {
	Runtimes ociruntime.Set
	Reach    image.Reach // how registries are reached
	Defaults Defaults
	Labels   []string // of the engine, KEY=VALUE
	Debug    bool
}

// Check finds what no engine can be told. Errors: InvalidArgument.
func (s *Settings) Check() error {
	for _, label := range s.Labels {
		if key, _, ok := strings.Cut(label, "="); !ok || key == "" {
			return invalid("invalid label %q of the engine: it is like KEY=VALUE", label)
		}
	}
	if err := s.Reach.Check(); err != nil {
		return err
	}
	return s.Defaults.Check()
}

// now are the settings of this moment, which nobody changes.
func (e *Engine) now() *Settings { return e.settings.Load() }

// Reload has the engine go on with other settings, all or none, and tells of it. Containers keep what they were created with.
// Errors: those of Settings.Check.
func (e *Engine) Reload(s Settings) error {
	if err := s.Check(); err != nil {
		return err
	}
	if err := e.images.Reconfigure(s.Reach); err != nil {
		return err
	}
	e.settings.Store(&s)
	e.happened.Publish(events.Event{Type: events.Daemon, Action: events.Reload, ActorID: e.id, Attributes: e.reloaded(&s)})
	return nil
}

// reloaded are the attributes of the event, under Docker's names.
func (e *Engine) reloaded(s *Settings) map[string]string {
	downloads, uploads := s.Reach.Limits()
	name, _ := os.Hostname()
	a := map[string]string{
		"name": name, "debug": strconv.FormatBool(s.Debug), "labels": inJSON(s.Labels), "live-restore": "true",
		"registry-mirrors": inJSON(s.Reach.Mirrors["docker.io"]), "insecure-registries": inJSON(s.Reach.Insecure), "blocked-registries": inJSON(s.Reach.Blocked),
		"max-concurrent-downloads": strconv.Itoa(downloads), "max-concurrent-uploads": strconv.Itoa(uploads),
		"default-runtime": s.Runtimes.Default(), "default-shm-size": strconv.FormatInt(oci.DefaultShm, 10), "default-ipc-mode": "private",
	}
	var runtimes []string
	for _, r := range s.Runtimes.Configured() {
		runtimes = append(runtimes, r.Name+":"+r.Path)
	}
	a["runtimes"] = strings.Join(runtimes, " ")
	return a
}

// inJSON writes a list as Docker writes it into attributes.
func inJSON(list []string) string {
	text, _ := json.Marshal(slices.Concat([]string{}, list)) // strings cannot fail
	return string(text)
}
