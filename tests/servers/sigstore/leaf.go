package main

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/url"
	"strings"
	"time"
)

var (
	oidIssuerV1 = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1}
	oidIssuerV2 = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8}
	oidPoison   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 3}
	oidSCTList  = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
)

// What a certificate of Fulcio says.
type leaf struct {
	public crypto.PublicKey
	// An email address, or a URI where it has a scheme.
	identity string
	issuer   string
	from     time.Time
	until    time.Time
	usage    []x509.ExtKeyUsage
	// Who promises to log it, or nobody.
	ct *ctLog
}

// Issues a certificate. One with a promise of a log is first made as a precertificate,
// with the poison in the place of the promise, as RFC 6962 has it.
func (a *authority) issue(leaf leaf) (*x509.Certificate, error) {
	template, err := leaf.template()
	if err != nil {
		return nil, err
	}
	if leaf.ct == nil {
		return a.sign(template, leaf.public)
	}
	extensions := template.ExtraExtensions
	with := func(extension pkix.Extension) []pkix.Extension {
		return append(extensions[:len(extensions):len(extensions)], extension)
	}
	template.ExtraExtensions = with(pkix.Extension{
		Id:       oidPoison,
		Critical: true,
		Value:    asn1.NullBytes,
	})
	poisoned, err := a.sign(template, leaf.public)
	if err != nil {
		return nil, err
	}
	promise, err := leaf.ct.promise(poisoned, a.issuer)
	if err != nil {
		return nil, err
	}
	template.ExtraExtensions = with(pkix.Extension{Id: oidSCTList, Value: promise})
	return a.sign(template, leaf.public)
}

func (a *authority) sign(template *x509.Certificate, public crypto.PublicKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, a.issuer, public, a.issuerKey)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func (l leaf) template() (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 159))
	if err != nil {
		return nil, err
	}
	issuer, err := asn1.MarshalWithParams(l.issuer, "utf8")
	if err != nil {
		return nil, err
	}
	spki, err := x509.MarshalPKIXPublicKey(l.public)
	if err != nil {
		return nil, err
	}
	keyID := sha256.Sum256(spki)
	template := &x509.Certificate{
		SerialNumber: serial,
		NotBefore:    l.from,
		NotAfter:     l.until,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  l.usage,
		SubjectKeyId: keyID[:20],
		ExtraExtensions: []pkix.Extension{
			{Id: oidIssuerV1, Value: []byte(l.issuer)},
			{Id: oidIssuerV2, Value: issuer},
		},
	}
	if strings.Contains(l.identity, "://") {
		uri, err := url.Parse(l.identity)
		if err != nil {
			return nil, err
		}
		template.URIs = []*url.URL{uri}
	} else {
		template.EmailAddresses = []string{l.identity}
	}
	return template, nil
}
