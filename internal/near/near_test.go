package near

import "testing"

func TestWord(t *testing.T) {
	known := []string{"rm", "run", "exec", "ps", "images", "image", "inspect", "logs", "rmi", "settings", "stop", "start"}
	for said, want := range map[string]string{
		"runn": "run", "imagse": "images", "exce": "exec", "psx": "ps", "log": "logs", "inspct": "inspect", "stpo": "stop", "PSX": "ps", "stetings": "settings",
		"rnu":     "run", // two letters in each other's place
		"":        "",
		"x":       "",
		"ls":      "ps",
		"compose": "",
		"run":     "", // it is there: something else is wrong
	} {
		if got := Word(said, known); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}

// FuzzWord holds that a guess is one of the known words, and not what was said.
func FuzzWord(f *testing.F) {
	f.Add("runn", "run")
	f.Fuzz(func(t *testing.T, said, known string) {
		if got := Word(said, []string{known}); got != "" && (got != known || got == said) {
			t.Errorf("%q of %q", got, known)
		}
	})
}
