// Package events owns what has happened: a log in memory of the latest events of containers, images, volumes, networks and the
// daemon, which any number of readers follow.
//
// All readers see the same events in the same order, each once: a reader is a place in the log, so that nothing lies between
// the past that it asked for and what comes. Who publishes never waits for a reader. One that falls behind by more than the
// log keeps is told so ([ErrMissed]) and has to begin anew; events are never left out in silence.
//
//	event.go   an event, and Docker's words for what happens
//	log.go     the log: publishing, and what is kept
//	reader.go  reading it, from a time on and to another
//
// The log ends with the daemon. Publish an event only after that of which it tells is durable.
package events
