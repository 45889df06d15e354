package store

import (
	"io"
	"log/slog"

	"github.com/containerd/log"
	"github.com/sirupsen/logrus"
)

// newLogger makes a logger for containerd's libraries that writes to ours, for developers only: what they cannot do they return as an
// error as well, and it is said once, by who handles that.
func newLogger(to *slog.Logger) *log.Entry {
	l := logrus.New()
	l.SetOutput(io.Discard)
	l.SetLevel(logrus.InfoLevel)
	l.AddHook(hook{to})
	return logrus.NewEntry(l)
}

type hook struct{ to *slog.Logger }

func (hook) Levels() []logrus.Level { return logrus.AllLevels }

func (h hook) Fire(e *logrus.Entry) error {
	fields := make([]slog.Attr, 0, len(e.Data))
	for k, v := range e.Data {
		fields = append(fields, slog.Any(k, v))
	}
	h.to.LogAttrs(e.Context, slog.LevelDebug, e.Message, fields...)
	return nil
}
