package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
)

// A timestamp authority.
type stamper struct {
	intermediate *x509.Certificate
	certificate  *x509.Certificate
	key          *ecdsa.PrivateKey
}

func newStamper(root *x509.Certificate, rootKey *ecdsa.PrivateKey) (*stamper, error) {
	intermediate, intermediateKey, err := ca.GenerateTSAIntermediate(root, rootKey)
	if err != nil {
		return nil, err
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	from := now().Add(-time.Minute)
	certificate, err := ca.GenerateTSALeafCert(from, key, intermediate, intermediateKey)
	if err != nil {
		return nil, err
	}
	return &stamper{intermediate, certificate, key}, nil
}

// Answers a request of RFC 3161.
func (s *stamper) answer(der []byte) ([]byte, error) {
	request, err := timestamp.ParseRequest(der)
	if err != nil {
		return nil, err
	}
	if len(request.HashedMessage) != request.HashAlgorithm.Size() {
		return nil, fmt.Errorf("the digest is not as long as one of %s", request.HashAlgorithm)
	}
	token := timestamp.Timestamp{
		HashAlgorithm:     request.HashAlgorithm,
		HashedMessage:     request.HashedMessage,
		Time:              now(),
		Nonce:             request.Nonce,
		Policy:            asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2},
		AddTSACertificate: request.Certificates,
		ExtraExtensions:   request.Extensions,
	}
	return token.CreateResponseWithOpts(s.certificate, s.key, crypto.SHA256)
}

// A timestamp of a signature; with the certificate of the authority in it, or without.
func (s *stamper) stamp(signature []byte, certificate bool) ([]byte, error) {
	digest := crypto.SHA256.New()
	digest.Write(signature)
	request := timestamp.Request{
		HashAlgorithm: crypto.SHA256,
		HashedMessage: digest.Sum(nil),
		Certificates:  certificate,
	}
	der, err := request.Marshal()
	if err != nil {
		return nil, err
	}
	return s.answer(der)
}
