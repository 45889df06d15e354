package build

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
)

func TestAContextReachesTheBuildThatItNames(t *testing.T) {
	b := &Builder{}
	_, job, ended, err := b.jobs.begin(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan error)
	go func() { sent <- b.Upload(t.Context(), "a", strings.NewReader("context")) }()
	body, read, err := job.receive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(body); err != nil || string(text) != "context" {
		t.Errorf("it gets %q, %v", text, err)
	}
	select {
	case err := <-sent:
		t.Errorf("the request that brings it ends before it is read: %v", err)
	default:
	}
	read()
	if err := <-sent; err != nil {
		t.Error(err)
	}
	ended()
	if len(b.jobs.named) > 0 {
		t.Errorf("%v is left", b.jobs.named)
	}
}

func TestABuildIsEndedByItsName(t *testing.T) {
	b := &Builder{}
	b.Cancel("a") // nothing goes on
	ctx, _, ended, err := b.jobs.begin(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := b.jobs.begin(t.Context(), "a"); !errdefs.IsConflict(err) {
		t.Errorf("a second one of that name: %v", err)
	}
	b.Cancel("b")
	if ctx.Err() != nil {
		t.Error("it ends with another")
	}
	b.Cancel("a")
	if cause := context.Cause(ctx); !errors.Is(cause, errCancelled) || !errors.Is(cause, context.Canceled) {
		t.Errorf("its context ends with %v", cause)
	}
	ended()
	if _, _, again, err := b.jobs.begin(t.Context(), "a"); err != nil {
		t.Errorf("the next of that name: %v", err)
	} else {
		again()
	}
}
