package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
)

// Options are what the face needs to know.
type Options struct {
	Engine  Engine
	Log     *slog.Logger
	Version string // of tug, for the Server header
	// Hosts are names, beside localhost and addresses, under which a TCP listener without client certificates may be addressed.
	Hosts []string
}

// New gives the handler of the whole API. It holds no state of its own: any number of listeners may serve it.
func New(o Options) http.Handler {
	s := &server{
		engine: o.Engine,
		log:    o.Log,
		banner: "Tug/" + o.Version + " (linux)",
		guard:  newGuard(o.Hosts),
		mux:    http.NewServeMux(),
	}
	for pattern, h := range s.routes() {
		s.mux.Handle(pattern, h)
	}
	s.mux.Handle("/", handler(func(*call) error { return errPageNotFound }))
	return s
}

// server is the handler of the API.
type server struct {
	engine Engine
	log    *slog.Logger
	banner string
	guard  guard
	mux    *http.ServeMux
}

// ServeHTTP checks where the request comes from and which version it speaks, and lets the table of routes find its handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{server: s, version: maxVersion}
	c.w.ResponseWriter = w
	header := w.Header()
	header.Set("Api-Version", MaxVersion)
	header.Set("Docker-Experimental", "false")
	header.Set("Ostype", "linux")
	header.Set("Server", s.banner)

	if err := s.guard.check(r); err != nil {
		c.r = r
		c.fail(err)
		return
	}
	path, version, versioned := cutVersion(r.URL.EscapedPath())
	if versioned {
		v, err := negotiate(version)
		if err != nil {
			c.r = r
			c.refuseVersion(version, err)
			return
		}
		c.version = v
	}
	s.mux.ServeHTTP(&c.w, withPath(r, path, context.WithValue(r.Context(), callKey{}, c)))
	if s.log.Enabled(r.Context(), slog.LevelDebug) {
		s.log.Debug("api call", "method", r.Method, "path", r.URL.Path, "status", c.w.status)
	}
}

// withPath is the request with another (escaped) path, in which slashes that were doubled are single: clients that put a
// container's name "/web" into a path write "/containers//web/json". The slash in its name "web/db", which another's link
// gives it, is escaped, so that the name is one part of the path.
func withPath(r *http.Request, escaped string, ctx context.Context) *http.Request { //nolint:revive // the context is the request's
	for strings.Contains(escaped, "//") {
		escaped = strings.ReplaceAll(escaped, "//", "/")
	}
	escaped = escapeLinkName(r.Method, escaped)
	r = r.WithContext(ctx)
	u := *r.URL
	u.RawPath = escaped
	u.Path = unescape(escaped)
	r.URL = &u
	return r
}

func escapeLinkName(method, escaped string) string {
	const containers = "/containers/"
	before, name, ok := strings.Cut(escaped, containers)
	if !ok || before != "" && before != "/tug" {
		return escaped
	}
	what := "" // is asked of the container
	if method != http.MethodDelete {
		for _, two := range []string{"/attach/ws", "/logs/clear"} {
			if strings.HasSuffix(name, two) {
				what = two
			}
		}
		if what == "" {
			what = name[max(0, strings.LastIndexByte(name, '/')):]
		}
	}
	return before + containers + strings.ReplaceAll(strings.TrimSuffix(name, what), "/", "%2F") + what
}
