package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	bundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	rekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	tiles "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/pki"
	"github.com/sigstore/rekor/pkg/tle"
	"github.com/sigstore/rekor/pkg/types"
	dssetype "github.com/sigstore/rekor/pkg/types/dsse"
	hashedtype "github.com/sigstore/rekor/pkg/types/hashedrekord"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
)

const payloadType = "application/vnd.in-toto+json"

// Who signs: a key, and the certificate for it or none.
type hand struct {
	key         *ecdsa.PrivateKey
	signer      signature.Signer
	certificate *x509.Certificate
}

func newHand() (*hand, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	signer, err := signature.LoadECDSASigner(key, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	return &hand{key: key, signer: signer}, nil
}

// What a log keeps of the hand, in PEM.
func (h *hand) pem() ([]byte, error) {
	if h.certificate != nil {
		return cryptoutils.MarshalCertificateToPEM(h.certificate)
	}
	return cryptoutils.MarshalPublicKeyToPEM(h.key.Public())
}

func sign(signer signature.Signer, message []byte) ([]byte, error) {
	return signer.SignMessage(bytes.NewReader(message))
}

// A signed statement.
type envelope struct {
	payload   []byte
	signature []byte
}

func (h *hand) envelope(statement []byte) (*envelope, error) {
	signature, err := sign(h.signer, dsse.PAE(payloadType, statement))
	if err != nil {
		return nil, err
	}
	return &envelope{statement, signature}, nil
}

// The entry of a statement in the first version of Rekor.
func (h *hand) logStatementV1(ctx context.Context, log *logV1, signed *envelope) (*rekor.TransparencyLogEntry, error) {
	text, err := json.Marshal(dsse.Envelope{
		PayloadType: payloadType,
		Payload:     base64.StdEncoding.EncodeToString(signed.payload),
		Signatures:  []dsse.Signature{{Sig: base64.StdEncoding.EncodeToString(signed.signature)}},
	})
	if err != nil {
		return nil, err
	}
	verifier, err := h.pem()
	if err != nil {
		return nil, err
	}
	proposed, err := types.NewProposedEntry(ctx, dssetype.KIND, "0.0.1", types.ArtifactProperties{
		ArtifactBytes:  text,
		PublicKeyBytes: [][]byte{verifier},
	})
	if err != nil {
		return nil, err
	}
	_, entry, err := log.add(ctx, proposed)
	if err != nil {
		return nil, err
	}
	return tle.GenerateTransparencyLogEntry(entry)
}

// The same in the second one, which keeps the digest of what was signed.
func (h *hand) logStatementV2(log *logV2, signed *envelope) (*rekor.TransparencyLogEntry, error) {
	verifier := &tiles.Verifier{KeyDetails: common.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256}
	if h.certificate != nil {
		verifier.Verifier = &tiles.Verifier_X509Certificate{
			X509Certificate: &common.X509Certificate{RawBytes: h.certificate.Raw},
		}
	} else {
		spki, err := x509.MarshalPKIXPublicKey(h.key.Public())
		if err != nil {
			return nil, err
		}
		verifier.Verifier = &tiles.Verifier_PublicKey{PublicKey: &tiles.PublicKey{RawBytes: spki}}
	}
	digest := sha256.Sum256(dsse.PAE(payloadType, signed.payload))
	return log.add(&tiles.HashedRekordRequestV002{
		Signature: &tiles.Signature{Content: signed.signature, Verifier: verifier},
		Digest:    digest[:],
	})
}

// The entry of a signed message in the first version of Rekor.
func (h *hand) logMessage(ctx context.Context, log *logV1, message, signature []byte) (models.LogEntryAnon, error) {
	var none models.LogEntryAnon
	verifier, err := h.pem()
	if err != nil {
		return none, err
	}
	digest := sha256.Sum256(message)
	proposed, err := types.NewProposedEntry(ctx, hashedtype.KIND, "0.0.1", types.ArtifactProperties{
		ArtifactHash:   "sha256:" + hex.EncodeToString(digest[:]),
		SignatureBytes: signature,
		PublicKeyBytes: [][]byte{verifier},
		PKIFormat:      string(pki.X509),
	})
	if err != nil {
		return none, err
	}
	_, entry, err := log.add(ctx, proposed)
	return entry, err
}

// A bundle around a statement, with at most one log entry and at most one timestamp.
func (h *hand) bundle(signed *envelope, entry *rekor.TransparencyLogEntry, stamp []byte) (*bundle.Bundle, error) {
	material := &bundle.VerificationMaterial{}
	if h.certificate != nil {
		material.Content = &bundle.VerificationMaterial_Certificate{
			Certificate: &common.X509Certificate{RawBytes: h.certificate.Raw},
		}
	} else {
		spki, err := x509.MarshalPKIXPublicKey(h.key.Public())
		if err != nil {
			return nil, err
		}
		hash := sha256.Sum256(spki)
		hint := base64.StdEncoding.EncodeToString(hash[:])
		material.Content = &bundle.VerificationMaterial_PublicKey{
			PublicKey: &common.PublicKeyIdentifier{Hint: hint},
		}
	}
	if entry != nil {
		material.TlogEntries = []*rekor.TransparencyLogEntry{entry}
	}
	if stamp != nil {
		material.TimestampVerificationData = &bundle.TimestampVerificationData{
			Rfc3161Timestamps: []*common.RFC3161SignedTimestamp{{SignedTimestamp: stamp}},
		}
	}
	return &bundle.Bundle{
		MediaType:            "application/vnd.dev.sigstore.bundle.v0.3+json",
		VerificationMaterial: material,
		Content: &bundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{
			PayloadType: payloadType,
			Payload:     signed.payload,
			Signatures:  []*protodsse.Signature{{Sig: signed.signature}},
		}},
	}, nil
}
