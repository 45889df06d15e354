package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/cli/config/credentials"
	"github.com/docker/cli/cli/config/types"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tug/internal/cli/prompt"
	"tug/internal/cli/session"
)

type loginOptions struct {
	user          string
	password      string
	passwordStdin bool
}

// Login gives the login command.
func Login(s *session.Session) *cobra.Command {
	var o loginOptions
	cmd := &cobra.Command{
		Use:                   "login [OPTIONS] [SERVER]",
		Short:                 "Authenticate to a registry",
		Long:                  "Authenticate to a registry.\nDefaults to Docker Hub if no server is specified.",
		Args:                  session.MaxArgs(1),
		Annotations:           map[string]string{"category-top": "8"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd.Flags()); err != nil {
				return err
			}
			server := HubKey
			if len(args) > 0 && args[0] != "docker.io" {
				server = credentials.ConvertToHostname(args[0])
			}
			return o.login(cmd.Context(), s, server)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.user, "username", "u", "", "Username")
	flags.StringVarP(&o.password, "password", "p", "", `Password or Personal Access Token (PAT), or "-" to read from stdin`)
	flags.BoolVar(&o.passwordStdin, "password-stdin", false, "Take the Password or Personal Access Token (PAT) from stdin")
	return cmd
}

// check refuses options that make no sense together.
func (o *loginOptions) check(flags *pflag.FlagSet) error {
	if o.passwordStdin || o.password == "-" {
		if flags.Changed("password") && o.password != "-" {
			return errors.New("conflicting options: cannot specify both --password and --password-stdin")
		}
		if !flags.Changed("username") {
			return errors.New("the --password-stdin option requires --username to be set")
		}
		o.password, o.passwordStdin = "", true
	}
	if flags.Changed("username") && o.user == "" {
		return errors.New("username is empty")
	}
	if flags.Changed("password") && o.password == "" && !o.passwordStdin {
		return errors.New("password is empty")
	}
	return nil
}

// login tries what is stored, if nothing was given, and then what was given or is asked for.
func (o *loginOptions) login(ctx context.Context, s *session.Session, server string) error {
	if o.password != "" {
		_, _ = fmt.Fprintln(s.Err, "WARNING! Using --password via the CLI is insecure. Use --password-stdin.")
	}
	if o.passwordStdin {
		secret, err := io.ReadAll(s.In)
		if err != nil {
			return err
		}
		o.password = trimLineEnd(string(secret))
		if strings.TrimSpace(o.password) == "" {
			return errors.New("password is empty")
		}
	}
	known := types.AuthConfig{}
	if o.user == "" && o.password == "" {
		var err error
		if known, err = login(ctx, s, server); ctx.Err() != nil {
			return err
		} // a helper that fails is as good as one that knows nothing
		if known.Username != "" && known.Password != "" {
			known.ServerAddress = server
			if done, err := loginStored(ctx, s, known); done {
				return err
			}
		}
	}
	auth, err := o.ask(ctx, s, server, known.Username)
	if err != nil {
		return err
	}
	return authenticate(ctx, s, auth)
}

// loginStored tries the login that is stored. It is not done if the daemon refuses it.
func loginStored(ctx context.Context, s *session.Session, auth types.AuthConfig) (done bool, err error) {
	_, _ = fmt.Fprintf(s.Err, "Authenticating with existing credentials... [Username: %s]\n", auth.Username)
	_, _ = fmt.Fprint(s.Err, "\nInfo → To login with a different account, run 'tug logout' followed by 'tug login'\n\n\n")
	err = authenticate(ctx, s, auth)
	switch {
	case err == nil:
		return true, nil
	case errdefs.IsUnauthorized(err):
		_, _ = fmt.Fprintln(s.Err, "Stored credentials invalid or expired")
	case client.IsErrConnectionFailed(err):
		return true, err
	default:
		_, _ = fmt.Fprintln(s.Err, "Login did not succeed, error:", err)
	}
	return false, err
}

// authenticate has the daemon try a login, and keeps it if the registry accepts it.
func authenticate(ctx context.Context, s *session.Session, auth types.AuthConfig) error {
	api, err := s.API()
	if err != nil {
		return err
	}
	answer, err := api.RegistryLogin(ctx, client.RegistryLoginOptions{
		Username:      auth.Username,
		Password:      auth.Password,
		ServerAddress: auth.ServerAddress,
		IdentityToken: auth.IdentityToken,
		RegistryToken: auth.RegistryToken,
	})
	if err != nil {
		return err
	}
	if answer.Auth.IdentityToken != "" {
		auth.Password, auth.IdentityToken = "", answer.Auth.IdentityToken
	}
	cfg, err := s.Config()
	if err != nil {
		return err
	}
	if err := cfg.StoreCredentials(auth); err != nil {
		return fmt.Errorf("error saving credentials: %w", err)
	}
	if answer.Auth.Status != "" {
		_, _ = fmt.Fprintln(s.Out, answer.Auth.Status)
	}
	return nil
}

// ask completes what was given by what the person answers.
func (o *loginOptions) ask(ctx context.Context, s *session.Session, server, lastUser string) (types.AuthConfig, error) {
	none := types.AuthConfig{}
	if (o.user == "" || o.password == "") && !s.In.IsTerminal() {
		return none, errors.New("error: cannot perform an interactive login from a non-TTY device")
	}
	user, password := strings.TrimSpace(o.user), o.password
	var err error
	if user == "" {
		question := "Username: "
		if lastUser != "" {
			question = fmt.Sprintf("Username (%s): ", lastUser)
		}
		if user, err = prompt.Line(ctx, s.In, s.Out, question); err != nil {
			return none, err
		}
		if user == "" {
			user = lastUser
		}
		if user == "" {
			return none, errors.New("error: username is required")
		}
	}
	if password == "" {
		if password, err = prompt.Secret(ctx, s.In, s.Out, "Password: "); err != nil {
			return none, err
		}
		if password == "" {
			return none, errors.New("error: password is required")
		}
	}
	return types.AuthConfig{Username: user, Password: password, ServerAddress: server}, nil
}

// trimLineEnd takes off one end of a line, which is not the secret's but the terminal's or the pipe's.
func trimLineEnd(secret string) string {
	for _, end := range []string{"\r\n", "\n", "\r"} {
		if trimmed, ok := strings.CutSuffix(secret, end); ok {
			return trimmed
		}
	}
	return secret
}
