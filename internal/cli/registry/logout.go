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
				return logout(s, HubKey, HubKey)
			}
			host := credentials.ConvertToHostname(args[0])
			// Logins have been stored under each of these.
			return logout(s, host, args[0], host, "http://"+host, "https://"+host)
		},
	}
}

// logout forgets what is stored under keys. What Docker's own file holds is Docker's to forget; that it goes
// on to be used is said.
func logout(s *session.Session, name string, keys ...string) error {
	cfg, err := s.Config()
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(s.Out, "Removing login credentials for", name)
	failed := make(map[string]error)
	remains := false
	for _, key := range keys {
		stays, err := cfg.EraseCredentials(key)
		if err != nil {
			failed[key] = err
		}
		remains = remains || stays
	}
	if len(failed) == len(keys) {
		_, _ = fmt.Fprintln(s.Err, "WARNING: could not erase credentials:")
		for _, key := range keys {
			_, _ = fmt.Fprintf(s.Err, "%s: %s\n", key, failed[key])
		}
	}
	if remains {
		_, _ = fmt.Fprintln(s.Err, "Docker's configuration has a login for it too, which tug uses: 'docker logout' removes that one.")
	}
	return nil
}
