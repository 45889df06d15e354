package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/containerd/errdefs"
	controlapi "github.com/moby/buildkit/api/services/control"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/moby/buildkit/frontend/dockerui"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	gatewayapi "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/filesync"
	solvererrors "github.com/moby/buildkit/solver/errdefs"
	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"

	"tug/internal/store"
	"tug/internal/tarfs"
)

// Classic is a build as clients that know nothing of BuildKit ask for it.
type Classic struct {
	Context    io.Reader // a tar archive, compressed or not; nil if Remote or Session has the context
	Remote     string    // a repository of git, or a URL
	Session    string    // that of a client that does know BuildKit, with the context unless there is another
	Trace      bool      // tell of the progress as BuildKit does
	Ref        string    // a name by which other requests mean this build; "" for none
	Upload     bool      // the context comes in another request, which names the build by its Ref
	Dockerfile string    // its name in the context; "" for the usual one
	Tags       []string  // what the image is to be called
	Target     string
	Platform   string

	NoCache, Pull bool
	CacheFrom     []string
	BuildArgs     map[string]string
	Labels        map[string]string
	Outputs       []Output // none for an image

	Network, CgroupParent string   // as those of a Step
	ExtraHosts            []string // "name:address"
	Limits                Limits
	Ulimits               []Ulimit
	Credentials           Credentials
}

// Output is something that a build is to make.
type Output struct {
	Type  string
	Attrs map[string]string
}

// Base is an image that a build begins with.
type Base struct {
	Name, Platform string // Platform may be ""
	Pull           bool   // look for a newer one
	Credentials    Credentials
	Progress       func(Progress)
}

// Failed is the error of a build whose program has ended with another status than 0.
type Failed struct {
	Command string
	Code    int
	Why     error // may be nil
}

// ExitCode is the status of the program.
func (f *Failed) ExitCode() int { return f.Code }

// Error says it in Docker's words.
func (f *Failed) Error() string {
	words := fmt.Sprintf("The command '%s' returned a non-zero code: %d", f.Command, f.Code)
	if f.Why != nil {
		words += ": " + f.Why.Error()
	}
	return words
}

// Build builds, and tells of it. It gives the ID of the image, "" if something else was made. Errors: InvalidArgument, NotFound, Conflict (its name), Failed,
// and BuildKit's.
func (b *Builder) Build(ctx context.Context, c *Classic, tell func(Message)) (id string, err error) {
	back, err := b.open(ctx)
	if err != nil {
		return "", err
	}
	ctx, cancel := back.context(ctx)
	defer cancel()
	if c.Ref == "" {
		return b.build(ctx, back, c, tell)
	}
	ctx, job, ended, err := b.jobs.begin(ctx, c.Ref)
	if err != nil {
		return "", err
	}
	defer ended()
	if c.Upload {
		body, read, err := job.receive(ctx)
		if err != nil {
			return "", err
		}
		defer read()
		c.Context = body
	}
	id, err = b.build(ctx, back, c, tell)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errCancelled) {
		return "", cause
	}
	return id, err
}

func (b *Builder) build(ctx context.Context, back *backend, c *Classic, tell func(Message)) (id string, err error) {
	if err := c.checkRemote(); err != nil {
		return "", err
	}
	r := c.request()
	attach := []session.Attachable{&keeper{credentials: c.Credentials}}
	shared := ""
	if c.Context != nil {
		files, err := back.receive(c)
		if err != nil {
			return "", err
		}
		defer files.Close()
		fs, err := owned(files)
		if err != nil {
			return "", err
		}
		shared = files.Digest() // so that what was sent for another build is taken only if it is the same
		attach = append(attach, filesync.NewFSSyncProvider(filesync.StaticDirSource{dockerui.DefaultLocalNameContext: fs, dockerui.DefaultLocalNameDockerfile: fs}))
	}
	own, end, err := back.openSession(ctx, shared, attach...)
	if err != nil {
		return "", err
	}
	defer end()
	if r.Session = own; c.Session != "" {
		r.Session = c.Session
		if c.Context != nil {
			r.FrontendAttrs["local-sessionid:"+dockerui.DefaultLocalNameContext] = own
			r.FrontendAttrs["local-sessionid:"+dockerui.DefaultLocalNameDockerfile] = own
		}
	}
	if c.Trace {
		return imageOf(back.solve(ctx, r, func(s *controlapi.StatusResponse) {
			if trace, err := s.MarshalVT(); err == nil {
				tell(Message{Trace: trace})
			}
		}))
	}
	t := newTeller(shared, tell)
	id, err = imageOf(back.solve(context.WithValue(ctx, prologueKey{}, b.prologue(c, t)), r, t.watch))
	if err != nil {
		return "", explain(c.explainRemote(err), t.fail())
	}
	t.finish(id)
	if names := t.script.unused(c.BuildArgs); len(names) > 0 {
		t.say(Message{Stream: fmt.Sprintf("[Warning] One or more build-args %v were not consumed\n", names)})
	}
	return id, nil
}

