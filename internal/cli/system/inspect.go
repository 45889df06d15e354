package system

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/connection"
	"tug/internal/cli/image"
	"tug/internal/cli/inspect"
	"tug/internal/cli/session"
)

// kind is a kind of object that `inspect` finds, in the order in which they are tried.
type kind struct {
	name string
	find func(ctx context.Context, api *connection.Client, ref string, size bool) (inspect.Object, error)
}

func kinds() []kind {
	return []kind{
		{"container", func(ctx context.Context, api *connection.Client, ref string, size bool) (inspect.Object, error) {
			found, err := api.ContainerInspect(ctx, ref, client.ContainerInspectOptions{Size: size})
			return inspect.Object{Value: found.Container, Raw: found.Raw}, err
		}},
		{"image", func(ctx context.Context, api *connection.Client, ref string, _ bool) (inspect.Object, error) {
			return image.Find(ctx, api, ref, nil)
		}},
		{"network", func(ctx context.Context, api *connection.Client, ref string, _ bool) (inspect.Object, error) {
			found, err := api.NetworkInspect(ctx, ref, client.NetworkInspectOptions{})
			return inspect.Object{Value: found.Network, Raw: found.Raw}, err
		}},
		{"volume", func(ctx context.Context, api *connection.Client, ref string, _ bool) (inspect.Object, error) {
			found, err := api.VolumeInspect(ctx, ref, client.VolumeInspectOptions{})
			return inspect.Object{Value: found.Volume, Raw: found.Raw}, err
		}},
	}
}

// Inspect gives the inspect command, which finds objects of any kind.
func Inspect(s *session.Session) *cobra.Command {
	var format, only string
	var size bool
	cmd := &cobra.Command{
		Use:                   "inspect [OPTIONS] NAME|ID [NAME|ID...]",
		Short:                 "Return low-level information on tug objects",
		Args:                  session.MinArgs(1),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted, err := kindsNamed(only, cmd.Flags().Changed("type"))
			if err != nil {
				return err
			}
			api, err := s.API()
			if err != nil {
				return err
			}
			return inspect.Show(s.Out, args, format, func(ref string) (inspect.Object, error) {
				return findAny(cmd.Context(), s, api, wanted, ref, size)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&format, "format", "f", "", session.InspectFormatHelp)
	flags.StringVar(&only, "type", "", "Only inspect objects of the given type")
	flags.BoolVarP(&size, "size", "s", false, "Display total file sizes if the type is container")
	return cmd
}

// kindsNamed is the kind that --type names, or all of them.
func kindsNamed(name string, given bool) ([]kind, error) {
	if !given {
		return kinds(), nil
	}
	var names []string
	for _, k := range kinds() {
		if k.name == name {
			return []kind{k}, nil
		}
		names = append(names, k.name)
	}
	if name == "" {
		return nil, fmt.Errorf(`type is empty: must be one of "%s"`, strings.Join(names, `", "`))
	}
	if slices.Contains([]string{"config", "node", "plugin", "secret", "service", "task"}, name) {
		return nil, fmt.Errorf("there are no objects of type %q: tug runs no swarm and no plugins", name)
	}
	return nil, fmt.Errorf(`unknown type: %q: must be one of "%s"`, name, strings.Join(names, `", "`))
}

// findAny tries one kind after the other.
func findAny(ctx context.Context, s *session.Session, api *connection.Client, wanted []kind, ref string, size bool) (inspect.Object, error) {
	for _, k := range wanted {
		object, err := k.find(ctx, api, ref, size)
		if err != nil {
			if len(wanted) > 1 && isOtherKind(err) {
				continue
			}
			return inspect.Object{}, err
		}
		if size && k.name != "container" {
			_, _ = fmt.Fprintln(s.Err, "WARNING: --size ignored for", k.name)
		}
		return object, nil
	}
	return inspect.Object{}, fmt.Errorf("error: no such object: %s", ref)
}

// isOtherKind says whether err only means that the name belongs to another kind of object.
func isOtherKind(err error) bool {
	return errdefs.IsNotFound(err) || strings.Contains(err.Error(), "not supported") || strings.Contains(err.Error(), "invalid reference format")
}
