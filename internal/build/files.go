package build

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/continuity/fs"
	"github.com/moby/buildkit/cache"
	"github.com/moby/buildkit/frontend"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/snapshot"
	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/llbsolver/file"
	"github.com/moby/buildkit/solver/llbsolver/ops"
	"github.com/moby/buildkit/solver/llbsolver/ops/fileoptypes"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/worker"
	fscopy "github.com/tonistiigi/fsutil/copy"

	"tug/internal/plan"
	"tug/internal/treecopy"
)

// ResolveOp implements worker.Worker: what is done with files is done our way where that does the same, faster.
func (b *builder) ResolveOp(v solver.Vertex, bridge frontend.FrontendLLBBridge, sessions *session.Manager, proxy worker.ProxyOpt) (solver.Op, error) {
	op, err := b.Worker.ResolveOp(v, placeless(bridge), sessions, proxy)
	if err != nil {
		return nil, err
	}
	if all, ok := v.Sys().(*pb.Op); ok && all.GetFile() != nil && slices.ContainsFunc(all.GetFile().Actions, isPlainCopy) && !slices.ContainsFunc(all.GetFile().Actions, namesOwner) {
		return &files{Op: op, actions: all.GetFile().Actions, builder: b, name: v.Name()}, nil
	}
	return op, nil
}

// files is BuildKit's operation on files, with copies of ours.
type files struct {
	solver.Op
	actions []*pb.FileAction
	builder *builder
	name    string
}

// Exec implements solver.Op.
func (f *files) Exec(ctx context.Context, job solver.JobContext, inputs []solver.Result) ([]solver.Result, error) {
	refs := make([]fileoptypes.Ref, len(inputs))
	for i, in := range inputs {
		ref, ok := in.Sys().(*worker.WorkerRef)
		if !ok {
			return nil, fmt.Errorf("a result of type %T is no files", in.Sys())
		}
		refs[i] = ref.ImmutableRef
	}
	backend, err := file.NewFileOpBackend(numericOwner)
	if err != nil {
		return nil, err
	}
	w := f.builder.Worker
	made, err := ops.NewFileOpSolver(w, &copying{backend, f.builder.settings.Log}, file.NewRefManager(w.CacheManager(), f.name)).Solve(ctx, refs, f.actions, job.Session())
	if err != nil {
		return nil, err
	}
	results := make([]solver.Result, len(made))
	for i, m := range made {
		ref, ok := m.(cache.ImmutableRef)
		if !ok {
			return nil, fmt.Errorf("what was made of files is a %T", m)
		}
		results[i] = worker.NewWorkerRefResult(ref, w)
	}
	return results, nil
}