// imageOf is the ID of the image that an exporter has made.
func imageOf(answer map[string]string, err error) (string, error) {
	return answer[exptypes.ExporterImageConfigDigestKey], err
}

// maxTrailer bounds what may follow the end of an archive, in bytes.
const maxTrailer = 1 << 20

// receive takes the context that a client sends. Errors: InvalidArgument, NotFound.
func (b *backend) receive(c *Classic) (*tarfs.FS, error) {
	plain, err := store.Decompress(c.Context)
	if err != nil {
		return nil, fmt.Errorf("read the build context: %w", err)
	}
	files, err := tarfs.Read(plain, b.settings.Root)
	plain.Close()
	if err != nil {
		return nil, fmt.Errorf("read the build context: %w", err)
	}
	if err := readTrailer(c.Context); err != nil {
		return nil, errors.Join(err, files.Close())
	}
	name := c.Dockerfile
	if name == "" {
		name = dockerui.DefaultDockerfileName
	}
	for _, n := range []string{name, path.Join(path.Dir(name), strings.ToLower(path.Base(name)))} {
		if files.Has(n) {
			return files, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("Cannot locate specified Dockerfile: %s", name), files.Close()) //nolint:staticcheck // Docker's words
}

// readTrailer reads what follows an archive to the end of the request: until that is read nobody notices that its client has gone.
// Errors: InvalidArgument.
func readTrailer(request io.Reader) error {
	switch n, err := io.CopyN(io.Discard, request, maxTrailer+1); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return fmt.Errorf("read the build context: %w", err)
	default:
		return fmt.Errorf("read the build context: more than %d bytes follow the end of the archive: send the archive alone: %w", n-1, errdefs.ErrInvalidArgument)
	}
}

// owned shows files as root's, as what is copied from a context is.
func owned(files fsutil.FS) (fsutil.FS, error) {
	return fsutil.NewFilterFS(files, &fsutil.FilterOpt{Map: func(_ string, s *fstypes.Stat) fsutil.MapResult {
		s.Uid, s.Gid = 0, 0
		return fsutil.MapResultKeep
	}})
}

// prologueKey is where the context of a solve has what is done once its Dockerfile is read.
type prologueKey struct{}

type prologue func(ctx context.Context, dockerfile []byte) error

// withPrologue has the frontend for Dockerfiles do first what the context of the solve asks for.
func withPrologue(build gateway.BuildFunc) gateway.BuildFunc {
	return func(ctx context.Context, client gateway.Client) (*gateway.Result, error) {
		do, ok := ctx.Value(prologueKey{}).(prologue)
		if !ok {
			return build(ctx, client)
		}
		ui, err := dockerui.NewClient(client)
		if err != nil {
			return nil, err
		}
		source, err := ui.ReadEntrypoint(ctx, dockerui.DefaultDockerfileName)
		if err != nil {
			return nil, err
		}
		if err := do(ctx, source.Data); err != nil {
			return nil, err
		}
		return build(ctx, client)
	}
}

// prologue tells what the build goes through, and gets the images that it begins with, as the classic builder does: they are images of the engine's then.
func (b *Builder) prologue(c *Classic, t *teller) prologue {
	return func(ctx context.Context, dockerfile []byte) error {
		s, err := readScript(dockerfile, c.Target, c.Platform, c.BuildArgs)
		if err != nil {
			return err
		}
		t.begin(s)
		for i, l := range s.lines {
			if l.base == "" {
				continue
			}
			platform := l.platform
			if platform == "" {
				platform = c.Platform
			}
			id, err := b.settings.Base(ctx, Base{
				Name: l.base, Platform: platform, Pull: c.Pull, Credentials: c.Credentials, Progress: func(p Progress) { t.say(Message{Pull: &p}) },
			})
			if err != nil {
				return err
			}
			t.based(i, id)
		}
		return nil
	}
}

// missing is how BuildKit says that a COPY has found nothing.
var missing = regexp.MustCompile(`"/?([^"]*)": not found$`)

// explain gives the words of the classic builder for what went wrong with a line, which may be nil.
func explain(err error, l *line) error {
	if exit := new(gatewayapi.ExitError); errors.As(err, &exit) && exit.ExitCode != uint32(gatewayapi.UnknownExitStatus) {
		f := &Failed{Code: int(exit.ExitCode), Why: exit.Err}
		if of := new(solvererrors.OpError); errors.As(err, &of) {
			f.Command = strings.Join(of.Op.GetExec().GetMeta().GetArgs(), " ")
		}
		return f
	}
	if l == nil {
		return err
	}
	verb, _, _ := strings.Cut(l.text, " ")
	if m := missing.FindStringSubmatch(err.Error()); m != nil && (strings.EqualFold(verb, "COPY") || strings.EqualFold(verb, "ADD")) {
		return fmt.Errorf("%s failed: file not found in build context or excluded by .dockerignore: stat %s: %w: %w", strings.ToUpper(verb), m[1], os.ErrNotExist, errdefs.ErrNotFound)
	}
	return err
}
