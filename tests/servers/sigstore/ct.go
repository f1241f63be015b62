package main

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"time"

	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/tls"
	ctx509 "github.com/google/certificate-transparency-go/x509"
	"github.com/google/certificate-transparency-go/x509util"
)

// A certificate transparency log, which promises and keeps nothing.
type ctLog struct {
	key *ecdsa.PrivateKey
	id  [sha256.Size]byte
}

func newCTLog() (*ctLog, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	return &ctLog{key: key, id: sha256.Sum256(spki)}, nil
}

// The value of the extension with the signed certificate timestamp for a precertificate.
func (l *ctLog) promise(poisoned, issuer *x509.Certificate) ([]byte, error) {
	var chain []*ctx509.Certificate
	for _, certificate := range []*x509.Certificate{poisoned, issuer} {
		parsed, err := ctx509.ParseCertificate(certificate.Raw)
		if ctx509.IsFatal(err) {
			return nil, err
		}
		chain = append(chain, parsed)
	}
	sct := ct.SignedCertificateTimestamp{
		SCTVersion: ct.V1,
		LogID:      ct.LogID{KeyID: l.id},
		Timestamp:  uint64(time.Now().UnixMilli()),
	}
	entry, err := ct.MerkleTreeLeafFromChain(chain, ct.PrecertLogEntryType, sct.Timestamp)
	if err != nil {
		return nil, err
	}
	input, err := ct.SerializeSCTSignatureInput(sct, ct.LogEntry{Leaf: *entry})
	if err != nil {
		return nil, err
	}
	signature, err := tls.CreateSignature(*l.key, tls.SHA256, input)
	if err != nil {
		return nil, err
	}
	sct.Signature = ct.DigitallySigned(signature)
	list, err := x509util.MarshalSCTsIntoSCTList([]*ct.SignedCertificateTimestamp{&sct})
	if err != nil {
		return nil, err
	}
	encoded, err := tls.Marshal(*list)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(encoded)
}
