package logs

import (
	"sort"
	"time"
	"unicode/utf8"
)

// An entry on disk, in the order and with the escapes of Docker's json-file driver, so that whatever reads Docker's files
// reads these:
//
//	{"log":"a line\n","stream":"stdout","attrs":{"label":"value"},"time":"2026-01-02T15:04:05.999999999Z"}

const hexDigits = "0123456789abcdef"

// appendEntry appends one entry and its newline. ended says that the line goes with a newline of its own; attrs is what
// appendAttrs made.
func appendEntry(dst []byte, stream string, line []byte, ended bool, attrs, stamp []byte) []byte {
	dst = append(dst, `{"log":"`...)
	dst = appendEscaped(dst, line)
	if ended {
		dst = append(dst, `\n`...)
	}
	dst = append(dst, `","stream":"`...)
	dst = append(dst, stream...)
	dst = append(dst, '"')
	dst = append(dst, attrs...)
	dst = append(dst, `,"time":"`...)
	dst = append(dst, stamp...)
	return append(dst, "\"}\n"...)
}

// appendAttrs appends the attrs field with the comma before it, keys in order, or nothing if there are none.
func appendAttrs(dst []byte, attrs map[string]string) []byte {
	if len(attrs) == 0 {
		return dst
	}
	keys := make([]string, 0, len(attrs))
	for key := range attrs {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	dst = append(dst, `,"attrs":{`...)
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = appendEscaped(dst, []byte(key))
		dst = append(dst, `":"`...)
		dst = appendEscaped(dst, []byte(attrs[key]))
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

// appendEscaped appends s as the inside of a JSON string. Like Docker it escapes what HTML and JavaScript give a meaning (<, >, &,
// U+2028, U+2029), writes \n and \r short and every other control byte as \u00XX, and replaces what is not UTF-8 by \ufffd.
func appendEscaped(dst, s []byte) []byte {
	start := 0
	for i := 0; i < len(s); {
		b := s[i]
		if verbatim[b] {
			i++
			continue
		}
		if b >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(s[i:])
			switch {
			case r == utf8.RuneError && size == 1:
				dst = append(append(dst, s[start:i]...), `\ufffd`...)
				start = i + size
			case r == '\u2028' || r == '\u2029':
				dst = append(append(dst, s[start:i]...), `\u202`...)
				dst = append(dst, hexDigits[r&0xf])
				start = i + size
			}
			i += size
			continue
		}
		dst = append(dst, s[start:i]...)
		switch b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&0xf])
		}
		i++
		start = i
	}
	return append(dst, s[start:]...)
}

// verbatim says which bytes stand for themselves inside a string. It is a constant that Go cannot declare as one.
var verbatim = [256]bool{
	' ': true, '!': true, '#': true, '$': true, '%': true, '\'': true, '(': true, ')': true, '*': true, '+': true,
	',': true, '-': true, '.': true, '/': true, '0': true, '1': true, '2': true, '3': true, '4': true, '5': true,
	'6': true, '7': true, '8': true, '9': true, ':': true, ';': true, '=': true, '?': true, '@': true, 'A': true,
	'B': true, 'C': true, 'D': true, 'E': true, 'F': true, 'G': true, 'H': true, 'I': true, 'J': true, 'K': true,
	'L': true, 'M': true, 'N': true, 'O': true, 'P': true, 'Q': true, 'R': true, 'S': true, 'T': true, 'U': true,
	'V': true, 'W': true, 'X': true, 'Y': true, 'Z': true, '[': true, ']': true, '^': true, '_': true, '`': true,
	'a': true, 'b': true, 'c': true, 'd': true, 'e': true, 'f': true, 'g': true, 'h': true, 'i': true, 'j': true,
	'k': true, 'l': true, 'm': true, 'n': true, 'o': true, 'p': true, 'q': true, 'r': true, 's': true, 't': true,
	'u': true, 'v': true, 'w': true, 'x': true, 'y': true, 'z': true, '{': true, '|': true, '}': true, '~': true,
	0x7f: true,
}

// clock writes times as RFC 3339 in UTC with nanoseconds, trailing zeros left out. It remembers the second it wrote last,
// because a busy container writes thousands of lines in one.
type clock struct {
	second int64
	text   []byte // the second, up to where the fraction begins
	stamp  []byte
}

// format returns t as text, valid until the next call.
func (c *clock) format(t time.Time) []byte {
	if second := t.Unix(); second != c.second || c.text == nil {
		c.second = second
		c.text = t.UTC().AppendFormat(c.text[:0], "2006-01-02T15:04:05")
	}
	c.stamp = append(c.stamp[:0], c.text...)
	if ns := t.Nanosecond(); ns != 0 {
		digits := [10]byte{'.'}
		last := 0
		for i := 9; i > 0; i-- {
			digit := ns % 10
			ns /= 10
			digits[i] = '0' + byte(digit)
			if digit != 0 && last == 0 {
				last = i
			}
		}
		c.stamp = append(c.stamp, digits[:last+1]...)
	}
	c.stamp = append(c.stamp, 'Z')
	return c.stamp
}
