package contextstore

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	dcontext "github.com/docker/cli/cli/context"
	"github.com/docker/cli/cli/context/docker"
	"github.com/google/go-cmp/cmp"
)

// newStore has a default context at tcp://default:2376 with a CA.
func newStore(t *testing.T) *Store {
	return New(t.TempDir(), t.TempDir(), func() (docker.Endpoint, error) {
		return endpoint("tcp://default:2376", "the CA", "", ""), nil
	})
}

func endpoint(host, ca, cert, key string) docker.Endpoint {
	e := docker.Endpoint{EndpointMeta: docker.EndpointMeta{Host: host}, TLSData: &dcontext.TLSData{}}
	for file, content := range map[*[]byte]string{&e.TLSData.CA: ca, &e.TLSData.Cert: cert, &e.TLSData.Key: key} {
		if content != "" {
			*file = []byte(content)
		}
	}
	return e
}

// show gives a context in a line: description, address, TLS files with their content.
func show(t *testing.T, s *Store, name string) string {
	t.Helper()
	found, err := s.GetMetadata(name)
	if err != nil {
		t.Fatal(err)
	}
	about, err := Describe(found)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := docker.EndpointFromContext(found)
	if err != nil {
		t.Fatal(err)
	}
	line := fmt.Sprintf("%s; %s", about.Description, meta.Host)
	files, err := s.ListTLSFiles(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files[docker.DockerEndpoint] {
		data, err := s.GetTLSData(name, docker.DockerEndpoint, file)
		if err != nil {
			t.Fatal(err)
		}
		line += fmt.Sprintf("; %s=%s", file, data)
	}
	return line
}

func TestAContextHasItsAddressAndItsKeys(t *testing.T) {
	s := newStore(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check := func(name, want string) {
		t.Helper()
		if got := show(t, s, name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	must(s.Make("one", "the first", endpoint("tcp://one", "CA", "CERT", "KEY")))
	check("one", "the first; tcp://one; ca.pem=CA; cert.pem=CERT; key.pem=KEY")

	must(s.Copy("one", "two", ""))
	must(s.Copy("one", "three", "the third"))
	must(s.Copy(DefaultName, "four", ""))
	check("two", "the first; tcp://one; ca.pem=CA; cert.pem=CERT; key.pem=KEY")
	check("three", "the third; tcp://one; ca.pem=CA; cert.pem=CERT; key.pem=KEY")
	check("four", "Current DOCKER_HOST based configuration; tcp://default:2376; ca.pem=the CA")

	must(s.Update("two", "the second", nil))
	check("two", "the second; tcp://one; ca.pem=CA; cert.pem=CERT; key.pem=KEY")
	other := endpoint("tcp://other", "OTHER", "", "")
	must(s.Update("two", "", &other))
	check("two", "the second; tcp://other; ca.pem=OTHER")

	var exported bytes.Buffer
	archive, err := s.Export("one")
	must(err)
	_, err = exported.ReadFrom(archive)
	must(err)
	must(newStore(t).Import("elsewhere", bytes.NewReader(exported.Bytes())))
	must(s.Import("five", &exported))
	check("five", "the first; tcp://one; ca.pem=CA; cert.pem=CERT; key.pem=KEY")

	must(s.Remove("one"))
	if _, err := s.GetMetadata("one"); !errdefs.IsNotFound(err) {
		t.Error(err)
	}
	if files, err := s.ListTLSFiles("one"); err != nil || len(files) != 0 {
		t.Errorf("%v, %v", files, err)
	}
}

func TestNamesOfNewContexts(t *testing.T) {
	s := newStore(t)
	if err := s.Make("taken", "", endpoint("", "", "", "")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"fine":      "",
		"taken":     `context "taken" already exists`,
		"default":   `"default" is a reserved context name`,
		"":          "context name cannot be empty",
		"../escape": `context name "../escape" is invalid, names are validated against regexp "^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$"`,
	} {
		got := ""
		if err := s.MustBeNew(name); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s", name, got)
		}
	}
}

func TestNothingStaysOfABrokenImport(t *testing.T) {
	archive := func(files ...string) string {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for i := 0; i < len(files); i += 2 {
			_ = w.WriteHeader(&tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))})
			_, _ = w.Write([]byte(files[i+1]))
		}
		_ = w.Close()
		return b.String()
	}
	const good = `{"Name":"x","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://h","SkipTLSVerify":false}}}`
	for what, data := range map[string]string{
		"nothing":                    "",
		"words":                      "no archive",
		"an empty archive":           archive(),
		"no metadata":                archive("tls/docker/ca.pem", "CA"),
		"another description":        archive("meta.json", `{"Metadata":{"Description":5}}`),
		"another address":            archive("meta.json", `{"Endpoints":{"docker":{"Host":[]}}}`),
		"broken metadata":            archive("meta.json", "{"),
		"another file":               archive("meta.json", good, "etc/passwd", "x"),
		"a file outside":             archive("meta.json", good, "tls/../../../x", "x"),
		"TLS material of nobody":     archive("meta.json", good, "tls/ca.pem", "x"),
		"an archive that breaks off": archive("meta.json", good, "tls/docker/ca.pem", strings.Repeat("x", 4096))[:3000],
	} {
		s := newStore(t)
		if err := s.Import("new", strings.NewReader(data)); err == nil {
			t.Errorf("%s: imported", what)
		}
		if list, err := s.List(); err != nil || len(list) != 1 {
			t.Errorf("%s: left %v, %v", what, list, err)
		}
	}
}

func TestKeysAreForTheirOwnerAlone(t *testing.T) {
	s := newStore(t)
	if err := s.Make("one", "", endpoint("tcp://one", "CA", "CERT", "KEY")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "/docker", "/docker/key.pem"} {
		info, err := os.Stat(s.GetStorageInfo("one").TLSPath + path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v", path, info.Mode())
		}
	}
}

func TestMetadataKeepsWhatItDoesNotKnow(t *testing.T) {
	const file = `{"Description":"d","GODEBUG":"x","list":[1]}`
	var m Metadata
	if err := m.UnmarshalJSON([]byte(file)); err != nil || m.Description != "d" || len(m.Others) != 2 {
		t.Fatalf("%+v, %v", m, err)
	}
	again, err := m.MarshalJSON()
	if diff := cmp.Diff(file, string(again)); err != nil || diff != "" {
		t.Error(err, diff)
	}
}
