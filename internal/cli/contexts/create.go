package contexts

import (
	"errors"

	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

type createOptions struct {
	description string
	from        string
	endpoint    map[string]string
}

// Create gives the `context create` command.
func Create(s *session.Session) *cobra.Command {
	var o createOptions
	cmd := &cobra.Command{
		Use:                   "create [OPTIONS] CONTEXT",
		Short:                 "Create a context",
		Long:                  endpointHelp("Create", "create"),
		Args:                  session.ExactArgs(1),
		DisableFlagsInUseLine: true,
		RunE:                  func(_ *cobra.Command, args []string) error { return o.create(s, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.description, "description", "", "Description of the context")
	flags.StringToStringVar(&o.endpoint, "docker", nil, "set the docker endpoint")
	flags.StringVar(&o.from, "from", "", "create context from a named context")
	return cmd
}

// create makes a context of --docker, or copies the one of --from, or the current one.
func (o *createOptions) create(s *session.Session, name string) error {
	contexts := s.Contexts()
	if err := contexts.MustBeNew(name); err != nil {
		return err
	}
	if o.from != "" && len(o.endpoint) > 0 {
		return errors.New("cannot use --docker flag when --from is set")
	}
	if err := o.keep(s, name); err != nil {
		return err
	}
	tellDone(s, "Successfully created context", name)
	return nil
}

func (o *createOptions) keep(s *session.Session, name string) error {
	contexts, from := s.Contexts(), o.from
	if from == "" && o.endpoint != nil {
		daemon, err := endpoint(contexts, o.endpoint)
		if err != nil {
			return err
		}
		return contexts.Make(name, o.description, daemon)
	}
	if from == "" {
		current, err := s.ContextName()
		if err != nil {
			return err
		}
		from = current
	}
	return contexts.Copy(from, name, o.description)
}