// isPlainCopy tells whether an action copies a file or folder as it is, but for its owner: no patterns, modes or times, and nothing is unpacked.
func isPlainCopy(a *pb.FileAction) bool {
	c := a.GetCopy()
	return c != nil && c.CreateDestPath && c.DirCopyContents && !c.AttemptUnpackDockerCompatibility && !c.AlwaysReplaceExistingDestPaths && c.Mode == -1 && c.ModeStr == "" && c.Timestamp == -1 &&
		len(c.IncludePatterns) == 0 && len(c.ExcludePatterns) == 0 && len(c.RequiredPaths) == 0 && (!c.AllowWildcard || !strings.ContainsAny(c.Src, `*?[\`))
}

// namesOwner tells whether an action has an owner whose number has to be looked up in what is built, which BuildKit does.
func namesOwner(a *pb.FileAction) bool {
	for _, o := range []*pb.ChownOpt{a.GetCopy().GetOwner(), a.GetMkdir().GetOwner(), a.GetMkfile().GetOwner(), a.GetSymlink().GetOwner()} {
		if o.GetUser().GetByName() != nil || o.GetGroup().GetByName() != nil {
			return true
		}
	}
	return false
}

// numericOwner is an owner who is given by numbers; a group that is not is the user's.
func numericOwner(o *pb.ChownOpt, _, _ snapshot.Mountable) (*fscopy.User, error) {
	if o == nil {
		return nil, nil
	}
	var u fscopy.User
	if o.User != nil {
		u.UID, u.GID = int(o.User.GetByID()), int(o.User.GetByID())
	}
	if o.Group != nil {
		u.GID = int(o.Group.GetByID())
	}
	return &u, nil
}

// copying is what BuildKit does with files, but for plain copies.
type copying struct {
	*file.Backend
	log *slog.Logger
}

// Copy implements fileoptypes.Backend.
func (c *copying) Copy(ctx context.Context, from, to, user, group fileoptypes.Mount, action *pb.FileActionCopy) error {
	source, sok := from.(*file.Mount)
	target, tok := to.(*file.Mount)
	if !sok || !tok || !isPlainCopy(&pb.FileAction{Action: &pb.FileAction_Copy{Copy: action}}) {
		return c.Backend.Copy(ctx, from, to, user, group, action)
	}
	owner, err := numericOwner(action.Owner, nil, nil)
	if err != nil {
		return err
	}
	reading := snapshot.LocalMounter(source.Mountable())
	src, err := reading.Mount()
	if err != nil {
		return err
	}
	defer reading.Unmount() //nolint:errcheck // BuildKit's own copy goes on without, too
	return withVolatile(ctx, target.Mountable(), func(dest string) error {
		return trimRoots(copyPlain(ctx, src, dest, action, owner, c.log), src, dest)
	})
}

// withVolatile mounts what is written to so that it is not brought to disk when the mount goes: the image store does that for all layers.
func withVolatile(ctx context.Context, m snapshot.Mountable, f func(root string) error) (err error) {
	list, release, err := m.Mount()
	if err != nil {
		return err
	}
	if release != nil {
		defer func() { err = errors.Join(err, release()) }()
	}
	if len(list) != 1 || list[0].Type != "overlay" {
		local := snapshot.LocalMounterWithMounts(list)
		root, err := local.Mount()
		if err != nil {
			return err
		}
		return errors.Join(f(root), local.Unmount())
	}
	tree, err := treeOf(list[0])
	if err != nil {
		return err
	}
	list[0].Options = append(slices.Clone(list[0].Options), "volatile")
	err = mount.WithTempMount(context.WithoutCancel(ctx), list, f)
	return errors.Join(err, plan.ForgetVolatile(tree.Work))
}

// trimRoots takes the places of mounts out of an error, which mean nothing to anybody.
func trimRoots(err error, roots ...string) error {
	if of := new(os.PathError); errors.As(err, &of) {
		for _, r := range roots {
			of.Path = strings.TrimPrefix(of.Path, r)
		}
	}
	return err
}

// copyPlain copies a file, or what is in a folder, as BuildKit's copy does.
func copyPlain(ctx context.Context, src, dest string, action *pb.FileActionCopy, owner *fscopy.User, log *slog.Logger) error {
	made := fscopy.User{} // who has the folders that are made on the way
	o := treecopy.Options{Warn: func(path string, err error) {
		log.Warn("copy extended attributes in a build", "path", path, "error", err)
	}}
	if owner != nil {
		made, o.Owner = *owner, &treecopy.Owner{UID: owner.UID, GID: owner.GID}
	}
	from, err := sourceOf(src, action)
	if err != nil {
		return err
	}
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	intoFolder := strings.HasSuffix(action.Dest, "/") || strings.HasSuffix(action.Dest, "/.")
	to, err := fs.RootPath(dest, filepath.Clean("/"+action.Dest))
	if err != nil {
		return err
	}
	there, err := os.Stat(to)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	folder := func(path string) error {
		_, err := fscopy.MkdirAll(path, 0o755, func(*fscopy.User) (*fscopy.User, error) { return &made, nil }, nil)
		return err
	}
	name := filepath.Base(to)
	switch {
	case info.IsDir() && there != nil && !there.IsDir():
		return fmt.Errorf("cannot copy to non-directory: %s", action.Dest)
	case info.IsDir():
		if err := folder(to); err != nil {
			return err
		}
		return treecopy.Contents(ctx, from, to, o)
	case there != nil && there.IsDir() || there == nil && intoFolder:
		name = filepath.Base(action.Src)
	default:
		to = filepath.Dir(to)
	}
	if err := folder(to); err != nil {
		return err
	}
	return treecopy.File(ctx, from, to, name, o)
}

// sourceOf finds what is copied, below src.
func sourceOf(src string, action *pb.FileActionCopy) (string, error) {
	path := filepath.Clean("/" + action.Src)
	if action.FollowSymlink || path == "/" {
		return fs.RootPath(src, path)
	}
	folder, err := fs.RootPath(src, filepath.Dir(path))
	return filepath.Join(folder, filepath.Base(path)), err
}
