package ociruntime

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Words gives what a runtime says of its failure in its log, lines of JSON with a level and a message: the last error, or
// else the last line that is no JSON; "" if it says nothing.
func Words(log []byte) string {
	said, plain := "", ""
	for line := range bytes.Lines(log) {
		line = bytes.TrimSpace(line)
		var entry struct{ Level, Msg string }
		if err := json.Unmarshal(line, &entry); err != nil {
			if len(line) > 0 && line[0] != '{' { // the log's beginning may be cut off
				plain = string(line)
			}
			continue
		}
		if entry.Level == "error" || entry.Level == "fatal" {
			said = entry.Msg
		}
	}
	if said == "" {
		said = plain
	}
	return lowered.Replace(strings.ToValidUTF8(strings.TrimSpace(said), "?"))
}

// lowered are the words of C's library for the faults by which Docker's clients tell exit codes; they know Go's words.
var lowered = strings.NewReplacer(
	"No such file or directory", "no such file or directory", "Permission denied", "permission denied",
	"Is a directory", "is a directory", "Exec format error", "exec format error",
)
