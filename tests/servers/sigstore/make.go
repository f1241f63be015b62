package main

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	bundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// What is signed, and how it is called.
type content struct {
	reference     string
	predicateType string
	predicate     json.RawMessage
}

func runMake(ctx context.Context, arguments []string) error {
	if len(arguments) == 0 || strings.HasPrefix(arguments[0], "-") {
		return errors.New("make: which directory to write to?")
	}
	directory := arguments[0]
	flags := flag.NewFlagSet("make", flag.ContinueOnError)
	digest := flags.String("digest", "", "`sha256:…` of the manifest that is signed")
	identity := flags.String("identity", "ann@wharf.test", "an email `address`, or a URI")
	issuer := flags.String("issuer", nowhere.Issuer, "`URL` of who vouches for the identity")
	reference := flags.String("reference", "registry.wharf.test/app", "`repository` in the legacy payload")
	predicateType := flags.String("predicate-type", "https://sigstore.dev/cosign/sign/v1", "`URI` of the statement")
	predicate := flags.String("predicate", "", "`file` with the predicate in JSON; an empty one by default")
	if err := flags.Parse(arguments[1:]); err != nil {
		return err
	}
	if !regexp.MustCompile("^sha256:[0-9a-f]{64}$").MatchString(*digest) {
		return errors.New("make: --digest sha256:… is wanted")
	}
	what := content{*reference, *predicateType, json.RawMessage("{}")}
	if *predicate != "" {
		read, err := os.ReadFile(*predicate)
		if err != nil {
			return err
		}
		what.predicate = read
	}
	authority, err := newAuthority(nowhere)
	if err != nil {
		return err
	}
	foreign, err := newAuthority(nowhere)
	if err != nil {
		return err
	}
	if err := writeTrustedRoot(directory, "trusted_root.json", authority); err != nil {
		return err
	}
	if err := writeTrustedRoot(directory, "foreign_root.json", foreign); err != nil {
		return err
	}
	base := variant{
		digest:    *digest,
		identity:  *identity,
		issuer:    *issuer,
		from:      now(),
		until:     now().Add(10 * time.Minute),
		usage:     []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		authority: authority,
		ct:        authority.ct,
		log:       authority,
		stamper:   authority.stamper,
	}
	for _, variant := range variants(base, foreign) {
		if err := variant.write(ctx, filepath.Join(directory, variant.name), what); err != nil {
			return fmt.Errorf("%s: %w", variant.name, err)
		}
	}
	return nil
}

func writeTrustedRoot(directory, name string, authority *authority) error {
	text, err := authority.trustedRoot()
	if err != nil {
		return err
	}
	return write(directory, name, text)
}

// Signs, and writes the files of both formats.
func (v variant) write(ctx context.Context, directory string, what content) error {
	hand, err := newHand()
	if err != nil {
		return err
	}
	if v.byKey {
		text, err := hand.pem()
		if err != nil {
			return err
		}
		if err := write(directory, "key.pub", text); err != nil {
			return err
		}
	} else {
		hand.certificate, err = v.authority.issue(leaf{
			public:   hand.key.Public(),
			identity: v.identity,
			issuer:   v.issuer,
			from:     v.from,
			until:    v.until,
			usage:    v.usage,
			ct:       v.ct,
		})
		if err != nil {
			return err
		}
	}
	if err := v.writeBundles(ctx, directory, hand, what); err != nil {
		return err
	}
	return v.writeLegacy(ctx, filepath.Join(directory, "legacy"), hand, what)
}

