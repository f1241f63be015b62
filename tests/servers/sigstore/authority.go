package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
)

// Everything that one trusted root names.
type authority struct {
	root      *x509.Certificate
	issuer    *x509.Certificate
	issuerKey *ecdsa.PrivateKey
	ct        *ctLog
	v1        *logV1
	v2        *logV2
	stamper   *stamper
	addresses addresses
}

// Where the services are said to be. The logs' host names are in what they sign.
type addresses struct {
	Fulcio  string `json:"fulcio"`
	RekorV1 string `json:"rekor_v1"`
	RekorV2 string `json:"rekor_v2"`
	Stamper string `json:"timestamp"`
	Issuer  string `json:"issuer"`
}

// Addresses where nothing listens, for what is only verified.
var nowhere = addresses{
	Fulcio:  "https://fulcio.wharf.test",
	RekorV1: "https://rekor.wharf.test",
	RekorV2: "https://log2026.rekor.wharf.test",
	Stamper: "https://timestamp.wharf.test/api/v1/timestamp",
	Issuer:  "https://issuer.wharf.test",
}

func newAuthority(addresses addresses) (*authority, error) {
	rootCertificate, rootKey, err := ca.GenerateRootCa()
	if err != nil {
		return nil, err
	}
	issuer, issuerKey, err := ca.GenerateFulcioIntermediate(rootCertificate, rootKey)
	if err != nil {
		return nil, err
	}
	stamper, err := newStamper(rootCertificate, rootKey)
	if err != nil {
		return nil, err
	}
	ct, err := newCTLog()
	if err != nil {
		return nil, err
	}
	v1, err := newLogV1(addresses.RekorV1)
	if err != nil {
		return nil, err
	}
	v2, err := newLogV2(addresses.RekorV2)
	if err != nil {
		return nil, err
	}
	return &authority{
		root:      rootCertificate,
		issuer:    issuer,
		issuerKey: issuerKey,
		ct:        ct,
		v1:        v1,
		v2:        v2,
		stamper:   stamper,
		addresses: addresses,
	}, nil
}

// What a verifier is given as `trusted_root.json`.
func (a *authority) trustedRoot() ([]byte, error) {
	start := a.root.NotBefore
	log := func(address string, id []byte, key crypto.PublicKey) *root.TransparencyLog {
		return &root.TransparencyLog{
			BaseURL:             address,
			ID:                  id,
			ValidityPeriodStart: start,
			HashFunc:            crypto.SHA256,
			PublicKey:           key,
			SignatureHashFunc:   crypto.SHA256,
		}
	}
	trusted, err := root.NewTrustedRoot(
		root.TrustedRootMediaType01,
		[]root.CertificateAuthority{&root.FulcioCertificateAuthority{
			Root:                a.root,
			Intermediates:       []*x509.Certificate{a.issuer},
			ValidityPeriodStart: start,
			URI:                 a.addresses.Fulcio,
		}},
		map[string]*root.TransparencyLog{
			"ct": log(a.addresses.Fulcio+"/ct", a.ct.id[:], a.ct.key.Public()),
		},
		[]root.TimestampingAuthority{&root.SigstoreTimestampingAuthority{
			Root:                a.root,
			Intermediates:       []*x509.Certificate{a.stamper.intermediate},
			Leaf:                a.stamper.certificate,
			ValidityPeriodStart: start,
			URI:                 a.addresses.Stamper,
		}},
		map[string]*root.TransparencyLog{
			"v1": log(a.addresses.RekorV1, a.v1.id, a.v1.key.Public()),
			"v2": log(a.addresses.RekorV2, a.v2.id, a.v2.key.Public()),
		},
	)
	if err != nil {
		return nil, err
	}
	return trusted.MarshalJSON()
}

func newKey() (*ecdsa.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// A time as certificates have it.
func now() time.Time {
	return time.Now().UTC().Truncate(time.Second)
}
