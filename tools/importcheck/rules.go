package main

import (
	"fmt"
	"slices"
	"strings"
)

const module = "tug"

// layer is a height in the tree of packages; a package may import what is lower.
type layer int

const (
	mechanism layer = iota // any folder of internal/ that is not named below
	domain
	specification // oci: domains' words turned into the OCI runtime specification
	usecase       // engine: where domains meet
	face          // what a person or a client talks to
	program
	outside // tests of the whole, tools, images: nothing of the engine imports them
)

func (l layer) String() string {
	return [...]string{"mechanism", "domain", "specification", "use case", "face", "program", "outside"}[l]
}

// areas are the folders of internal/ that are more than a mechanism.
var areas = map[string]layer{
	"cli": face, "api": face,
	"engine":    usecase,
	"oci":       specification,
	"container": domain, "image": domain, "volume": domain, "network": domain, "build": domain,
}

// keep says in which folders (and below) something foreign may be imported.
var keep = []struct{ path, folders, why string }{
	{"github.com/moby/moby/api", "internal/api internal/cli", "API types stop at the faces; engine and domains have own types"},
	{"github.com/moby/moby/client", "internal/cli", "only the command line is a client of the API"},
	{"github.com/docker/cli", "internal/cli", "it is the command line's parsers and formatters"},
}

// unlinked says what a program must not link, directly or not.
var unlinked = []struct{ program, path, why string }{
	{"cmd/tug-shim", "net/http", "there is one shim for each container: it is to stay small"},
	{"cmd/tug-shim", "encoding/json", "there is one shim for each container: it is to stay small"},
	{"cmd/tug", "tug/internal/engine", "the command line is an API client and nothing else"},
	{"cmd/tug", "github.com/moby/buildkit", "it costs milliseconds of every start"},
	{"cmd/tugd", "github.com/docker/buildx", "it is the client of builds"},
	{"cmd/tug", "github.com/docker/cli/cli/command/container", "it costs milliseconds of every start"},
}

// check gives a line for each breach of the rules, in the order of the packages.
func check(packages []pkg) []string {
	var faults []string
	for _, p := range packages {
		for _, imported := range p.Imports {
			if why := forbidden(p.ImportPath, imported); why != "" {
				faults = append(faults, fmt.Sprintf("%s imports %s: %s", p.ImportPath, imported, why))
			}
		}
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			if why := forbidden(p.ImportPath, imported); why != "" {
				faults = append(faults, fmt.Sprintf("a test of %s imports %s: %s", p.ImportPath, imported, why))
			}
		}
		for _, u := range unlinked {
			if p.ImportPath != module+"/"+u.program {
				continue
			}
			if i := slices.IndexFunc(p.Deps, func(dep string) bool { return within(dep, u.path) }); i >= 0 {
				faults = append(faults, fmt.Sprintf("%s links %s: %s", p.ImportPath, p.Deps[i], u.why))
			}
		}
	}
	return faults
}

// forbidden says why one package must not import another; "" if it may.
func forbidden(importer, imported string) string {
	from, fromArea := place(importer)
	if from == outside {
		return ""
	}
	if !within(imported, module) {
		for _, k := range keep {
			allowed := func(folder string) bool { return within(importer, module+"/"+folder) }
			if within(imported, k.path) && !slices.ContainsFunc(strings.Fields(k.folders), allowed) {
				return fmt.Sprintf("only %s may: %s", strings.Join(strings.Fields(k.folders), " and "), k.why)
			}
		}
		return ""
	}
	to, toArea := place(imported)
	switch {
	case fromArea == toArea:
		return ""
	case to == outside:
		return "it lies outside the engine"
	case to > from:
		return fmt.Sprintf("imports go down, and a %s lies below a %s", from, to)
	case to == from && from == mechanism:
		return ""
	case to == from:
		return fmt.Sprintf("%s and %s are sisters (each a %s); what needs both belongs above them", fromArea, toArea, from)
	case fromArea == "cli" && (to == usecase || to == specification || to == domain):
		return "the command line is an API client and nothing else"
	default:
		return ""
	}
}

// place is the layer of a package of this module, and the name of the area there that it belongs to.
func place(path string) (layer, string) {
	parts := strings.Split(strings.TrimPrefix(path, module+"/"), "/")
	switch {
	case len(parts) >= 2 && parts[0] == "internal":
		return areas[parts[1]], parts[1] // the zero layer is mechanism
	case len(parts) >= 2 && parts[0] == "cmd":
		return program, path
	default:
		return outside, path
	}
}

// within tells whether a package is the one at path or below it.
func within(pkg, path string) bool {
	return pkg == path || strings.HasPrefix(pkg, path+"/")
}
