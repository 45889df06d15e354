package test

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestARunThatIsRefusedLeavesNoContainer(t *testing.T) {
	needsEngine(t)
	output(t, forTug.tug("pull", "-q", "busybox"))
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(forTug.dir, "s"))
	}}}
	defer client.CloseIdleConnections()
	answer, err := client.Post("http://tug/tug/run?name=refused&stdout=1&detachKeys=ctrl-nonsense", "application/json", strings.NewReader(`{"Image": "busybox", "Cmd": ["true"]}`))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusBadRequest {
		t.Errorf("got %s", answer.Status)
	}
	if got := output(t, forTug.tug("ps", "-aq", "--filter", "name=refused")); got != "" {
		t.Errorf("the container is there: %s", got)
	}
}
