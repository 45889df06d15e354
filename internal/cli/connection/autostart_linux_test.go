package connection

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

// TestMain lets this test binary play a tugd that listens on the socket which its environment names.
func TestMain(m *testing.M) {
	socket := os.Getenv("TUG_TEST_BE_TUGD")
	if socket == "" {
		os.Exit(m.Run())
	}
	fmt.Println("starting")
	if os.Getenv("TUG_TEST_FAIL") != "" {
		fmt.Println("no luck")
		os.Exit(3)
	}
	time.Sleep(20 * time.Millisecond) // as long as it takes to read the state
	listener, err := net.Listen("unix", socket)
	if err != nil {
		os.Exit(1)
	}
	server := &http.Server{}
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Api-Version", client.MaxAPIVersion)
		w.Header().Set("Connection", "close")
		_, _ = w.Write([]byte("OK"))
		go func() { _ = server.Shutdown(context.Background()) }()
	})
	_ = server.Serve(listener)
}

// withFakeDaemon puts a tugd into PATH and gives a client whose default socket it would listen on.
func withFakeDaemon(t *testing.T) (socket string, api *Client) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root's tug starts a daemon")
	}
	folder, err := os.MkdirTemp("", "tug-auto")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(folder, "tugd")); err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(folder, "run", "d.sock")
	if err := os.Mkdir(filepath.Dir(socket), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder)
	t.Setenv("TUG_TEST_BE_TUGD", socket)
	host := Host{URL: "unix://" + socket, Default: true}
	dial := &dialer{host: host, network: "unix", addr: socket, start: autostartLogging(host, filepath.Join(folder, "log"))}
	api, err = Open(Options{Host: host})
	if err != nil {
		t.Fatal(err)
	}
	api.dial = dial.DialContext
	return socket, api
}

func TestTheDaemonIsStartedWhenNobodyListens(t *testing.T) {
	socket, api := withFakeDaemon(t)
	conn, err := api.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	// One that runs is used; the ping ends it.
	ping := serveless(t, socket)
	if ping.APIVersion != client.MaxAPIVersion {
		t.Error(ping)
	}
	log, err := os.ReadFile(filepath.Join(filepath.Dir(filepath.Dir(socket)), "log", "tugd.log"))
	if err != nil || !strings.HasPrefix(string(log), "starting\n") {
		t.Errorf("log: %q, %v", log, err)
	}
}

func TestADaemonThatCannotStartIsNotWaitedFor(t *testing.T) {
	_, api := withFakeDaemon(t)
	t.Setenv("TUG_TEST_FAIL", "1")
	begin := time.Now()
	_, err := api.Dial(context.Background())
	if err == nil || !strings.Contains(err.Error(), "it ended (exit status 3); see ") {
		t.Error(err)
	}
	if time.Since(begin) > startPatience/2 {
		t.Error("it was waited for")
	}
}

func TestNoDaemonToStart(t *testing.T) {
	_, api := withFakeDaemon(t)
	t.Setenv("PATH", t.TempDir())
	_, err := api.Dial(context.Background())
	var unreachable *UnreachableError
	if !errors.As(err, &unreachable) || !strings.Contains(unreachable.Reason, "neither beside tug nor in PATH") {
		t.Error(err)
	}
}

// serveless pings the daemon that listens at socket.
func serveless(t *testing.T, socket string) client.PingResult {
	t.Helper()
	api, err := Open(Options{Host: Host{URL: "unix://" + socket}})
	if err != nil {
		t.Fatal(err)
	}
	ping, err := api.Ping(context.Background(), client.PingOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return ping
}
