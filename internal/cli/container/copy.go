package container

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/go-archive"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

type copyOptions struct {
	followLink bool
	ids        bool
	quiet      bool
}

// Copy gives the cp command.
func Copy(s *session.Session) *cobra.Command {
	var o copyOptions
	cmd := &cobra.Command{
		Use: `cp [OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-
	tug cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH`,
		Short: "Copy files/folders between a container and the local filesystem",
		Long: `Copy files/folders between a container and the local filesystem

Use '-' as the source to read a tar archive from stdin
and extract it to a directory destination in a container.
Use '-' as the destination to stream a tar archive of a
container source to stdout.`,
		Args:                  session.ExactArgs(2),
		Annotations:           map[string]string{"aliases": "tug container cp, tug cp"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("quiet") {
				o.quiet = !s.Out.IsTerminal()
			}
			return o.copy(cmd.Context(), s, args[0], args[1])
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.followLink, "follow-link", "L", false, "Always follow symlinks in SRC_PATH")
	flags.BoolVarP(&o.ids, "archive", "a", false, "Archive mode (copy all uid/gid information)")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached")
	return cmd
}

// copy finds out in which direction to copy, which one of the paths says by its container's name.
func (o *copyOptions) copy(ctx context.Context, s *session.Session, source, destination string) error {
	if source == "" {
		return errors.New("source can not be empty")
	}
	if destination == "" {
		return errors.New("destination can not be empty")
	}
	from, fromPath := splitPath(source)
	to, toPath := splitPath(destination)
	switch {
	case from != "" && to != "":
		return errors.New("copying between containers is not supported")
	case from != "":
		return o.copyOut(ctx, s, from, fromPath, toPath)
	case to != "":
		return o.copyIn(ctx, s, fromPath, to, toPath)
	}
	return errors.New("must specify at least one container source")
}

// splitPath tells CONTAINER:PATH from a path on this side, which may have a colon in it if it is absolute or
// starts with a dot.
func splitPath(arg string) (container, path string) {
	if isAbsolute(arg) {
		return "", arg
	}
	container, path, ok := strings.Cut(arg, ":")
	if !ok || strings.HasPrefix(container, ".") {
		return "", arg
	}
	return container, path
}

// isAbsolute takes \dir, which Go takes for relative on Windows, for absolute.
func isAbsolute(path string) bool {
	return filepath.IsAbs(path) || strings.HasPrefix(path, string(os.PathSeparator))
}

// localPath makes a path on this side absolute, and keeps what its end says ("dir/." is dir's content).
func localPath(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return archive.PreserveTrailingDotOrSeparator(absolute, path), nil
}

// linkTarget is where a link in a container points to, seen from the link's folder.
func linkTarget(link, target string) string {
	if isAbsolute(target) {
		return target
	}
	folder, _ := archive.SplitPathDirEntry(link)
	return filepath.Join(folder, target)
}
