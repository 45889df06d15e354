package logopt

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"text/template"
	"time"
)

// Container is what attributes of a container's log entries are made from.
type Container struct {
	ID, Name            string // the name without a slash
	ImageID, ImageName  string
	Command             []string // entry point and arguments
	Created             time.Time
	Env                 []string // NAME=VALUE
	Labels              map[string]string
	LogPath, DaemonName string
	Config              map[string]string // the log options themselves
}

// attributes returns what the options ask to be written with each entry; nil if nothing.
func attributes(options map[string]string, c Container) (map[string]string, error) {
	attrs := map[string]string{}
	env := map[string]string{}
	for _, pair := range c.Env {
		if name, value, ok := strings.Cut(pair, "="); ok {
			env[name] = value
		}
	}
	for _, source := range []struct {
		option string
		from   map[string]string
	}{{"labels", c.Labels}, {"env", env}} {
		for name := range strings.SplitSeq(options[source.option], ",") {
			if value, ok := source.from[name]; ok {
				attrs[name] = value
			}
		}
		pattern := options[source.option+"-regex"]
		if pattern == "" {
			continue
		}
		matcher, err := regexp.Compile(pattern)
		if err != nil {
			return nil, invalid("%s-regex: %w", source.option, err)
		}
		for name, value := range source.from {
			if matcher.MatchString(name) {
				attrs[name] = value
			}
		}
	}
	if text := options["tag"]; text != "" {
		tag, err := expandTag(text, c)
		if err != nil {
			return nil, err
		}
		if tag != "" {
			attrs["tag"] = tag
		}
	}
	if len(attrs) == 0 {
		return nil, nil
	}
	return attrs, nil
}

// checkAttributes returns what is wrong with the patterns and the template, whatever the container.
func checkAttributes(options map[string]string) error {
	for _, name := range []string{"labels-regex", "env-regex"} {
		if _, err := regexp.Compile(options[name]); err != nil {
			return invalid("%s: %w", name, err)
		}
	}
	_, err := parseTag(options["tag"])
	return err
}

func expandTag(text string, c Container) (string, error) {
	tag, err := parseTag(text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	if err := tag.Execute(&out, tagData{c}); err != nil {
		return "", invalid("tag: %w", err)
	}
	return out.String(), nil
}

// parseTag parses a Go template with the functions that Docker gives all templates.
func parseTag(text string) (*template.Template, error) {
	tag, err := template.New("log-tag").Funcs(template.FuncMap{
		"json": func(v any) (string, error) {
			text, err := json.Marshal(v)
			return string(text), err
		},
		"split": strings.Split,
		"join":  strings.Join,
		"title": title,
		"lower": strings.ToLower,
		"upper": strings.ToUpper,
		"pad": func(text string, before, after int) string {
			if text == "" {
				return text
			}
			return strings.Repeat(" ", before) + text + strings.Repeat(" ", after)
		},
		"truncate": func(text string, n int) string {
			return text[:max(0, min(n, len(text)))]
		},
	}).Parse(text)
	if err != nil {
		return nil, invalid("tag: %w", err)
	}
	return tag, nil
}

// title makes the first letter of each word a capital.
func title(text string) string {
	words := strings.SplitAfter(text, " ")
	for i, word := range words {
		if word != "" {
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}

// tagData has the names that Docker's tag templates may use.
type tagData struct{ c Container }

func short(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	return id[:min(12, len(id))]
}

func (d tagData) ID() string                         { return short(d.c.ID) }
func (d tagData) FullID() string                     { return d.c.ID }
func (d tagData) Name() string                       { return d.c.Name }
func (d tagData) ImageID() string                    { return short(d.c.ImageID) }
func (d tagData) ImageFullID() string                { return d.c.ImageID }
func (d tagData) ImageName() string                  { return d.c.ImageName }
func (d tagData) Command() string                    { return strings.Join(d.c.Command, " ") }
func (d tagData) Hostname() (string, error)          { return os.Hostname() }
func (d tagData) DaemonName() string                 { return d.c.DaemonName }
func (d tagData) LogPath() string                    { return d.c.LogPath }
func (d tagData) Config() map[string]string          { return d.c.Config }
func (d tagData) ContainerID() string                { return d.c.ID }
func (d tagData) ContainerName() string              { return "/" + d.c.Name }
func (d tagData) ContainerImageID() string           { return d.c.ImageID }
func (d tagData) ContainerImageName() string         { return d.c.ImageName }
func (d tagData) ContainerCreated() time.Time        { return d.c.Created }
func (d tagData) ContainerEnv() []string             { return d.c.Env }
func (d tagData) ContainerLabels() map[string]string { return d.c.Labels }

func (d tagData) ContainerEntrypoint() string {
	if len(d.c.Command) == 0 {
		return ""
	}
	return d.c.Command[0]
}

func (d tagData) ContainerArgs() []string {
	if len(d.c.Command) == 0 {
		return nil
	}
	return d.c.Command[1:]
}
