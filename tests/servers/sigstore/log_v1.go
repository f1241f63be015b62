package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"sync"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
	"github.com/go-openapi/strfmt"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/types"
	_ "github.com/sigstore/rekor/pkg/types/dsse/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1"
	"github.com/sigstore/rekor/pkg/util"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
)

const (
	// The tree that is written to.
	treeID = 1193050959916656506
	// What the earlier trees of the log have: an index in the log is not one in the tree.
	earlier = 4163431
)

// A transparency log as Rekor's first version keeps one.
type logV1 struct {
	host   string
	key    *ecdsa.PrivateKey
	signer signature.Signer
	id     []byte

	mutex   sync.Mutex
	tree    *testonly.Tree
	entries map[string]models.LogEntryAnon
}

// An entry that is there already.
type present struct{ id string }

func (p present) Error() string {
	return fmt.Sprintf("an equivalent entry already exists in the transparency log with UUID %s", p.id)
}

func newLogV1(address string) (*logV1, error) {
	base, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	signer, err := signature.LoadECDSASigner(key, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(spki)
	log := &logV1{
		host:    base.Hostname(),
		key:     key,
		signer:  signer,
		id:      id[:],
		tree:    testonly.New(rfc6962.DefaultHasher),
		entries: map[string]models.LogEntryAnon{},
	}
	// So that the first proof has hashes.
	log.tree.AppendData([]byte("first"), []byte("second"), []byte("third"))
	return log, nil
}

// Checks an entry as Rekor does, the signature in it too, and adds it.
func (l *logV1) add(ctx context.Context, proposed models.ProposedEntry) (string, models.LogEntryAnon, error) {
	var none models.LogEntryAnon
	entry, err := types.CreateVersionedEntry(proposed)
	if err != nil {
		return "", none, err
	}
	body, err := types.CanonicalizeEntry(ctx, entry)
	if err != nil {
		return "", none, err
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	hash := rfc6962.DefaultHasher.HashLeaf(body)
	id := fmt.Sprintf("%016x%s", treeID, hex.EncodeToString(hash))
	if _, known := l.entries[id]; known {
		return "", none, present{id}
	}
	index := l.tree.Size()
	l.tree.Append(hash)
	answer, err := l.answer(ctx, body, int64(index))
	if err != nil {
		return "", none, err
	}
	l.entries[id] = answer
	return id, answer, nil
}

// An entry that was added.
func (l *logV1) entry(id string) (models.LogEntryAnon, bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	entry, known := l.entries[id]
	return entry, known
}

func (l *logV1) answer(ctx context.Context, body []byte, index int64) (models.LogEntryAnon, error) {
	var none models.LogEntryAnon
	text := base64.StdEncoding.EncodeToString(body)
	time := now().Unix()
	inLog := index + earlier
	id := hex.EncodeToString(l.id)
	promise, err := l.promise(tlog.RekorPayload{
		Body:           text,
		IntegratedTime: time,
		LogIndex:       inLog,
		LogID:          id,
	})
	if err != nil {
		return none, err
	}
	size := l.tree.Size()
	path, err := l.tree.InclusionProof(uint64(index), size)
	if err != nil {
		return none, err
	}
	hashes := []string{}
	for _, hash := range path {
		hashes = append(hashes, hex.EncodeToString(hash))
	}
	root := l.tree.Hash()
	checkpoint, err := util.CreateAndSignCheckpoint(ctx, l.host, treeID, size, root, l.signer)
	if err != nil {
		return none, err
	}
	rootText, sizeNumber, checkpointText := hex.EncodeToString(root), int64(size), string(checkpoint)
	return models.LogEntryAnon{
		Body:           text,
		IntegratedTime: &time,
		LogID:          &id,
		LogIndex:       &inLog,
		Verification: &models.LogEntryAnonVerification{
			InclusionProof: &models.InclusionProof{
				Checkpoint: &checkpointText,
				Hashes:     hashes,
				LogIndex:   &index,
				RootHash:   &rootText,
				TreeSize:   &sizeNumber,
			},
			SignedEntryTimestamp: strfmt.Base64(promise),
		},
	}, nil
}

// The signed entry timestamp.
func (l *logV1) promise(payload tlog.RekorPayload) ([]byte, error) {
	text, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	canonical, err := jsoncanonicalizer.Transform(text)
	if err != nil {
		return nil, err
	}
	return sign(l.signer, canonical)
}
