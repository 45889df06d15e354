package build

import (
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
)

func textsOf(s *script) (texts []string) {
	for _, l := range s.lines {
		texts = append(texts, l.text)
	}
	return texts
}

func TestScriptHasWhatTheTargetNeeds(t *testing.T) {
	const dockerfile = "ARG V=1\nFROM base:$V AS one\nRUN a\nFROM base AS unused\nRUN b\nFROM one AS two\nCOPY --from=third x y\nFROM scratch AS third\nFROM two\nCOPY --from=0 a b\nRUN --mount=from=mounted,target=/m c\nFROM later\n"
	for target, want := range map[string][]string{
		"one":    {"ARG V=1", "FROM base:$V AS one", "RUN a"},
		"unused": {"ARG V=1", "FROM base AS unused", "RUN b"},
		"4":      {"ARG V=1", "FROM base:$V AS one", "RUN a", "FROM one AS two", "COPY --from=third x y", "FROM two", "COPY --from=0 a b", "RUN --mount=from=mounted,target=/m c"},
		"":       {"ARG V=1", "FROM later"},
	} {
		s, err := readScript([]byte(dockerfile), target, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, textsOf(s)); diff != "" {
			t.Errorf("target %q: %s", target, diff)
		}
	}
}

func TestScriptKnowsTheBases(t *testing.T) {
	s, err := readScript([]byte("ARG V=1\nARG W=$V-x\nFROM --platform=$BUILDPLATFORM base:$W AS one\nFROM ONE\nWORKDIR /\nENV a b\nRUN c\n"), "", "linux/arm64", map[string]string{"V": "2", "other": "x", "http_proxy": "y"})
	if err != nil {
		t.Fatal(err)
	}
	from := s.lines[2]
	if from.base != "base:2-x" || from.vertex != 1 || !strings.HasPrefix(from.platform, "linux/") || !from.first {
		t.Errorf("the first FROM: %+v", from)
	}
	if on := s.lines[3]; on.base != "" || on.of != "one" || on.vertex != 0 || on.total != 2 {
		t.Errorf("the second FROM: %+v", on)
	}
	if run := s.lines[6]; !run.run || run.vertex != 2 || run.stage != "stage-1" {
		t.Errorf("RUN: %+v", run)
	}
	if diff := cmp.Diff([]string{"other"}, s.unused(map[string]string{"V": "2", "other": "x", "http_proxy": "y"})); diff != "" {
		t.Error(diff)
	}
}

func TestScriptRefusesInTheParsersWords(t *testing.T) {
	for dockerfile, words := range map[string]string{
		"":                         "cannot be empty",
		" \n":                      "cannot be empty",
		"# nothing\n":              "no instructions",
		"FROM a\n\nFOO b":          "dockerfile parse error on line 3: unknown instruction: FOO",
		"RUN a":                    "no build stage",
		"ARG a":                    "no build stage",
		"FROM a\nCOPY b":           "COPY requires at least two arguments",
		"FROM a\nRUN --nope=1 b\n": "unknown flag: --nope",
	} {
		if _, err := readScript([]byte(dockerfile), "", "", nil); !errdefs.IsInvalidArgument(err) || !strings.Contains(err.Error(), words) {
			t.Errorf("%q: %v, which does not say %q", dockerfile, err, words)
		}
	}
	if _, err := readScript([]byte("FROM a"), "gone", "", nil); !errdefs.IsInvalidArgument(err) || !strings.Contains(err.Error(), "build target gone") {
		t.Error(err)
	}
}

// FuzzScript reads Dockerfiles of all kinds: what is read has a line for each instruction, and each that BuildKit executes has a number.
func FuzzScript(f *testing.F) {
	f.Add("ARG V=1\nFROM base:$V AS one\nRUN a\nFROM one\nCOPY --from=one a b\n", "")
	f.Add("# escape=`\nFROM a\nRUN <<E\nb\nE\nONBUILD RUN c\n", "0")
	f.Fuzz(func(t *testing.T, dockerfile, target string) {
		s, err := readScript([]byte(dockerfile), target, "", nil)
		if err != nil {
			return
		}
		if len(s.lines) == 0 {
			t.Error("it has no lines")
		}
		for _, l := range s.lines {
			if l.vertex > l.total || l.run && l.vertex == 0 {
				t.Errorf("%q is number %d of %d", l.text, l.vertex, l.total)
			}
		}
	})
}
