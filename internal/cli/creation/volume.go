package creation

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// volume is a value of --volume: [SOURCE:]TARGET[:OPTIONS].
type volume struct {
	source, target, options string
}

// parseVolume cuts a value of --volume at its colons; one after a single letter at the start of a part
// belongs to a Windows drive. What the options mean is the daemon's to judge.
func parseVolume(value string) (volume, error) {
	if value == "" {
		return volume{}, errors.New("invalid empty volume spec")
	}
	if len(value) <= 2 {
		return volume{target: value}, nil
	}
	parts := cutVolume(value)
	for _, part := range parts {
		if part == "" {
			return volume{}, fmt.Errorf("invalid spec: %s: empty section between colons", value)
		}
	}
	switch len(parts) {
	case 1:
		return volume{target: parts[0]}, nil
	case 2:
		return volume{source: parts[0], target: parts[1]}, nil
	case 3:
		return volume{source: parts[0], target: parts[1], options: parts[2]}, nil
	}
	return volume{}, fmt.Errorf("invalid spec: %s: too many colons", value)
}

func cutVolume(value string) []string {
	var parts []string
	start := 0
	for i, char := range value {
		if char != ':' || isDriveLetter(value[start:i]) {
			continue
		}
		parts = append(parts, value[start:i])
		start = i + 1
	}
	return append(parts, value[start:])
}

func isDriveLetter(part string) bool {
	runes := []rune(part)
	return len(runes) == 1 && unicode.IsLetter(runes[0])
}

// isPath says whether the source is a path on the host and not a volume's name.
func (v volume) isPath() bool {
	if v.source == "" {
		return false
	}
	if strings.ContainsRune("./~", rune(v.source[0])) || strings.HasPrefix(v.source, `\\`) {
		return true
	}
	drive, _, hasColon := strings.Cut(v.source, ":")
	return hasColon && isDriveLetter(drive)
}
