package main

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Where a client of Sigstore looks for what it trusts.
const (
	trustedRootTarget   = "trusted_root.json"
	signingConfigTarget = "signing_config.v0.2.json"
)

// A repository of trusted roots, in one of the states that a mirror may show.
type tufState struct {
	// The name of its folder.
	name string
	// How many roots there are; each but the first has a key of its own.
	roots int
	// Of the timestamp, the snapshot and the targets, by their roles.
	versions map[string]int64
	// What the timestamp says of the snapshot.
	pinned  int64
	expires time.Time
	targets map[string][]byte
	// The role that somebody else signs, and the target that is not what was signed.
	forged  string
	altered string
}

// Writes the states of one repository, each a folder to be served, beside the root to begin
// with and the first trusted root. The later one, and the services to sign with, are files.
func runTUF(arguments []string) error {
	if len(arguments) != 3 {
		return errors.New("usage: sigstore tuf DIRECTORY TRUSTED_ROOT SIGNING_CONFIG")
	}
	directory := arguments[0]
	authority, err := newAuthority(nowhere)
	if err != nil {
		return err
	}
	if err := writeTrustedRoot(directory, "first_trusted_root.json", authority); err != nil {
		return err
	}
	var files [3][]byte
	for index, name := range [3]string{
		filepath.Join(directory, "first_trusted_root.json"), arguments[1], arguments[2],
	} {
		if files[index], err = os.ReadFile(name); err != nil {
			return err
		}
	}
	keys, err := newTUFKeys()
	if err != nil {
		return err
	}
	first := map[string][]byte{trustedRootTarget: files[0]}
	later := map[string][]byte{trustedRootTarget: files[1], signingConfigTarget: files[2]}
	for _, state := range tufStates(first, later) {
		if err := keys.write(filepath.Join(directory, state.name), state); err != nil {
			return fmt.Errorf("%s: %w", state.name, err)
		}
	}
	begin, err := keys.root(1).ToBytes(true)
	if err != nil {
		return err
	}
	return write(directory, "root.json", begin)
}

// The right states, `first` and `later`, and the wrong ones that a client refuses after them.
func tufStates(first, later map[string][]byte) []tufState {
	var all []tufState
	add := func(name string, version int64, change func(*tufState)) {
		state := tufState{
			name:     name,
			roots:    2,
			versions: map[string]int64{},
			pinned:   version,
			expires:  now().Add(7 * 24 * time.Hour),
			targets:  later,
		}
		for _, role := range []string{metadata.TIMESTAMP, metadata.SNAPSHOT, metadata.TARGETS} {
			state.versions[role] = version
		}
		change(&state)
		all = append(all, state)
	}
	add("first", 1, func(s *tufState) { s.roots, s.targets = 1, first })
	add("later", 2, func(*tufState) {})
	add("expired", 3, func(s *tufState) { s.expires = now().Add(-time.Hour) })
	add("rolled-back-snapshot", 3, func(s *tufState) {
		s.versions[metadata.SNAPSHOT], s.pinned = 1, 1
	})
	add("rolled-back-targets", 3, func(s *tufState) { s.versions[metadata.TARGETS] = 1 })
	add("forged-root", 3, func(s *tufState) { s.roots, s.forged = 3, metadata.ROOT })
	add("forged-timestamp", 3, func(s *tufState) { s.forged = metadata.TIMESTAMP })
	add("forged-snapshot", 3, func(s *tufState) { s.forged = metadata.SNAPSHOT })
	add("forged-targets", 3, func(s *tufState) { s.forged = metadata.TARGETS })
	add("altered", 3, func(s *tufState) {
		s.targets, s.altered = first, trustedRootTarget
	})
	add("unusable", 3, func(s *tufState) {
		s.targets = map[string][]byte{trustedRootTarget: []byte("{}")}
	})
	add("no-trusted-root", 3, func(s *tufState) {
		s.targets = map[string][]byte{signingConfigTarget: later[signingConfigTarget]}
	})
	return all
}

// The keys of all states: of the roles below the root, and of each root.
type tufKeys struct {
	roles   map[string]ed25519.PrivateKey
	roots   []ed25519.PrivateKey
	foreign ed25519.PrivateKey
	// Each root, made once: a client compares them with those that it has.
	made []*metadata.Metadata[metadata.RootType]
}

func newTUFKeys() (*tufKeys, error) {
	keys := &tufKeys{roles: map[string]ed25519.PrivateKey{}}
	var err error
	for _, role := range []string{metadata.TIMESTAMP, metadata.SNAPSHOT, metadata.TARGETS} {
		if keys.roles[role], err = newTUFKey(); err != nil {
			return nil, err
		}
	}
	if keys.foreign, err = newTUFKey(); err != nil {
		return nil, err
	}
	for version := 1; version <= 3; version++ {
		key, err := newTUFKey()
		if err != nil {
			return nil, err
		}
		keys.roots = append(keys.roots, key)
		root, err := keys.newRoot(version)
		if err != nil {
			return nil, err
		}
		keys.made = append(keys.made, root)
	}
	return keys, nil
}

