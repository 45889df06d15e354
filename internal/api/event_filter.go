package api

import (
	"slices"
	"strings"

	"tug/internal/container"
	"tug/internal/events"
)

// eventFilter says which events a client wants: under each key values, of which one has to fit; of labels all have to.
//
//	type, scope                 what the event is of
//	event                       its action, also without what stands after the colon ("exec_start")
//	container, volume, network  ID or name of the actor, or how one of them begins
//	daemon                      likewise
//	image                       ID or name of an image, or of a container's image; with or without the tag
//	label                       "key" or "key=value" of the attributes, which have the actor's labels
//	config, node, plugin,       of what this engine has not: nothing fits
//	secret, service
type eventFilter map[string][]string

// eventActors are the keys under which actors are named.
var eventActors = []string{events.Container, events.Volume, events.Network, events.Daemon, "config", "node", "plugin", "secret", "service"}

// eventFilter reads the parameter filters. Errors: InvalidArgument for a key that is not known.
func (c *call) eventFilter() (eventFilter, error) {
	filters, err := c.filters()
	if err == nil {
		err = onlyFilters(filters, slices.Concat(eventActors, []string{"type", "scope", "event", "image", "label"})...)
	}
	return filters, err
}

// fits tells whether an event is wanted.
func (f eventFilter) fits(e *events.Event) bool {
	action, _, _ := strings.Cut(e.Action, ":")
	return f.is("type", e.Type) && f.is("scope", events.Scope) && f.is("event", e.Action, action) && f.isImage(e) &&
		container.HasLabels(e.Attributes, f["label"]) &&
		!slices.ContainsFunc(eventActors, func(kind string) bool { return !f.isActor(kind, e) })
}

// is tells whether nothing is asked of the key, or one of the values.
func (f eventFilter) is(key string, values ...string) bool {
	return len(f[key]) == 0 || slices.ContainsFunc(values, func(v string) bool { return slices.Contains(f[key], v) })
}

// isActor tells whether the event happened to one of those that are asked for of a kind.
func (f eventFilter) isActor(kind string, e *events.Event) bool {
	refs := f[kind]
	return len(refs) == 0 || e.Type == kind && slices.ContainsFunc(refs, func(ref string) bool {
		return ref != "" && (strings.HasPrefix(e.ActorID, ref) || strings.HasPrefix(e.Attributes["name"], ref))
	})
}

// isImage tells whether the event is of one of the images, or of a container that was made of one.
func (f eventFilter) isImage(e *events.Event) bool {
	switch e.Type {
	case events.Image:
		return f.is("image", slices.Concat(imageNames(e.ActorID), imageNames(e.Attributes["name"]))...)
	case events.Container:
		return f.is("image", imageNames(e.Attributes["image"])...)
	}
	return f.is("image")
}

// imageNames are a name with and without its tag.
func imageNames(name string) []string {
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		return []string{name, name[:i]}
	}
	return []string{name}
}
