package build

import (
	"strings"
	"testing"

	controlapi "github.com/moby/buildkit/api/services/control"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// told runs progress through a teller, and gives its text.
func told(t *testing.T, dockerfile string, do func(*teller)) string {
	t.Helper()
	s, err := readScript([]byte(dockerfile), "", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	var text string
	teller := newTeller("", func(m Message) { text += m.Stream })
	teller.begin(s)
	do(teller)
	return text
}

func TestTellerKeepsTheOrderOfTheInstructions(t *testing.T) {
	now := timestamppb.Now()
	done := func(digest, name string, cached bool) *controlapi.StatusResponse {
		return &controlapi.StatusResponse{Vertexes: []*controlapi.Vertex{{Digest: digest, Name: name, Started: now, Completed: now, Cached: cached}}}
	}
	var later string
	text := told(t, "FROM a AS one\nRUN first\nFROM a\nRUN second\nENV x=y\nCOPY --from=one f f\n", func(t *teller) {
		t.watch(&controlapi.StatusResponse{Vertexes: []*controlapi.Vertex{{Digest: "1", Name: "[one 2/2] RUN first"}, {Digest: "2", Name: "[stage-1 2/3] RUN second"}}})
		t.based(0, "aaaaaaaaaaaaaaaa")
		t.based(2, "aaaaaaaaaaaaaaaa")
		t.watch(&controlapi.StatusResponse{Logs: []*controlapi.VertexLog{{Vertex: "2", Stream: 1, Msg: []byte("two\n")}}})
		t.watch(done("2", "[stage-1 2/3] RUN second", false))
		t.watch(&controlapi.StatusResponse{Logs: []*controlapi.VertexLog{{Vertex: "1", Stream: 2, Msg: []byte("one\n")}}})
		t.watch(done("1", "[one 2/2] RUN first", false))
		t.watch(done("3", "[stage-1 3/3] COPY --from=one f f", true))
		t.finish("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
	})
	for _, want := range []string{
		"Step 1/6 : FROM a AS one\n ---> aaaaaaaaaaaa\nStep 2/6 : RUN first\n ---> Running in ", "\n\x1b[91mone\n\x1b[0m ---> Removed intermediate container ",
		"Step 3/6 : FROM a\n", "Step 4/6 : RUN second\n ---> Running in ", "\ntwo\n ---> Removed", "Step 5/6 : ENV x=y\n ---> ", "Step 6/6 : COPY --from=one f f\n ---> Using cache\n ---> 0123456789ab\n",
	} {
		_, rest, found := strings.Cut(text[len(later):], want)
		if !found {
			t.Fatalf("%q is not told, or too early, in\n%s", want, text)
		}
		later = text[:len(text)-len(rest)]
	}
}

func TestTellerGoesToTheLineThatFailed(t *testing.T) {
	text := told(t, "FROM scratch\nCOPY a b\nRUN c\nRUN d\n", func(tl *teller) {
		tl.watch(&controlapi.StatusResponse{Vertexes: []*controlapi.Vertex{{Digest: "1", Name: "[1/3] COPY a b", Error: "not found"}}})
		if l := tl.fail(); l == nil || l.text != "COPY a b" {
			t.Errorf("it says that %+v has failed", l)
		}
	})
	if want := "Step 1/4 : FROM scratch\n ---> \nStep 2/4 : COPY a b\n"; text != want {
		t.Errorf("%q and not %q", text, want)
	}
}

func TestWhatABaseOrdersBelongsToItsFrom(t *testing.T) {
	told(t, "FROM a\nRUN b\nCOPY c d\n", func(tl *teller) {
		for name, want := range map[string]int{
			"[1/5] FROM a": 0, "[2/5] ONBUILD RUN x": 0, "[4/5] RUN b": 1, "[5/5] COPY c d": 2, "[stage-0 2/3] RUN b": 1, "[linux/arm64 2/3] RUN b": 1, "[internal] load build context": -1, "exporting": -1,
		} {
			if got := tl.lineOf(name); got != want {
				t.Errorf("%q belongs to line %d and not %d", name, got, want)
			}
		}
	})
}
