package container

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/fvbommel/sortorder"
	"github.com/moby/moby/api/types/network"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Port gives the port command.
func Port(s *session.Session) *cobra.Command {
	return &cobra.Command{
		Use:                   "port CONTAINER [PRIVATE_PORT[/PROTO]]",
		Short:                 "List port mappings or a specific mapping for the container",
		Args:                  session.RangeArgs(1, 2),
		Annotations:           map[string]string{"aliases": "tug container port, tug port"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			port := ""
			if len(args) > 1 {
				port = args[1]
			}
			return showPorts(cmd.Context(), s, args[0], port)
		},
	}
}

func showPorts(ctx context.Context, s *session.Session, ref, wanted string) error {
	api, err := s.API()
	if err != nil {
		return err
	}
	c, err := find(ctx, api, ref)
	if err != nil {
		return err
	}
	ports := c.NetworkSettings.Ports
	var lines []string
	if wanted != "" {
		port, err := network.ParsePort(wanted)
		if err != nil {
			return err
		}
		if len(ports[port]) == 0 {
			return fmt.Errorf("no public port '%s' published for %s", wanted, ref)
		}
		for _, host := range ports[port] {
			lines = append(lines, net.JoinHostPort(host.HostIP.String(), host.HostPort))
		}
	} else {
		for port, hosts := range ports {
			for _, host := range hosts {
				lines = append(lines, fmt.Sprintf("%s -> %s", port, net.JoinHostPort(host.HostIP.String(), host.HostPort)))
			}
		}
	}
	if len(lines) > 0 {
		slices.SortFunc(lines, sortorder.NaturalCompare)
		_, _ = fmt.Fprintln(s.Out, strings.Join(lines, "\n"))
	}
	return nil
}