func newTUFKey() (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return key, err
}

func (k *tufKeys) root(version int) *metadata.Metadata[metadata.RootType] {
	return k.made[version-1]
}

// The root of a version, signed with its own key and with that of the one before it. The
// third is one that somebody else signs in the place of both.
func (k *tufKeys) newRoot(version int) (*metadata.Metadata[metadata.RootType], error) {
	root := metadata.Root(now().Add(365 * 24 * time.Hour))
	root.Signed.Version = int64(version)
	root.Signed.ConsistentSnapshot = true
	roles := map[string]ed25519.PrivateKey{metadata.ROOT: k.roots[version-1]}
	for role, key := range k.roles {
		roles[role] = key
	}
	for role, private := range roles {
		key, err := metadata.KeyFromPublicKey(private.Public())
		if err != nil {
			return nil, err
		}
		if err := root.Signed.AddKey(key, role); err != nil {
			return nil, err
		}
	}
	if version == 3 {
		return root, k.forge(root, k.roots[1], k.roots[2])
	}
	for index := max(version-2, 0); index < version; index++ {
		if err := signTUF(root, k.roots[index]); err != nil {
			return nil, err
		}
	}
	return root, nil
}

// Signs as somebody else, and says that it was those who should have.
func (k *tufKeys) forge(root *metadata.Metadata[metadata.RootType], as ...ed25519.PrivateKey) error {
	for _, one := range as {
		if err := forge(root, k.foreign, one); err != nil {
			return err
		}
	}
	return nil
}

func (k *tufKeys) write(directory string, state tufState) error {
	targets := metadata.Targets(state.expires)
	targets.Signed.Version = state.versions[metadata.TARGETS]
	for name, content := range state.targets {
		file, err := metadata.TargetFile().FromBytes(name, content, "sha256")
		if err != nil {
			return err
		}
		targets.Signed.Targets[name] = file
		served := content
		if name == state.altered {
			served = append([]byte(nil), content...)
			served[len(served)/2] ^= 1
		}
		place := fmt.Sprintf("%s.%s", file.Hashes["sha256"], name)
		if err := write(filepath.Join(directory, "targets"), place, served); err != nil {
			return err
		}
	}
	snapshot := metadata.Snapshot(state.expires)
	snapshot.Signed.Version = state.versions[metadata.SNAPSHOT]
	snapshot.Signed.Meta["targets.json"] = metadata.MetaFile(targets.Signed.Version)
	timestamp := metadata.Timestamp(state.expires)
	timestamp.Signed.Version = state.versions[metadata.TIMESTAMP]
	timestamp.Signed.Meta["snapshot.json"] = metadata.MetaFile(state.pinned)
	for version := 1; version <= state.roots; version++ {
		if err := writeTUF(directory, fmt.Sprintf("%d.root.json", version), k.root(version)); err != nil {
			return err
		}
	}
	if err := signRole(k, state, metadata.TARGETS, targets); err != nil {
		return err
	}
	if err := signRole(k, state, metadata.SNAPSHOT, snapshot); err != nil {
		return err
	}
	if err := signRole(k, state, metadata.TIMESTAMP, timestamp); err != nil {
		return err
	}
	if err := writeTUF(directory, fmt.Sprintf("%d.targets.json", targets.Signed.Version), targets); err != nil {
		return err
	}
	if err := writeTUF(directory, fmt.Sprintf("%d.snapshot.json", snapshot.Signed.Version), snapshot); err != nil {
		return err
	}
	return writeTUF(directory, "timestamp.json", timestamp)
}

func signRole[T metadata.Roles](k *tufKeys, state tufState, role string, of *metadata.Metadata[T]) error {
	if role == state.forged {
		return forge(of, k.foreign, k.roles[role])
	}
	return signTUF(of, k.roles[role])
}

func signTUF[T metadata.Roles](of *metadata.Metadata[T], key ed25519.PrivateKey) error {
	signer, err := signature.LoadSigner(key, crypto.Hash(0))
	if err != nil {
		return err
	}
	_, err = of.Sign(signer)
	return err
}

// Signs with one key, under the name of another.
func forge[T metadata.Roles](of *metadata.Metadata[T], with, as ed25519.PrivateKey) error {
	if err := signTUF(of, with); err != nil {
		return err
	}
	key, err := metadata.KeyFromPublicKey(as.Public())
	if err != nil {
		return err
	}
	id, err := key.ID()
	if err != nil {
		return err
	}
	of.Signatures[len(of.Signatures)-1].KeyID = id
	return nil
}

func writeTUF[T metadata.Roles](directory, name string, of *metadata.Metadata[T]) error {
	text, err := of.ToBytes(true)
	if err != nil {
		return err
	}
	return write(directory, name, text)
}
