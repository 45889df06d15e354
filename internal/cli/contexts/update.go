package contexts

import (
	"github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Update gives the `context update` command.
func Update(s *session.Session) *cobra.Command {
	var description string
	var given map[string]string
	cmd := &cobra.Command{
		Use:                   "update [OPTIONS] CONTEXT",
		Short:                 "Update a context",
		Long:                  endpointHelp("Update", "update"),
		Args:                  session.ExactArgs(1),
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			return update(s, args[0], description, given)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&description, "description", "", "Description of the context")
	flags.StringToStringVar(&given, "docker", nil, "set the docker endpoint")
	return cmd
}

func update(s *session.Session, name, description string, given map[string]string) error {
	if err := store.ValidateContextName(name); err != nil {
		return err
	}
	contexts := s.Contexts()
	if _, err := contexts.GetMetadata(name); err != nil {
		return err
	}
	var daemon *docker.Endpoint
	if given != nil {
		described, err := endpoint(contexts, given)
		if err != nil {
			return err
		}
		daemon = &described
	}
	if err := contexts.Update(name, description, daemon); err != nil {
		return err
	}
	tellDone(s, "Successfully updated context", name)
	return nil
}
