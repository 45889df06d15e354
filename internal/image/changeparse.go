package image

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
)

// parseExpose reads a port as EXPOSE takes it, "80", "80/udp", "8000-8010/tcp", and returns each as "80/tcp".
func parseExpose(s string) ([]string, error) {
	ports, proto, found := strings.Cut(s, "/")
	if !found {
		proto = "tcp"
	}
	proto = strings.ToLower(proto)
	if proto != "tcp" && proto != "udp" && proto != "sctp" {
		return nil, fmt.Errorf("%q: protocol %q is none of tcp, udp, sctp: %w", s, proto, errdefs.ErrInvalidArgument)
	}
	from, to, isRange := strings.Cut(ports, "-")
	if !isRange {
		to = from
	}
	first, err1 := strconv.ParseUint(from, 10, 16)
	last, err2 := strconv.ParseUint(to, 10, 16)
	if err1 != nil || err2 != nil || first == 0 || last < first {
		return nil, fmt.Errorf("%q: invalid containerPort: %s: %w", s, ports, errdefs.ErrInvalidArgument)
	}
	var list []string
	for p := first; p <= last; p++ {
		list = append(list, strconv.FormatUint(p, 10)+"/"+proto)
	}
	return list, nil
}

// parseHealthcheck reads the arguments of HEALTHCHECK: NONE, or options and CMD with a command in JSON or for the shell.
func parseHealthcheck(args string, ownShell []string) (*Healthcheck, error) {
	var h Healthcheck
	for strings.HasPrefix(args, "--") {
		option, rest, _ := strings.Cut(args, " ")
		if err := h.option(option); err != nil {
			return nil, err
		}
		args = strings.TrimSpace(rest)
	}
	kind, command, _ := strings.Cut(args, " ")
	command = strings.TrimSpace(command)
	switch strings.ToUpper(kind) {
	case "NONE":
		if command != "" {
			return nil, fmt.Errorf("HEALTHCHECK NONE takes no arguments: %w", errdefs.ErrInvalidArgument)
		}
		return &Healthcheck{Test: []string{"NONE"}}, nil
	case "CMD":
		if command == "" {
			return nil, fmt.Errorf("missing command after HEALTHCHECK CMD: %w", errdefs.ErrInvalidArgument)
		}
		switch list, ok := jsonList(command); {
		case ok && len(list) == 0:
			return nil, fmt.Errorf("missing command after HEALTHCHECK CMD: %w", errdefs.ErrInvalidArgument)
		case ok:
			h.Test = append([]string{"CMD"}, list...)
		case len(ownShell) > 0:
			h.Test = append(append([]string{"CMD"}, ownShell...), command)
		default:
			h.Test = []string{"CMD-SHELL", command}
		}
		return &h, nil
	}
	return nil, fmt.Errorf("unknown type %.40q in HEALTHCHECK (try CMD): %w", kind, errdefs.ErrInvalidArgument)
}

// option reads one option of HEALTHCHECK, "--interval=30s".
func (h *Healthcheck) option(s string) error {
	name, value, _ := strings.Cut(strings.TrimPrefix(s, "--"), "=")
	if name == "retries" {
		n, err := strconv.ParseUint(value, 10, 31)
		if err != nil {
			return fmt.Errorf("--retries=%s is not a number of 0 or more: %w", value, errdefs.ErrInvalidArgument)
		}
		h.Retries = int(n)
		return nil
	}
	to, ok := map[string]*time.Duration{
		"interval": &h.Interval, "timeout": &h.Timeout, "start-period": &h.StartPeriod, "start-interval": &h.StartInterval,
	}[name]
	if !ok {
		return fmt.Errorf("unknown flag %.40q of HEALTHCHECK: %w", "--"+name, errdefs.ErrInvalidArgument)
	}
	d, err := time.ParseDuration(value)
	if err != nil {
		return fmt.Errorf("--%s: %w: %w", name, err, errdefs.ErrInvalidArgument)
	}
	if d != 0 && d < time.Millisecond {
		return fmt.Errorf("interval %q cannot be less than 1ms: %w", name, errdefs.ErrInvalidArgument)
	}
	*to = d
	return nil
}
