package build

import (
	"os"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/command"
)

// TestEveryInstructionIsInTheManual holds that a BuildKit with a new one is noticed.
func TestEveryInstructionIsInTheManual(t *testing.T) {
	const manual = "../../docs/manual/dockerfile.md"
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	for name := range command.Commands {
		if !strings.Contains(string(text), "\n| `"+strings.ToUpper(name)+" ") {
			t.Errorf("%s has no row for %s", manual, name)
		}
	}
}
