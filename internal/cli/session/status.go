package session

// Status ends the program with a certain exit code.
type Status struct {
	Code int
	Err  error // shown to the person; nil if nothing remains to be said
}

// Error gives what is shown, "" if nothing is.
func (s Status) Error() string {
	if s.Err == nil {
		return ""
	}
	return s.Err.Error()
}

// Unwrap gives the error that is shown.
func (s Status) Unwrap() error { return s.Err }
