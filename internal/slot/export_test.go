package slot

import "time"

// ReadyWithin sets how long a shim may take to be ready.
func (m *Maker) ReadyWithin(d time.Duration) { m.within = d }
