package passwd

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// maxID is the largest user or group id: larger ones are negative to some programs and system calls.
const maxID = math.MaxInt32

var errRange = errors.New("uids and gids must be in range 0-2147483647")

// arg is a user or a group as it was asked for.
type arg struct {
	name    string
	id      uint32
	numeric bool // then only id counts: an entry of the name "1000" is not what is meant by 1000
}

func parseArg(text string) (arg, error) {
	digits := text
	if len(text) > 1 && (text[0] == '-' || text[0] == '+') {
		digits = text[1:]
	}
	if !isNumber(digits) {
		return arg{name: text}, nil
	}
	id, ok := parseID(text)
	if !ok {
		return arg{}, fmt.Errorf("%.40q: %w", text, errRange)
	}
	return arg{name: text, id: id, numeric: true}, nil
}

func isNumber(text string) bool {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return text != ""
}

// parseID parses an id that is nothing but digits and not out of range.
func parseID(text string) (id uint32, ok bool) {
	if !isNumber(text) {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 32)
	return uint32(n), err == nil && n <= maxID
}
