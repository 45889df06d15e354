package fault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"github.com/containerd/errdefs"
)

func TestClassesAreNotShown(t *testing.T) {
	missing := fmt.Errorf("no such container: web: %w", errdefs.ErrNotFound)
	for want, err := range map[string]error{
		"plain":                             errors.New("plain"),
		"no such container: web":            missing,
		"connect: no such container: web":   fmt.Errorf("connect: %w", missing),
		"link: no such container: web":      fmt.Errorf("link: %w: %w", missing, errdefs.ErrInvalidArgument),
		"one\nno such container: web\nlast": errors.Join(errors.New("one"), missing, errors.New("last")),
		"file x: file does not exist":       fmt.Errorf("file x: %w: %w", fs.ErrNotExist, errdefs.ErrNotFound),
	} {
		if got := Words(err); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestWordsOfOthersStay(t *testing.T) {
	for want, err := range map[string]error{
		"mount /x: invalid argument":     fmt.Errorf("mount /x: %w", syscall.EINVAL),
		"mount /y: invalid argument":     fmt.Errorf("mount /y: %w: %w", syscall.EINVAL, errdefs.ErrInvalidArgument),
		"the runtime says: not found":    fmt.Errorf("the runtime says: not found: %w", errdefs.ErrInternal),
		"not found":                      errdefs.ErrNotFound, // there is nothing else to say
		"not found: choose another name": fmt.Errorf("%w: choose another name", errdefs.ErrNotFound),
	} {
		if got := Words(err); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestLogHasNoClasses(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: Plain}))
	log.Error("start", "error", fmt.Errorf("too few: %w", errdefs.ErrFailedPrecondition), "number", 3)
	if !strings.Contains(out.String(), `error="too few" number=3`) {
		t.Error(out.String())
	}
}
