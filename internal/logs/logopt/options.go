package logopt

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/containerd/errdefs"
	"github.com/docker/go-units"

	"tug/internal/logs"
	"tug/internal/near"
)

// The drivers. Local is another name for the same files, with limits and compression from the beginning.
const (
	JSONFile = "json-file"
	Local    = "local"
	None     = "none"
)

// defaultBufferSize is that of a non-blocking log, in bytes.
const defaultBufferSize = 1_000_000

// Config is how a container's output is logged.
type Config struct {
	Driver      string // JSONFile, Local or None
	Options     logs.Options
	NonBlocking bool  // drop lines rather than let the container wait
	BufferSize  int64 // bytes that may wait if NonBlocking
}

// Validate returns an InvalidArgument error if the options are not such as the driver takes.
func Validate(driver string, options map[string]string) error {
	_, err := parse(driver, options, logs.Options{})
	return err
}

// Resolve returns what the options mean for a container. What they leave open about sizes the defaults say, for the json-file driver.
// Errors are InvalidArgument.
func Resolve(driver string, options map[string]string, defaults logs.Options, c Container) (Config, error) {
	config, err := parse(driver, options, defaults)
	if err != nil || config.Driver == None {
		return config, err
	}
	config.Options.Attrs, err = attributes(options, c)
	return config, err
}

// parse reads all but the attributes. An empty driver is json-file.
func parse(driver string, options map[string]string, defaults logs.Options) (Config, error) {
	if driver == None {
		return Config{Driver: None}, nil
	}
	if driver == "" {
		driver = JSONFile
	}
	config := Config{Driver: driver, Options: defaults}
	if err := config.parseMode(options); err != nil {
		return Config{}, err
	}
	var err error
	switch driver {
	case JSONFile:
		if err := checkNames(options, "unknown log opt '%s' for json-file log driver"); err != nil {
			return Config{}, err
		}
		err = config.parseJSONFile(options)
	case Local:
		if err := checkNames(options, "unknown log opt '%s' for log driver local"); err != nil {
			return Config{}, err
		}
		err = config.parseLocal(options)
	default:
		return Config{}, invalid("error looking up logging plugin %s: plugin %q not found: there are %s, %s and %s", driver, driver, JSONFile, Local, None)
	}
	if err != nil {
		return Config{}, err
	}
	if err := checkAttributes(options); err != nil {
		return Config{}, err
	}
	return config, nil
}

func (c *Config) parseMode(options map[string]string) error {
	switch mode := options["mode"]; mode {
	case "", "blocking":
	case "non-blocking":
		c.NonBlocking, c.BufferSize = true, defaultBufferSize
	default:
		return invalid("logger: logging mode not supported: %s", mode)
	}
	size, ok := options["max-buffer-size"]
	if !ok {
		return nil
	}
	if !c.NonBlocking {
		return invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'")
	}
	bytes, err := units.RAMInBytes(size)
	if err != nil {
		return invalid("error parsing option max-buffer-size: %w", err)
	}
	c.BufferSize = bytes
	return nil
}

func checkNames(options map[string]string, unknown string) error {
	names := make([]string, 0, len(options))
	for name := range options {
		names = append(names, name)
	}
	known := []string{"max-size", "max-file", "compress", "labels", "labels-regex", "env", "env-regex", "tag", "mode", "max-buffer-size"}
	slices.Sort(names) // so that of several the same one is named every time
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		if meant := near.Word(name, known); meant != "" {
			return invalid(unknown+": did you mean '%s'?", name, meant)
		}
		return invalid(unknown, name)
	}
	return nil
}

// parseJSONFile reads the limits as Docker's json-file driver does: who gives a size and no number of files gets one file. A size of -1,
// which Docker's manual calls the default, means no limit.
func (c *Config) parseJSONFile(options map[string]string) error {
	if text, ok := options["max-size"]; ok {
		c.Options.MaxFiles = 1
		if text == "-1" {
			c.Options.MaxSize = 0
		} else {
			size, err := units.FromHumanSize(text)
			if err != nil {
				return invalid("max-size: %w", err)
			}
			if size <= 0 {
				return invalid("max-size must be a positive number")
			}
			c.Options.MaxSize = size
		}
	}
	if text, ok := options["max-file"]; ok {
		files, err := strconv.Atoi(text)
		if err != nil {
			return invalid("max-file: %w", err)
		}
		if files < 1 {
			return invalid("max-file cannot be less than 1")
		}
		c.Options.MaxFiles = files
	}
	if text, ok := options["compress"]; ok {
		compress, err := strconv.ParseBool(text)
		if err != nil {
			return invalid("compress: %w", err)
		}
		// Without a size of the user's own Docker has no limit; here the default one makes it possible.
		if compress && (c.Options.MaxFiles == 1 || c.Options.MaxSize <= 0 && options["max-size"] != "") {
			return invalid("compress cannot be true when max-file is less than 2 or max-size is not set")
		}
		c.Options.Compress = compress
	}
	return nil
}

// parseLocal reads the limits as Docker's local driver does.
func (c *Config) parseLocal(options map[string]string) error {
	c.Options = logs.Options{MaxSize: 20_000_000, MaxFiles: 5, Compress: true}
	if text, ok := options["max-size"]; ok {
		size, err := units.FromHumanSize(text)
		if err != nil {
			return invalid("invalid value for max-size: %s: %w", text, err)
		}
		c.Options.MaxSize = size
	}
	if text, ok := options["max-file"]; ok {
		files, err := strconv.Atoi(text)
		if err != nil {
			return invalid("invalid value for max-file: %s: %w", text, err)
		}
		c.Options.MaxFiles = files
	}
	if text, ok := options["compress"]; ok {
		compress, err := strconv.ParseBool(text)
		if err != nil {
			return invalid("invalid boolean value for compress: %w", err)
		}
		c.Options.Compress = compress
	}
	switch {
	case c.Options.MaxSize < 0:
		return invalid("max-size must not be negative")
	case c.Options.MaxFiles < 0:
		return invalid("max-file must not be negative")
	case c.Options.Compress && c.Options.MaxFiles <= 1:
		return invalid("compression cannot be enabled when max file count is 1")
	}
	return nil
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", fmt.Errorf(format, args...), errdefs.ErrInvalidArgument)
}
