package container

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"github.com/containerd/errdefs"
	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/docker/cli/opts"
	"github.com/moby/moby/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tug/internal/cli/connection"
	"tug/internal/cli/creation"
	"tug/internal/cli/image"
	"tug/internal/cli/session"
)

// Values of --pull.
const (
	pullAlways  = "always"
	pullMissing = "missing"
	pullNever   = "never"
)

// newContainer is what `run` and `create` share: the options, and how a container is made from them.
type newContainer struct {
	options  creation.Options
	name     string
	platform string
	pull     string
	quiet    bool
	apiMount bool
	dryRun   bool
}

func (n *newContainer) register(s *session.Session, cmd *cobra.Command, pullUsage string) {
	flags := cmd.Flags()
	flags.SetInterspersed(false)
	flags.StringVar(&n.name, "name", "", "Assign a name to the container")
	flags.StringVar(&n.pull, "pull", pullMissing, pullUsage+` ("`+pullAlways+`", "`+pullMissing+`", "`+pullNever+`")`)
	flags.BoolVarP(&n.quiet, "quiet", "q", false, "Suppress the pull output")
	flags.StringVar(&n.platform, "platform", s.Getenv("DOCKER_DEFAULT_PLATFORM"), "Set platform if server is multi-platform capable")
	flags.BoolVar(&n.apiMount, "use-api-socket", false, "Bind mount the API socket and required auth")
	flags.BoolVar(&n.dryRun, "dry-run", false, "Print the plan by which the container would be started, and start nothing")
	flags.Bool("help", false, "Print usage") // without -h, which is --hostname
	flags.Bool("disable-content-trust", true, "Skip image verification (deprecated)")
	_ = flags.MarkDeprecated("disable-content-trust", "support for docker content trust was removed")
	n.options.Register(flags)
}

// request makes the body of the create request, or an error about the options.
func (n *newContainer) request(s *session.Session, flags *pflag.FlagSet, args []string) (*creation.Request, error) {
	switch n.pull {
	case pullAlways, pullMissing, pullNever, "":
	default:
		return nil, fmt.Errorf("invalid pull option: '%s': must be one of %q, %q or %q", n.pull, pullAlways, pullMissing, pullNever)
	}
	if err := n.addProxies(s); err != nil {
		return nil, err
	}
	return n.options.Request(flags, args[0], args[1:])
}

// addProxies adds the proxy variables of the person's configuration to the container's environment.
func (n *newContainer) addProxies(s *session.Session) error {
	cfg, err := s.Config()
	if err != nil {
		return err
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	var vars []string
	for name, value := range cfg.ProxyEnv(api.DaemonHost(), opts.ConvertKVStringsToMapWithNil(n.options.GivenEnv())) {
		if value != nil {
			vars = append(vars, name+"="+*value)
		}
	}
	sort.Strings(vars)
	n.options.AddEnv(vars...)
	return nil
}

// creator has the daemon create a container. An ID is given also if what comes after the creation has failed.
type creator func(ctx context.Context, api *connection.Client, platform *ocispec.Platform) (id string, warnings []string, err error)

// make has the daemon create the container, pulling its image first if it is missing (or always, or
// never, as the options say), and gives its ID. Warnings and the progress of a pull go to standard error.
func (n *newContainer) make(ctx context.Context, s *session.Session, r *creation.Request) (id string, err error) {
	return n.makeBy(ctx, s, r, func(ctx context.Context, api *connection.Client, platform *ocispec.Platform) (string, []string, error) {
		created, err := api.ContainerCreate(ctx, client.ContainerCreateOptions{
			Name: n.name, Platform: platform,
			Config: r.Config, HostConfig: r.HostConfig, NetworkingConfig: r.NetworkingConfig,
		})
		return created.ID, created.Warnings, err
	})
}

// makeBy is make with the call by which the container is created.
func (n *newContainer) makeBy(ctx context.Context, s *session.Session, r *creation.Request, create creator) (id string, err error) {
	platform, err := n.parsedPlatform()
	if err != nil {
		return "", err
	}
	cid, err := openCIDFile(r.HostConfig.ContainerIDFile)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, cid.close()) }()

	named, err := imageName(r.Config.Image)
	if err != nil {
		return "", err
	}
	var credentials *apiCredentials
	if n.apiMount {
		if credentials, err = mountAPI(s, r); err != nil {
			return "", err
		}
	}
	if n.pull == pullAlways {
		if err := n.fetch(ctx, s, r.Config.Image); err != nil {
			return "", err
		}
	}
	api, err := s.API()
	if err != nil {
		return "", err
	}
	r.HostConfig.ConsoleSize[0], r.HostConfig.ConsoleSize[1] = s.Out.GetTtySize()
	id, warnings, err := create(ctx, api, platform)
	if errdefs.IsNotFound(err) && id == "" && named != nil && n.pull == pullMissing {
		if !n.quiet {
			_, _ = fmt.Fprintf(s.Err, "Unable to find image '%s' locally\n", reference.FamiliarString(named))
		}
		if err := n.fetch(ctx, s, r.Config.Image); err != nil {
			return "", err
		}
		id, warnings, err = create(ctx, api, platform)
	}
	if id == "" {
		return "", err
	}
	if failed := credentials.copyInto(ctx, api, id); failed != nil {
		warnings = append(warnings, failed.Error())
	}
	for _, warning := range warnings {
		_, _ = fmt.Fprintln(s.Err, "WARNING:", warning)
	}
	return id, errors.Join(err, cid.write(id))
}

// parsedPlatform is the value of --platform, or nil.
func (n *newContainer) parsedPlatform() (*ocispec.Platform, error) {
	if n.platform == "" {
		return nil, nil
	}
	p, err := platforms.Parse(n.platform)
	if err != nil {
		return nil, err
	}
	return &p, nil
}

// fetch pulls the image; its progress does not mix with the container's output.
func (n *newContainer) fetch(ctx context.Context, s *session.Session, name string) error {
	out := s.Err
	if n.quiet {
		out = nil
	}
	return image.Fetch(ctx, s, name, n.platform, false, out)
}

// plan prints by which steps the container would be started.
func (n *newContainer) plan(ctx context.Context, s *session.Session, r *creation.Request) error {
	api, err := s.API()
	if err != nil {
		return err
	}
	return api.Plan(ctx, n.name, r.Body(), s.Out)
}

// imageName is the name that an image reference holds, with its tag; nil if it is an ID.
func imageName(image string) (reference.Named, error) {
	ref, err := reference.ParseAnyReference(image)
	if err != nil {
		return nil, err
	}
	named, ok := ref.(reference.Named)
	if !ok {
		return nil, nil
	}
	return reference.TagNameOnly(named), nil
}
