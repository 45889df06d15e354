package image

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/sys/signal"
)

// Change returns c as the given Dockerfile instructions change it. CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD,
// STOPSIGNAL, USER, VOLUME and WORKDIR are known; the others need a build. A change may have several lines, and a line may
// go on after a backslash at its end. c itself stays as it is.
func Change(c Config, changes []string) (Config, error) {
	ch := changer{config: c.clone()}
	for _, line := range lines(changes) {
		if err := ch.apply(line); err != nil {
			return Config{}, fmt.Errorf("change %q: %w", line, err)
		}
	}
	return ch.config, nil
}

// lines joins continued lines and leaves out empty ones and comments.
func lines(changes []string) []string {
	var out []string
	for _, c := range changes {
		begun := ""
		for line := range strings.SplitSeq(c, "\n") {
			line = begun + strings.TrimSpace(line)
			if rest, more := strings.CutSuffix(line, `\`); more {
				begun = rest
				continue
			}
			begun = ""
			if line != "" && line[0] != '#' {
				out = append(out, line)
			}
		}
		if begun = strings.TrimSpace(begun); begun != "" {
			out = append(out, begun)
		}
	}
	return out
}

// changer is a configuration that is being changed.
type changer struct {
	config Config
	cmdSet bool // a CMD was given: a later ENTRYPOINT does not reset it
}

func (ch *changer) apply(line string) error {
	verb, args, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
	args = strings.TrimSpace(args)
	verb = strings.ToUpper(verb)
	if args == "" && verb != "CMD" && verb != "ENTRYPOINT" {
		return fmt.Errorf("%.40s needs an argument: %w", verb, errdefs.ErrInvalidArgument)
	}
	c := &ch.config
	switch verb {
	case "CMD":
		c.Cmd, c.ArgsEscaped, ch.cmdSet = ch.command(args), false, true
	case "ENTRYPOINT":
		c.Entrypoint = ch.command(args)
		if !ch.cmdSet {
			c.Cmd = nil // it was the argument of another entry point
		}
	case "ENV":
		return ch.env(args)
	case "LABEL":
		return ch.label(args)
	case "EXPOSE":
		return ch.expose(args)
	case "HEALTHCHECK":
		h, err := parseHealthcheck(args, c.Shell)
		c.Healthcheck = h
		return err
	case "ONBUILD":
		return ch.onBuild(args)
	case "STOPSIGNAL":
		sig, err := ch.one(args)
		if err != nil {
			return err
		}
		if _, err := signal.ParseSignal(sig); err != nil {
			return fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
		}
		c.StopSignal = sig
	case "USER":
		user, err := ch.one(args)
		c.User = user
		return err
	case "VOLUME":
		return ch.volume(args)
	case "WORKDIR":
		dir, err := ch.one(args)
		if err != nil {
			return err
		}
		if !path.IsAbs(dir) {
			dir = path.Join("/", c.WorkingDir, dir)
		}
		c.WorkingDir = path.Clean(dir)
	default:
		return fmt.Errorf("%.40s is not a valid change command: %w", verb, errdefs.ErrInvalidArgument)
	}
	return nil
}

// command reads the JSON form, ["program", "argument"], or else takes the line for the shell.
func (ch *changer) command(args string) []string {
	if list, ok := jsonList(args); ok {
		return list
	}
	if args == "" {
		return nil
	}
	return append(shell(ch.config.Shell), args)
}

func shell(own []string) []string {
	if len(own) > 0 {
		return slices.Clone(own)
	}
	return []string{"/bin/sh", "-c"}
}

func jsonList(s string) ([]string, bool) {
	if !strings.HasPrefix(s, "[") {
		return nil, false
	}
	list := []string{}
	if err := json.Unmarshal([]byte(s), &list); err != nil {
		return nil, false
	}
	return list, true
}

// env sets variables: NAME=value pairs, or one NAME and the rest of the line.
func (ch *changer) env(args string) error {
	pairs, err := ch.pairs(args)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		at := slices.IndexFunc(ch.config.Env, func(e string) bool { return strings.HasPrefix(e, p[0]+"=") })
		if at < 0 {
			ch.config.Env = append(ch.config.Env, p[0]+"="+p[1])
		} else {
			ch.config.Env[at] = p[0] + "=" + p[1]
		}
	}
	return nil
}

func (ch *changer) label(args string) error {
	pairs, err := ch.pairs(args)
	for _, p := range pairs {
		if ch.config.Labels == nil {
			ch.config.Labels = map[string]string{}
		}
		ch.config.Labels[p[0]] = p[1]
	}
	return err
}

// pairs reads NAME=value words, or, where the first word has no =, one name and the rest of the line.
func (ch *changer) pairs(args string) ([][2]string, error) {
	first, rest, _ := strings.Cut(args, " ")
	if !strings.Contains(first, "=") {
		rest = strings.TrimSpace(rest)
		if rest == "" {
			return nil, fmt.Errorf("%q has no value: write NAME=VALUE: %w", first, errdefs.ErrInvalidArgument)
		}
		value, err := words(rest, ch.variable)
		return [][2]string{{first, strings.Join(value, " ")}}, err
	}
	list, err := words(args, ch.variable)
	if err != nil {
		return nil, err
	}
	var pairs [][2]string
	for _, w := range list {
		k, v, found := strings.Cut(w, "=")
		if !found || k == "" {
			return nil, fmt.Errorf("%q is not NAME=VALUE: %w", w, errdefs.ErrInvalidArgument)
		}
		pairs = append(pairs, [2]string{k, v})
	}
	return pairs, nil
}

func (ch *changer) expose(args string) error {
	list, err := words(args, ch.variable)
	if err != nil {
		return err
	}
	for _, w := range list {
		ports, err := parseExpose(w)
		if err != nil {
			return err
		}
		if ch.config.ExposedPorts == nil {
			ch.config.ExposedPorts = map[string]struct{}{}
		}
		for _, p := range ports {
			ch.config.ExposedPorts[p] = struct{}{}
		}
	}
	return nil
}

func (ch *changer) onBuild(args string) error {
	switch verb, _, _ := strings.Cut(strings.ToUpper(args), " "); verb {
	case "ONBUILD":
		return fmt.Errorf("chaining ONBUILD via ONBUILD ONBUILD isn't allowed: %w", errdefs.ErrInvalidArgument)
	case "MAINTAINER", "FROM":
		return fmt.Errorf("%s isn't allowed as an ONBUILD trigger: %w", verb, errdefs.ErrInvalidArgument)
	}
	ch.config.OnBuild = append(ch.config.OnBuild, args)
	return nil
}

func (ch *changer) volume(args string) error {
	list, ok := jsonList(args)
	if !ok {
		var err error
		if list, err = words(args, ch.variable); err != nil {
			return err
		}
	}
	for _, v := range list {
		if v = strings.TrimSpace(v); v == "" {
			return fmt.Errorf("VOLUME specified can not be an empty string: %w", errdefs.ErrInvalidArgument)
		}
		if ch.config.Volumes == nil {
			ch.config.Volumes = map[string]struct{}{}
		}
		ch.config.Volumes[v] = struct{}{}
	}
	return nil
}

// one reads an argument that is a single word.
func (ch *changer) one(args string) (string, error) {
	list, err := words(args, ch.variable)
	if err != nil {
		return "", err
	}
	if len(list) != 1 || list[0] == "" {
		return "", fmt.Errorf("exactly one argument is needed: %w", errdefs.ErrInvalidArgument)
	}
	return list[0], nil
}

// variable is what $NAME stands for: the image's own environment.
func (ch *changer) variable(name string) (string, bool) {
	for _, e := range ch.config.Env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			return v, true
		}
	}
	return "", false
}

// clone copies what a changer writes to.
func (c Config) clone() Config {
	c.Env, c.OnBuild = slices.Clone(c.Env), slices.Clone(c.OnBuild)
	c.ExposedPorts, c.Volumes, c.Labels = maps.Clone(c.ExposedPorts), maps.Clone(c.Volumes), maps.Clone(c.Labels)
	return c
}
