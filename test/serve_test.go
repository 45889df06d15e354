package test

import (
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// serve VARIABLE FOLDER: serves a folder's files over HTTP until the script ends, and the repositories of git in it; the variable
// gets its address.
func serveCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: serve VARIABLE FOLDER")
	}
	folder := ts.MkAbs(args[1])
	server := httptest.NewServer(filesAndRepositories(folder))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
}

// filesAndRepositories serves a folder's files, and the repositories of git in it.
func filesAndRepositories(folder string) http.Handler {
	files := http.FileServer(http.Dir(folder))
	repositories := &cgi.Handler{
		Path: "/usr/lib/git-core/git-http-backend",
		Env:  []string{"GIT_PROJECT_ROOT=" + folder, "GIT_HTTP_EXPORT_ALL=1"},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, ".git/") {
			repositories.ServeHTTP(w, r)
			return
		}
		files.ServeHTTP(w, r)
	})
}
