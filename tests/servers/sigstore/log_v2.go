package main

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"sync"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	tiles "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	tilesnote "github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/rekor-tiles/v2/pkg/types/hashedrekord"
	"github.com/sigstore/sigstore/pkg/signature"
	formats "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
	"golang.org/x/mod/sumdb/note"
	"google.golang.org/protobuf/encoding/protojson"
)

// A transparency log as Rekor's second version keeps one: it tells no time.
type logV2 struct {
	host       string
	key        ed25519.PrivateKey
	signer     note.Signer
	id         []byte
	algorithms *signature.AlgorithmRegistryConfig

	mutex  sync.Mutex
	tree   *testonly.Tree
	hashes map[string]uint64
}

func newLogV2(address string) (*logV2, error) {
	base, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	signer, err := signature.LoadSigner(key, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	noteSigner, err := tilesnote.NewNoteSigner(context.Background(), base.Hostname(), signer)
	if err != nil {
		return nil, err
	}
	_, id, err := tilesnote.KeyHash(base.Hostname(), key.Public())
	if err != nil {
		return nil, err
	}
	algorithms, err := signature.NewAlgorithmRegistryConfig([]common.PublicKeyDetails{
		common.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256,
		common.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384,
		common.PublicKeyDetails_PKIX_ECDSA_P521_SHA_512,
		common.PublicKeyDetails_PKIX_RSA_PKCS1V15_2048_SHA256,
		common.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256,
		common.PublicKeyDetails_PKIX_RSA_PKCS1V15_4096_SHA256,
		common.PublicKeyDetails_PKIX_ED25519_PH,
	})
	if err != nil {
		return nil, err
	}
	log := &logV2{
		host:       base.Hostname(),
		key:        key,
		signer:     noteSigner,
		id:         id,
		algorithms: algorithms,
		tree:       testonly.New(rfc6962.DefaultHasher),
		hashes:     map[string]uint64{},
	}
	log.tree.AppendData([]byte("first"), []byte("second"), []byte("third"))
	return log, nil
}

// Checks an entry as Rekor does, the signature in it too, and adds it.
func (l *logV2) add(request *tiles.HashedRekordRequestV002) (*rekor.TransparencyLogEntry, error) {
	entry, err := hashedrekord.ToLogEntry(request, l.algorithms)
	if err != nil {
		return nil, err
	}
	text, err := protojson.Marshal(entry)
	if err != nil {
		return nil, err
	}
	body, err := jsoncanonicalizer.Transform(text)
	if err != nil {
		return nil, err
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	hash := rfc6962.DefaultHasher.HashLeaf(body)
	name := hex.EncodeToString(hash)
	if index, known := l.hashes[name]; known {
		return nil, present{fmt.Sprint(index)}
	}
	index := l.tree.Size()
	l.tree.Append(hash)
	l.hashes[name] = index
	size := l.tree.Size()
	path, err := l.tree.InclusionProof(index, size)
	if err != nil {
		return nil, err
	}
	root := l.tree.Hash()
	checkpoint := formats.Checkpoint{Origin: l.host, Size: size, Hash: root}
	signed, err := note.Sign(&note.Note{Text: string(checkpoint.Marshal())}, l.signer)
	if err != nil {
		return nil, err
	}
	return &rekor.TransparencyLogEntry{
		LogIndex:    int64(index),
		LogId:       &common.LogId{KeyId: l.id},
		KindVersion: &rekor.KindVersion{Kind: entry.Kind, Version: entry.ApiVersion},
		InclusionProof: &rekor.InclusionProof{
			LogIndex:   int64(index),
			TreeSize:   int64(size),
			RootHash:   root,
			Hashes:     path,
			Checkpoint: &rekor.Checkpoint{Envelope: string(signed)},
		},
		CanonicalizedBody: body,
	}, nil
}
