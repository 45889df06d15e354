package image

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tug/internal/selfsigned"
)

// signer is a key with a certificate for 127.0.0.1 that it has signed itself.
type signer struct {
	key               *ecdsa.PrivateKey
	der               []byte
	certFile, keyFile string
	certPEM           []byte
}

func newSigner(t *testing.T) *signer {
	t.Helper()
	dir := t.TempDir()
	id := &signer{certFile: filepath.Join(dir, "cert.pem"), keyFile: filepath.Join(dir, "key.pem")}
	key, cert := selfsigned.Write(t, id.certFile, id.keyFile)
	id.key, id.der = key, cert.Raw
	var err error
	if id.certPEM, err = os.ReadFile(id.certFile); err != nil {
		t.Fatal(err)
	}
	return id
}

// client trusts the certificate.
func (id *signer) client() *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(id.certPEM)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

// trustedBy is a certs.d in which the certificate is known for a registry.
func (id *signer) trustedBy(t *testing.T, host string) string {
	t.Helper()
	certs := t.TempDir()
	if err := os.MkdirAll(filepath.Join(certs, host), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(certs, host, "ca.crt"), id.certPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	return certs
}

// serveTokens is a token server (Docker registry v2 authentication) that gives "user" with "secret" all that is asked for, signed by id.
func serveTokens(t *testing.T, id *signer) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "user" || password != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		type access struct {
			Type    string   `json:"type"`
			Name    string   `json:"name"`
			Actions []string `json:"actions"`
		}
		granted := []access{}
		for _, scopes := range r.URL.Query()["scope"] {
			for scope := range strings.FieldsSeq(scopes) {
				if p := strings.Split(scope, ":"); len(p) == 3 {
					granted = append(granted, access{p[0], p[1], strings.Split(p[2], ",")})
				}
			}
		}
		now := time.Now().Unix()
		token := id.sign(t, map[string]any{
			"iss": "tug test", "sub": "user", "aud": r.URL.Query().Get("service"), "exp": now + 300, "nbf": now - 60, "iat": now, "jti": rand.Text(), "access": granted,
		})
		_ = json.NewEncoder(w).Encode(map[string]any{"token": token, "expires_in": 300})
	}))
	t.Cleanup(s.Close)
	return s
}

// sign makes a JSON web token with the certificate in its head.
func (id *signer) sign(t *testing.T, claims any) string {
	encode := base64.RawURLEncoding.EncodeToString
	head := asJSON(t, map[string]any{"alg": "ES256", "typ": "JWT", "x5c": []string{base64.StdEncoding.EncodeToString(id.der)}})
	body := encode(head) + "." + encode(asJSON(t, claims))
	sum := sha256.Sum256([]byte(body))
	r, s, err := ecdsa.Sign(rand.Reader, id.key, sum[:])
	if err != nil {
		t.Error(err)
		return ""
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return body + "." + encode(signature)
}
