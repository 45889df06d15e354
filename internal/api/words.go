package api

import "encoding/json"

// words are a command: a list of words, or, from clients before 1.52, a string that is the only one.
type words []string

// UnmarshalJSON takes a list or a string.
func (w *words) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '"' {
		return json.Unmarshal(b, (*[]string)(w))
	}
	var one string
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*w = words{one}
	return nil
}
