package build

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/containerd/platforms"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// script are the instructions of a Dockerfile that a build goes through, in their order: those of stages that nothing needs are left out.
type script struct {
	lines  []*line
	single bool            // there is one stage
	args   map[string]bool // the names that its ARGs declare
}

// line is an instruction.
type line struct {
	text  string
	stage string // as BuildKit names it
	// vertex is the number that BuildKit gives it among those of its stage, from 1; 0 for one that BuildKit does not execute.
	vertex int
	total  int    // how many of its stage BuildKit executes
	run    bool   // it is a RUN
	base   string // FROM: the name of an image that is to be there; "" for scratch and stages
	// platform of the base; "" for that of the build
	platform string
	of       string // FROM: the stage that it goes on from
	first    bool   // it is a FROM
}

// readScript reads a Dockerfile. Errors: InvalidArgument, in the words of the parser.
func readScript(text []byte, target, platform string, buildArgs map[string]string) (*script, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, fmt.Errorf("the Dockerfile cannot be empty: %w", errdefs.ErrInvalidArgument)
	}
	tree, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	stages, global, err := instructions.Parse(tree.AST, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	if len(stages) == 0 {
		return nil, fmt.Errorf("no build stage in the Dockerfile: it begins with FROM: %w", errdefs.ErrInvalidArgument)
	}
	r := &reading{lex: shell.NewLex(tree.EscapeToken), env: platformArgs(platform), stages: stages}
	s := &script{single: len(stages) == 1, args: map[string]bool{}}
	for i := range global {
		s.lines = append(s.lines, &line{text: global[i].String()})
		r.declare(global[i].Args, buildArgs, s.args)
	}
	last := len(stages) - 1
	if target != "" {
		if last = r.stage(target); last < 0 {
			return nil, fmt.Errorf("failed to reach build target %s in Dockerfile: %w", target, errdefs.ErrInvalidArgument)
		}
	}
	needed := r.needed(last)
	for i := range stages[:last+1] {
		if needed[i] {
			s.lines = append(s.lines, r.lines(i)...)
		}
		for _, c := range stages[i].Commands {
			if arg, ok := c.(*instructions.ArgCommand); ok {
				for _, a := range arg.Args {
					s.args[a.Key] = true
				}
			}
		}
	}
	return s, nil
}

// platformArgs are the arguments that FROM knows without that they are declared.
func platformArgs(platform string) map[string]string {
	own := platforms.DefaultSpec()
	target := own
	if p, err := platforms.Parse(platform); platform != "" && err == nil {
		target = p
	}
	env := map[string]string{}
	for prefix, p := range map[string]ocispec.Platform{"BUILD": own, "TARGET": target} {
		maps.Copy(env, map[string]string{prefix + "PLATFORM": platforms.Format(p), prefix + "OS": p.OS, prefix + "ARCH": p.Architecture, prefix + "VARIANT": p.Variant})
	}
	return env
}

// reading is what is known while a Dockerfile is read.
type reading struct {
	lex    *shell.Lex
	env    map[string]string
	stages []instructions.Stage
}

// declare takes the arguments that are declared before the first FROM.
func (r *reading) declare(args []instructions.KeyValuePairOptional, given map[string]string, declared map[string]bool) {
	for _, a := range args {
		declared[a.Key] = true
		if v, ok := given[a.Key]; ok {
			r.env[a.Key] = v
		} else if a.Value != nil {
			r.env[a.Key] = r.expand(*a.Value)
		}
	}
}

// expand puts the values of arguments in a word. What cannot be expanded stays as it is: BuildKit says what is wrong with it.
func (r *reading) expand(word string) string {
	var env []string
	for k, v := range r.env {
		env = append(env, k+"="+v)
	}
	if got, _, err := r.lex.ProcessWord(word, shell.EnvsFromSlice(env)); err == nil {
		return got
	}
	return word
}

// stage finds a stage by its name or number; -1 if there is none.
func (r *reading) stage(name string) int {
	for i := len(r.stages) - 1; i >= 0; i-- {
		if strings.EqualFold(r.stages[i].Name, name) {
			return i
		}
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < len(r.stages) {
		return n
	}
	return -1
}

// before finds a stage that comes before another; -1 if there is none.
func (r *reading) before(i int, name string) int {
	if found := r.stage(name); found < i {
		return found
	}
	return -1
}

// base is what a stage goes on from: an earlier stage, or else an image by its name.
func (r *reading) base(i int) (stage int, image string) {
	name := r.expand(r.stages[i].BaseName)
	for j := i - 1; j >= 0; j-- {
		if r.stages[j].Name != "" && strings.EqualFold(r.stages[j].Name, name) {
			return j, ""
		}
	}
	return -1, name
}

// needed are the stages without which a stage cannot be built, and itself.
func (r *reading) needed(of int) map[int]bool {
	need := map[int]bool{}
	var add func(int)
	add = func(i int) {
		if i < 0 || need[i] {
			return
		}
		need[i] = true
		from, _ := r.base(i)
		add(from)
		for _, c := range r.stages[i].Commands {
			switch c := c.(type) {
			case *instructions.CopyCommand:
				add(r.before(i, c.From))
			case *instructions.RunCommand:
				for _, m := range instructions.GetMounts(c) {
					add(r.before(i, m.From))
				}
			}
		}
	}
	add(of)
	return need
}

// scratch is the name of the base that has nothing.
const scratch = "scratch"

// lines are the instructions of a stage.
func (r *reading) lines(i int) []*line {
	stage := &r.stages[i]
	from, image := r.base(i)
	head := &line{text: strings.TrimSpace(stage.SourceCode), stage: r.named(i), first: true}
	n := 0
	switch {
	case from >= 0:
		head.of = r.named(from)
	case image != scratch:
		n++
		head.vertex, head.base, head.platform = n, image, r.expand(stage.Platform)
	}
	list := []*line{head}
	for _, c := range stage.Commands {
		l := &line{text: fmt.Sprint(c), stage: head.stage}
		switch c.(type) {
		case *instructions.RunCommand:
			l.run = true
			n++
			l.vertex = n
		case *instructions.AddCommand, *instructions.CopyCommand, *instructions.WorkdirCommand:
			n++
			l.vertex = n
		}
		list = append(list, l)
	}
	for _, l := range list {
		l.total = n
	}
	return list
}

func (r *reading) named(i int) string {
	if name := r.stages[i].Name; name != "" {
		return name
	}
	return fmt.Sprintf("stage-%d", i)
}

// predefinedArgs are those that nobody has to declare.
var predefinedArgs = []string{"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY", "SOURCE_DATE_EPOCH"}

// unused are the names of the arguments that were given and that no ARG declares.
func (s *script) unused(given map[string]string) (names []string) {
	for name := range given {
		if !s.args[name] && !slices.Contains(predefinedArgs, strings.ToUpper(name)) && !strings.HasPrefix(name, "BUILDKIT_") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
