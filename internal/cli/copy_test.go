package cli_test

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archive makes a tar of files.
func archive(files ...*tar.Header) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, header := range files {
		content := []byte(header.PAXRecords["content"])
		header.PAXRecords = nil
		if header.Typeflag == 0 {
			header.Typeflag, header.Size, header.Mode = tar.TypeReg, int64(len(content)), 0o644
		}
		_ = w.WriteHeader(header)
		_, _ = w.Write(content)
	}
	_ = w.Close()
	return b.Bytes()
}

// serveArchive makes d answer a copy from path with files.
func (d *daemon) serveArchive(mode os.FileMode, files ...*tar.Header) {
	stat, _ := json.Marshal(map[string]any{"name": "x", "size": 1, "mode": mode})
	content := archive(files...)
	d.on("GET /containers/c/archive", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString(stat))
		_, _ = w.Write(content)
	})
}

func file(name, content string) *tar.Header {
	return &tar.Header{Name: name, PAXRecords: map[string]string{"content": content}}
}

func TestCpOutGivesTheFileItsNewName(t *testing.T) {
	d := newDaemon(t)
	d.serveArchive(0o644, file("hosts", "127.0.0.1"))
	folder := t.TempDir()
	for _, target := range []string{"renamed", "", "."} {
		if r := d.tug("cp", "c:/etc/hosts", filepath.Join(folder, target)); r.code != 0 || r.out+r.err != "" {
			t.Error(r)
		}
	}
	for _, name := range []string{"renamed", "hosts"} {
		if data, err := os.ReadFile(filepath.Join(folder, name)); err != nil || string(data) != "127.0.0.1" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	if r := d.tug("cp", "c:/etc/hosts", "-"); r.code != 0 || !strings.HasPrefix(r.out, "hosts\x00") {
		t.Errorf("%q", r.out)
	}
}

// TestCpOutStaysInItsFolder tries what a daemon, or a container that races with one, could send.
func TestCpOutStaysInItsFolder(t *testing.T) {
	outside := t.TempDir()
	for name, files := range map[string][]*tar.Header{
		"up":               {file("x/../../escaped", "bad")},
		"absolute":         {file(outside+"/escaped", "bad")},
		"through a link":   {{Name: "x", Typeflag: tar.TypeSymlink, Linkname: outside}, file("x/escaped", "bad")},
		"through a chain":  {{Name: "x/a", Typeflag: tar.TypeSymlink, Linkname: ".."}, {Name: "x/b", Typeflag: tar.TypeSymlink, Linkname: "a/.."}, file("x/b/escaped", "bad")},
		"by a second name": {{Name: "x", Typeflag: tar.TypeLink, Linkname: outside + "/target"}, file("x", "bad")},
	} {
		t.Run(name, func(t *testing.T) {
			target := filepath.Join(outside, "target")
			if err := os.WriteFile(target, []byte("untouched"), 0o600); err != nil {
				t.Fatal(err)
			}
			d := newDaemon(t)
			d.serveArchive(os.ModeDir|0o755, files...)
			folder := filepath.Join(t.TempDir(), "inner")
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			_ = d.tug("cp", "c:/x", folder)
			for _, path := range []string{filepath.Join(outside, "escaped"), filepath.Join(filepath.Dir(folder), "escaped")} {
				if _, err := os.Lstat(path); err == nil {
					t.Errorf("%s was written", path)
				}
			}
			if data, _ := os.ReadFile(target); string(data) != "untouched" {
				t.Errorf("target: %q", data)
			}
		})
	}
}

func TestCpInPacksUnderTheNewName(t *testing.T) {
	d := newDaemon(t)
	received := make(chan string, 1)
	d.on("PUT /containers/c/archive", func(w http.ResponseWriter, r *http.Request) {
		reader := tar.NewReader(r.Body)
		var names []string
		for {
			header, err := reader.Next()
			if err != nil {
				break
			}
			names = append(names, header.Name)
		}
		received <- fmt.Sprint(r.URL.Query().Get("path"), " ", names)
		w.WriteHeader(http.StatusOK)
	})
	source := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(source, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := d.tug("cp", source, "c:/srv/target"); r.code != 0 {
		t.Error(r)
	}
	if got := <-received; got != "/srv [target]" {
		t.Errorf("sent %q", got)
	}
	if r := d.tug("cp", "c:/a", "c:/b"); r.code != 1 || r.err != "copying between containers is not supported\n" {
		t.Error(r)
	}
}
