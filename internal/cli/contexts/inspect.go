package contexts

import (
	"github.com/docker/cli/cli/context/store"
	"github.com/spf13/cobra"

	"tug/internal/cli/inspect"
	"tug/internal/cli/session"
)

// inspected is a context as `context inspect` shows it.
type inspected struct {
	store.Metadata
	TLSMaterial map[string]store.EndpointFiles
	Storage     store.StorageInfo
}

// Inspect gives the `context inspect` command.
func Inspect(s *session.Session) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:                   "inspect [OPTIONS] [CONTEXT] [CONTEXT...]",
		Short:                 "Display detailed information on one or more contexts",
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, names []string) error {
			if len(names) == 0 {
				current, err := s.ContextName()
				if err != nil {
					return err
				}
				names = []string{current}
			}
			contexts := s.Contexts()
			return inspect.Show(s.Out, names, format, func(name string) (inspect.Object, error) {
				context, err := contexts.GetMetadata(name)
				if err != nil {
					return inspect.Object{}, err
				}
				files, err := contexts.ListTLSFiles(name)
				if err != nil {
					return inspect.Object{}, err
				}
				return inspect.Object{Value: inspected{Metadata: context, TLSMaterial: files, Storage: contexts.GetStorageInfo(name)}}, nil
			})
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", session.InspectFormatHelp)
	return cmd
}
