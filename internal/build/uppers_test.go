package build

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// TestOneStepWritesInAFolderAtATime: the next one waits for it, readers do not wait for one another, and who waits can be called away.
func TestOneStepWritesInAFolderAtATime(t *testing.T) {
	var u uppers
	hold := func(folders map[string]bool) func() {
		t.Helper()
		release, err := u.hold(t.Context(), folders)
		if err != nil {
			t.Fatal(err)
		}
		return release
	}
	first, second := hold(map[string]bool{"a": false, "b": true}), hold(map[string]bool{"a": false})
	enough := errors.New("enough")
	gone, cancel := context.WithCancelCause(t.Context())
	cancel(enough)
	for _, busy := range []string{"a", "b"} {
		if _, err := u.hold(gone, map[string]bool{busy: true, "c": true}); !errors.Is(err, enough) {
			t.Errorf("who waits for %s is told %v", busy, err)
		}
	}
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		release, err := u.hold(t.Context(), map[string]bool{"a": true, "b": true})
		if err != nil {
			t.Error(err)
			return
		}
		release()
	}()
	first()
	select {
	case <-wrote:
		t.Error("one has written what another reads")
	default:
	}
	second()
	<-wrote
	if len(u.held) > 0 {
		t.Errorf("%d folders are held by nobody", len(u.held))
	}
}

// TestWhatIsOnlyReadIsNoUpper: a tree that is asked for read-only needs no folder to write in, unless the step writes there as well.
func TestWhatIsOnlyReadIsNoUpper(t *testing.T) {
	tree := func(name string) Tree { return Tree{Layers: []string{"/l"}, Upper: name, Work: "/w"} }
	mounts := []Mount{{Tree: tree("/read"), Readonly: true}, {Tree: tree("/both"), Readonly: true}, {Tree: tree("/both")}, {Tree: Tree{Path: "/alone"}}}
	written := settleUppers(mounts)
	if write, used := written["/read"]; write || !used || !written["/both"] || len(written) != 2 {
		t.Errorf("it uses %v", written)
	}
	if got := mounts[0].Tree; got.Upper != "" || got.Work != "" || !slices.Equal(got.Layers, []string{"/read", "/l"}) {
		t.Errorf("what is read is %+v", got)
	}
	if got := mounts[1].Tree; got.Upper != "/both" || len(got.Layers) != 1 {
		t.Errorf("what is written in another place is %+v", got)
	}
}
