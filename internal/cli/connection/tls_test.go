package connection

import (
	"context"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/moby/client"
)

// tlsDaemon answers pings on an encrypted port, and gives the file of its certificate.
func tlsDaemon(t *testing.T) (host Host, ca string) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Api-Version", client.MaxAPIVersion)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of clients that do not trust it
	server.StartTLS()
	t.Cleanup(server.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return Host{URL: "tcp://" + server.Listener.Addr().String()}, ca
}

func TestADaemonIsTrustedForItsCertificateOrUnseen(t *testing.T) {
	host, ca := tlsDaemon(t)
	for _, c := range []struct {
		tls  *TLS
		want string // of the error
	}{
		{&TLS{CAFile: ca}, ""},
		{&TLS{SkipVerify: true}, ""},
		{&TLS{}, "certificate"},
		{&TLS{CAFile: ca, CertFile: ca}, "could not load X509 key pair"},
		{&TLS{CAFile: "/nonexistent"}, "could not read CA certificate"},
		{nil, "HTTP"},
	} {
		api, err := Open(Options{Host: host, TLS: c.tls})
		if err == nil {
			_, err = api.Ping(context.Background(), client.PingOptions{})
		}
		if err == nil && c.want == "" {
			_, err = api.Dial(context.Background())
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.tls, err)
		}
	}
}

func TestASocketIsNotEncrypted(t *testing.T) {
	api, err := Open(Options{Host: Host{URL: "unix:///nonexistent"}, TLS: &TLS{CAFile: "/nonexistent"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = api.Ping(context.Background(), client.PingOptions{})
	if err == nil || !strings.Contains(err.Error(), "there is no such socket") {
		t.Error(err)
	}
}
