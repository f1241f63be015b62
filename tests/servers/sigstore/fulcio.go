package main

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
)

// What Fulcio is asked for, in the second version of its interface.
type certificateRequest struct {
	Credentials struct {
		Token string `json:"oidcIdentityToken"`
	} `json:"credentials"`
	PublicKeyRequest struct {
		PublicKey struct {
			Algorithm string `json:"algorithm"`
			Content   string `json:"content"`
		} `json:"publicKey"`
		Proof []byte `json:"proofOfPossession"`
	} `json:"publicKeyRequest"`
}

// The same in the first version, which older clients speak.
type oldCertificateRequest struct {
	PublicKey struct {
		Algorithm string `json:"algorithm"`
		Content   []byte `json:"content"`
	} `json:"publicKey"`
	Proof []byte `json:"signedEmailAddress"`
}

// Fulcio, which believes the tokens of this issuer.
func (a *authority) fulcio(issuer *issuer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/signingCert", func(w http.ResponseWriter, r *http.Request) {
		var wanted certificateRequest
		if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
			refuse(w, http.StatusBadRequest, err)
			return
		}
		token := wanted.Credentials.Token
		if token == "" {
			token = bearer(r)
		}
		public, err := cryptoutils.UnmarshalPEMToPublicKey(
			[]byte(wanted.PublicKeyRequest.PublicKey.Content))
		if err != nil {
			refuse(w, http.StatusBadRequest, errors.New("the public key supplied in the request could not be parsed"))
			return
		}
		chain, status, err := a.certify(issuer, token, public, wanted.PublicKeyRequest.Proof)
		if err != nil {
			refuse(w, status, err)
			return
		}
		var texts []string
		for _, certificate := range chain {
			texts = append(texts, string(certificate))
		}
		answer(w, http.StatusOK, map[string]any{
			"signedCertificateEmbeddedSct": map[string]any{
				"chain": map[string]any{"certificates": texts},
			},
		})
	})
	mux.HandleFunc("POST /api/v1/signingCert", func(w http.ResponseWriter, r *http.Request) {
		var wanted oldCertificateRequest
		if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
			refuse(w, http.StatusBadRequest, err)
			return
		}
		public, err := cryptoutils.UnmarshalPEMToPublicKey(wanted.PublicKey.Content)
		if err != nil {
			// Others send it without PEM around it.
			public, err = x509.ParsePKIXPublicKey(wanted.PublicKey.Content)
		}
		if err != nil {
			refuse(w, http.StatusBadRequest, errors.New("the public key supplied in the request could not be parsed"))
			return
		}
		chain, status, err := a.certify(issuer, bearer(r), public, wanted.Proof)
		if err != nil {
			refuse(w, status, err)
			return
		}
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(bytes.Join(chain, nil))
	})
	return mux
}

// A certificate and those above it, in PEM, for whom the token names; the key must have
// signed that name.
func (a *authority) certify(issuer *issuer, token string, public crypto.PublicKey, proof []byte) ([][]byte, int, error) {
	claims, err := issuer.believe(token)
	if err != nil {
		return nil, http.StatusUnauthorized, fmt.Errorf("there was an error processing the identity token: %w", err)
	}
	verifier, err := signature.LoadVerifier(public, crypto.SHA256)
	if err != nil {
		return nil, http.StatusBadRequest, err
	}
	if err := verifier.VerifySignature(bytes.NewReader(proof), strings.NewReader(claims.proven())); err != nil {
		return nil, http.StatusBadRequest, errors.New("the signature supplied in the request could not be verified")
	}
	from := now()
	certificate, err := a.issue(leaf{
		public:   public,
		identity: claims.name(),
		issuer:   claims.Issuer,
		from:     from,
		until:    from.Add(10 * time.Minute),
		usage:    []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		ct:       a.ct,
	})
	if err != nil {
		return nil, http.StatusInternalServerError, err
	}
	text, err := cryptoutils.MarshalCertificateToPEM(certificate)
	if err != nil {
		return nil, http.StatusInternalServerError, err
	}
	above, err := a.chain()
	if err != nil {
		return nil, http.StatusInternalServerError, err
	}
	return append([][]byte{text}, above...), http.StatusOK, nil
}

// The certificates of the authority, in PEM.
func (a *authority) chain() ([][]byte, error) {
	var chain [][]byte
	for _, certificate := range []*x509.Certificate{a.issuer, a.root} {
		text, err := cryptoutils.MarshalCertificateToPEM(certificate)
		if err != nil {
			return nil, err
		}
		chain = append(chain, text)
	}
	return chain, nil
}

// The token of the `Authorization` header, whose scheme may be written in any case.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return token
}
