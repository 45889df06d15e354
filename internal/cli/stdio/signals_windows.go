package stdio

import "os"

func isRuntimeSignal(os.Signal) bool { return false }
