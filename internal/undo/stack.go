// Package undo takes back, in reverse order, what a use case has done before it failed.
package undo

// Stack is what has been done so far. The zero value is ready for use.
type Stack struct{ steps []func() }

// Add remembers how the latest step is taken back.
func (s *Stack) Add(step func()) { s.steps = append(s.steps, step) }

// OnError takes all steps back, the latest first, if *err is set. It is meant to be deferred.
func (s *Stack) OnError(err *error) {
	if *err != nil {
		s.Run()
	}
}

// Run takes all steps back, the latest first.
func (s *Stack) Run() {
	for i := len(s.steps) - 1; i >= 0; i-- {
		s.steps[i]()
	}
}
