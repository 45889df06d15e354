package registry

import (
	"fmt"

	"github.com/docker/cli/cli/config/credentials"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Logout gives the logout command.
func Logout(s *session.Session) *cobra.Command {
	return &cobra.Command{
		Use:                   "logout [SERVER]",
		Short:                 "Log out from a registry",
		Long:                  "Log out from a registry.\nIf no server is specified, Docker Hub is meant.",
		Args:                  session.MaxArgs(1),
		Annotations:           map[string]string{"category-top": "9"},
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return logout(s, HubKey)
			}
			host := credentials.ConvertToHostname(args[0])
			// Logins have been stored under each of these.
			return logout(s, host, args[0], "http://"+host, "https://"+host)
		},
	}
}

// logout forgets what is stored under keys, of which logins of today have the first. What Docker's own file holds is Docker's to forget; that it goes
// on to be used is said.
func logout(s *session.Session, keys ...string) error {
	cfg, err := s.Config()
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(s.Out, "Removing login credentials for", keys[0])
	remains := false
	for i, key := range keys {
		stays, err := cfg.EraseCredentials(key)
		if err != nil && i == 0 { // of the others, some helpers complain that they do not have them
			_, _ = fmt.Fprintf(s.Err, "WARNING: could not erase credentials:\n%s: %s\n", key, err)
		}
		remains = remains || stays
	}
	if remains {
		_, _ = fmt.Fprintln(s.Err, "Docker's configuration has a login for it too, which tug uses: 'docker logout' removes that one.")
	}
	return nil
}
