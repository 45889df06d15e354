package build

import (
	"cmp"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"tug/internal/cli/connection"
)

// environment gives env changed so that it tells the other program which daemon is meant, in the variables that
// each client of Docker's API reads. They can name TLS files in one folder only.
func environment(env []string, host connection.Host, tls *connection.TLS) ([]string, error) {
	told := map[string]string{"DOCKER_HOST": host.URL, "DOCKER_CONTEXT": "", "DOCKER_TLS": "", "DOCKER_TLS_VERIFY": "", "DOCKER_CERT_PATH": ""}
	if tls != nil {
		folder := filepath.Dir(cmp.Or(tls.CAFile, tls.CertFile, tls.KeyFile))
		usual := connection.TLS{SkipVerify: tls.SkipVerify}
		usual.InFolder(folder)
		if *tls != usual {
			return nil, errors.New("tug: builds need TLS files that lie in one folder as ca.pem, cert.pem and key.pem: name it with DOCKER_CERT_PATH")
		}
		told["DOCKER_TLS"], told["DOCKER_CERT_PATH"] = "1", folder
		if !tls.SkipVerify {
			told["DOCKER_TLS_VERIFY"] = "1"
		}
	}
	changed := slices.DeleteFunc(slices.Clone(env), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		_, replaced := told[name]
		return replaced
	})
	for name, value := range told {
		if value != "" {
			changed = append(changed, name+"="+value)
		}
	}
	return changed, nil
}
