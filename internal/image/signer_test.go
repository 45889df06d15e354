package image

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tug test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	id := &signer{
		key: key, der: der, certFile: filepath.Join(dir, "cert.pem"), keyFile: filepath.Join(dir, "key.pem"),
		certPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	}
	for file, blob := range map[string][]byte{id.certFile: id.certPEM, id.keyFile: pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})} {
		if err := os.WriteFile(file, blob, 0o600); err != nil {
			t.Fatal(err)
		}
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
