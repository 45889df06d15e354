package image

// Event tells how far a pull or a load is. It has what Docker's progress messages have.
type Event struct {
	ID      string // short digest of the layer; "" for a line that is about no layer
	Status  string // "Downloading", "Pull complete", ...
	Current int64  // bytes done
	Total   int64  // bytes in all, 0 if not known
}

// What an event says of a layer, in the order in which it happens, in Docker's words.
const (
	StatusQueued      = "Pulling fs layer"
	StatusDownloading = "Downloading"
	StatusVerifying   = "Verifying Checksum"
	StatusDownloaded  = "Download complete"
	StatusExtracting  = "Extracting"
	StatusPulled      = "Pull complete"
	StatusExists      = "Already exists"
	StatusLoading     = "Loading layer"
	StatusRetrying    = "Retrying" // " in N seconds": the registry is busy
)
