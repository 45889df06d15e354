package connection

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/moby/client"
)

func TestUnreachableSaysWhyAndWhatToDo(t *testing.T) {
	folder := t.TempDir()
	dead := filepath.Join(folder, "dead")
	listener, err := net.Listen("unix", dead)
	if err != nil {
		t.Fatal(err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = listener.Close()

	for _, c := range []struct{ socket, why string }{
		{filepath.Join(folder, "absent"), "there is no such socket"},
		{dead, "nothing listens there"},
	} {
		api, err := Open(Options{Host: Host{URL: "unix://" + c.socket}, Autostart: true})
		if err != nil {
			t.Fatal(err)
		}
		_, err = api.Ping(context.Background(), client.PingOptions{})
		_, listErr := api.ContainerList(context.Background(), client.ContainerListOptions{})
		for _, err := range []error{err, listErr} {
			var unreachable *UnreachableError
			if !errors.As(err, &unreachable) {
				t.Fatalf("%v is no UnreachableError", err)
			}
			text := unreachable.Error()
			if !strings.HasPrefix(text, "cannot reach the daemon at unix://"+c.socket+": "+c.why+".\nCheck the address") {
				t.Error(text)
			}
			if !client.IsErrConnectionFailed(err) {
				t.Errorf("%v is not one of the client library's connection errors", err)
			}
		}
	}
}
