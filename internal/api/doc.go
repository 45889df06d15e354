// Package api is the face that programs see: the Docker Engine HTTP API, spoken by the docker CLI and by every library
// and tool made for it. It turns requests into calls of the engine and the engine's answers into the JSON and the
// streams that the API's versions 1.24 to 1.56 promise.
//
// It decides nothing about containers: no rule of a domain is here, only words. How the parts lie:
//
//   - routes.go is the table of contents: a line for each endpoint, and the handler's name leads to its file;
//   - call.go and the files beside it (version, query, filters, body, errors, guard, hijack, frames) are what all handlers share;
//   - container_*.go, exec_*.go, image_*.go, network.go, system_*.go hold the handlers, a use case a file;
//   - take_*.go convert what a client sends into the domains' own types, show_*.go convert those back;
//   - engine.go says what of the engine is used.
//
// The types of github.com/moby/moby/api stop here.
package api
