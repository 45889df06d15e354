package image

import (
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
)

// words splits the arguments of a Dockerfile instruction as the Dockerfile reference says: at blanks, with 'single' and "double"
// quotes and \ escapes, and with $NAME, ${NAME}, ${NAME:-default} and ${NAME:+other} replaced outside single quotes by what get returns.
func words(s string, get func(string) (string, bool)) ([]string, error) {
	var (
		out  []string
		word strings.Builder
		in   bool // a word has begun, be it empty
	)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case ' ', '\t':
			if in {
				out = append(out, word.String())
				word.Reset()
				in = false
			}
		case '\'':
			end := strings.IndexByte(s[i+1:], '\'')
			if end < 0 {
				return nil, fmt.Errorf("a single quote is not closed: %w", errdefs.ErrInvalidArgument)
			}
			word.WriteString(s[i+1 : i+1+end])
			i += end + 1
			in = true
		case '"':
			n, err := double(s[i+1:], get, &word)
			if err != nil {
				return nil, err
			}
			i += n
			in = true
		case '\\':
			if i++; i < len(s) {
				word.WriteByte(s[i])
			}
			in = true
		case '$':
			n, err := expand(s[i+1:], get, &word)
			if err != nil {
				return nil, err
			}
			i += n
			in = true
		default:
			word.WriteByte(c)
			in = true
		}
	}
	if in {
		out = append(out, word.String())
	}
	return out, nil
}

// double reads what follows a double quote and returns how many bytes that was, the closing quote included.
func double(s string, get func(string) (string, bool), to *strings.Builder) (int, error) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return i + 1, nil
		case '\\':
			// Only what is special within double quotes is escaped there.
			if i+1 < len(s) && strings.IndexByte(`"$\`, s[i+1]) >= 0 {
				i++
			}
			to.WriteByte(s[i])
		case '$':
			n, err := expand(s[i+1:], get, to)
			if err != nil {
				return 0, err
			}
			i += n
		default:
			to.WriteByte(c)
		}
	}
	return 0, fmt.Errorf("a double quote is not closed: %w", errdefs.ErrInvalidArgument)
}

// expand reads what follows a dollar sign, writes what it stands for, and returns how many bytes it read.
func expand(s string, get func(string) (string, bool), to *strings.Builder) (int, error) {
	if !strings.HasPrefix(s, "{") {
		n := nameLen(s)
		if n == 0 {
			to.WriteByte('$')
			return 0, nil
		}
		v, _ := get(s[:n])
		to.WriteString(v)
		return n, nil
	}
	end := strings.IndexByte(s, '}')
	if end < 0 {
		return 0, fmt.Errorf("${ is not closed: %w", errdefs.ErrInvalidArgument)
	}
	body := s[1:end]
	n := nameLen(body)
	v, set := get(body[:n])
	switch op, rest := body[n:], ""; {
	case n == 0:
		return 0, fmt.Errorf("${%s} names no variable: %w", body, errdefs.ErrInvalidArgument)
	case op == "":
		to.WriteString(v)
	case cut(op, ":-", &rest):
		if v == "" {
			v = rest
		}
		to.WriteString(v)
	case cut(op, ":+", &rest):
		if set && v != "" {
			to.WriteString(rest)
		}
	default:
		return 0, fmt.Errorf("${%s}: only ${NAME}, ${NAME:-default} and ${NAME:+other} are known: %w", body, errdefs.ErrInvalidArgument)
	}
	return end + 1, nil
}

func cut(s, prefix string, rest *string) bool {
	r, ok := strings.CutPrefix(s, prefix)
	if ok {
		*rest = r
	}
	return ok
}

// nameLen is how many bytes at the beginning of s are the name of a variable.
func nameLen(s string) int {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || i > 0 && '0' <= c && c <= '9' {
			continue
		}
		return i
	}
	return len(s)
}
