package engine

import (
	"io"
	"strings"
)

// defaultKeys are Docker's: Ctrl-P, Ctrl-Q.
var defaultKeys = []byte{16, 17}

// detachKeys reads a sequence as of --detach-keys: "ctrl-p,ctrl-q", "a,b". Errors: InvalidArgument.
func detachKeys(text string) ([]byte, error) {
	if text == "" {
		return defaultKeys, nil
	}
	var keys []byte
	for k := range strings.SplitSeq(text, ",") {
		control, isControl := strings.CutPrefix(k, "ctrl-")
		switch {
		case len(k) == 1:
			keys = append(keys, k[0])
		case isControl && len(control) == 1 && control[0] >= 'a' && control[0] <= 'z':
			keys = append(keys, control[0]-'a'+1)
		case isControl && len(control) == 1 && strings.Contains("@[\\]^_", control):
			keys = append(keys, control[0]-'@')
		default:
			return nil, invalid("invalid detach keys (%s): a key is one character, or ctrl- and a letter or one of @[\\]^_", text)
		}
	}
	return keys, nil
}

// copyUntil copies until the keys come one after the other, which are not copied; it gives ErrDetached then.
func copyUntil(to io.Writer, from io.Reader, keys []byte) error {
	buf := make([]byte, 4096)
	seen := 0 // of the keys
	for {
		n, err := from.Read(buf)
		out := make([]byte, 0, n+len(keys))
		for _, c := range buf[:n] {
			if c == keys[seen] {
				if seen++; seen == len(keys) {
					to.Write(out)
					return ErrDetached
				}
				continue
			}
			out = append(out, keys[:seen]...)
			seen = 0
			if c == keys[0] {
				seen = 1
				continue
			}
			out = append(out, c)
		}
		if err != nil {
			out = append(out, keys[:seen]...)
		}
		if len(out) > 0 {
			if _, werr := to.Write(out); werr != nil {
				return werr
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
