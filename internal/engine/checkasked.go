package engine

import (
	"path"
	"slices"
	"strings"

	"tug/internal/container"
)

// checkAsked finds what no container can have, in what was asked for. Images that have the like are run all the same, as by
// Docker. Errors: InvalidArgument.
func checkAsked(req *CreateRequest) error {
	if err := req.Config.Healthcheck.CheckTest(); err != nil {
		return err
	}
	for p := range req.Config.ExposedPorts {
		if err := checkProtocol("expose port "+p, p); err != nil {
			return err
		}
	}
	for p := range req.Host.PortBindings {
		if err := checkProtocol("publish port "+p, p); err != nil {
			return err
		}
	}
	return checkShown(&req.Host)
}

// checkProtocol finds ports of protocols that have none. What was to be done begins the words of the error.
func checkProtocol(doing, port string) error {
	if _, protocol, _ := strings.Cut(port, "/"); !slices.Contains([]string{"", "tcp", "udp", "sctp"}, protocol) {
		return invalid("%s: the protocol must be tcp, udp or sctp", doing)
	}
	return nil
}

// checkShown finds what a container's view of its kernel and terminal cannot be.
func checkShown(h *container.HostConfig) error {
	const mostCells = 65535 // TIOCSWINSZ
	for name, paths := range map[string][]string{"MaskedPaths": h.MaskedPaths, "ReadonlyPaths": h.ReadonlyPaths} {
		for _, p := range paths {
			if !path.IsAbs(p) {
				return invalid("invalid path %q in %s: it must be absolute, as in /proc/kcore", p, name)
			}
		}
	}
	if h.ConsoleSize[0] > mostCells || h.ConsoleSize[1] > mostCells {
		return invalid("invalid ConsoleSize %v: a terminal has at most %d rows and columns", h.ConsoleSize, mostCells)
	}
	return nil
}