func (v variant) writeBundles(ctx context.Context, directory string, hand *hand, what content) error {
	statement, err := json.Marshal(map[string]any{
		"_type": "https://in-toto.io/Statement/v1",
		"subject": []any{map[string]any{
			"digest": map[string]string{"sha256": strings.TrimPrefix(v.digest, "sha256:")},
		}},
		"predicateType": what.predicateType,
		"predicate":     what.predicate,
	})
	if err != nil {
		return err
	}
	signed, err := hand.envelope(statement)
	if err != nil {
		return err
	}
	var stamp []byte
	if v.stamper != nil {
		if stamp, err = v.stamper.stamp(signed.signature, false); err != nil {
			return err
		}
	}
	var first, second *rekor.TransparencyLogEntry
	if v.log != nil {
		if first, err = hand.logStatementV1(ctx, v.log.v1, signed); err != nil {
			return err
		}
		if second, err = hand.logStatementV2(v.log.v2, signed); err != nil {
			return err
		}
	}
	made, err := hand.bundle(signed, first, stamp)
	if err != nil {
		return err
	}
	if err := writeBundle(directory, "bundle.json", made); err != nil {
		return err
	}
	if hand.certificate != nil {
		if err := writeBundle(directory, "bundle-v0.1.json", v.old(made, hand)); err != nil {
			return err
		}
	}
	made, err = hand.bundle(signed, second, stamp)
	if err != nil {
		return err
	}
	return writeBundle(directory, "bundle-rekor-v2.json", made)
}

// The bundle in its first version: the chain of certificates, and a promise of the log.
func (v variant) old(made *bundle.Bundle, hand *hand) *bundle.Bundle {
	old := proto.Clone(made).(*bundle.Bundle)
	old.MediaType = "application/vnd.dev.sigstore.bundle+json;version=0.1"
	old.VerificationMaterial.Content = &bundle.VerificationMaterial_X509CertificateChain{
		X509CertificateChain: &common.X509CertificateChain{
			Certificates: []*common.X509Certificate{
				{RawBytes: hand.certificate.Raw},
				{RawBytes: v.authority.issuer.Raw},
			},
		},
	}
	for _, entry := range old.VerificationMaterial.TlogEntries {
		entry.InclusionProof = nil
	}
	return old
}

// The layer of a `sha256-….sig` manifest, and what its annotations say.
func (v variant) writeLegacy(ctx context.Context, directory string, hand *hand, what content) error {
	payload, err := json.Marshal(map[string]any{
		"critical": map[string]any{
			"identity": map[string]string{"docker-reference": what.reference},
			"image":    map[string]string{"docker-manifest-digest": v.digest},
			"type":     "cosign container image signature",
		},
		"optional": nil,
	})
	if err != nil {
		return err
	}
	signature, err := sign(hand.signer, payload)
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"payload.json": payload,
		"signature":    []byte(base64.StdEncoding.EncodeToString(signature)),
	}
	if hand.certificate != nil {
		if files["certificate.pem"], err = hand.pem(); err != nil {
			return err
		}
		files["chain.pem"], err = cryptoutils.MarshalCertificatesToPEM([]*x509.Certificate{
			v.authority.issuer, v.authority.root,
		})
		if err != nil {
			return err
		}
	}
	if v.log != nil {
		entry, err := hand.logMessage(ctx, v.log.v1, payload, signature)
		if err != nil {
			return err
		}
		if files["bundle.json"], err = legacyEntry(entry); err != nil {
			return err
		}
	}
	if v.stamper != nil {
		stamp, err := v.stamper.stamp(signature, true)
		if err != nil {
			return err
		}
		files["timestamp.der"] = stamp
		files["timestamp.json"], err = json.Marshal(map[string][]byte{"SignedRFC3161Timestamp": stamp})
		if err != nil {
			return err
		}
	}
	for name, content := range files {
		if err := write(directory, name, content); err != nil {
			return err
		}
	}
	return nil
}

// A log entry as cosign annotates it: with the promise, and without a proof.
func legacyEntry(entry models.LogEntryAnon) ([]byte, error) {
	return json.Marshal(map[string]any{
		"SignedEntryTimestamp": []byte(entry.Verification.SignedEntryTimestamp),
		"Payload": map[string]any{
			"body":           entry.Body,
			"integratedTime": *entry.IntegratedTime,
			"logIndex":       *entry.LogIndex,
			"logID":          *entry.LogID,
		},
	})
}

func writeBundle(directory, name string, made *bundle.Bundle) error {
	text, err := protojson.Marshal(made)
	if err != nil {
		return err
	}
	return write(directory, name, text)
}

func write(directory, name string, content []byte) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(directory, name), content, 0o644)
}
