package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// What a token says, as far as Fulcio looks at it.
type claims struct {
	jwt.Claims
	Email    string `json:"email"`
	Verified bool   `json:"email_verified"`
	// Of GitHub: the workflow that the job is of.
	Workflow string `json:"job_workflow_ref"`
}

// What the key has to sign.
func (c *claims) proven() string {
	if c.Email != "" {
		return c.Email
	}
	return c.Subject
}

// The identity that goes into the certificate.
func (c *claims) name() string {
	switch {
	case c.Email != "":
		return c.Email
	case c.Workflow != "":
		return "https://github.com/" + c.Workflow
	default:
		return c.Subject
	}
}

// The part of an issuer that makes tokens and believes them.
type tokens struct {
	address string
	// RSA, since cosign takes a token of another key for the name of a file.
	key    *rsa.PrivateKey
	public jose.JSONWebKey
}

func newTokens(address string) (*tokens, error) {
	key, err := newTokenKey()
	if err != nil {
		return nil, err
	}
	return &tokens{
		address: address,
		key:     key,
		public:  jose.JSONWebKey{Key: key.Public(), KeyID: "tests", Algorithm: "RS256", Use: "sig"},
	}, nil
}

func newTokenKey() (*rsa.PrivateKey, error) {
	return rsa.GenerateKey(rand.Reader, 2048)
}

// A token for an email address, with these claims in place of the usual ones or beside
// them; one that is null is left out.
func (t *tokens) make(key *rsa.PrivateKey, changed map[string]any) (string, error) {
	now := time.Now().Unix()
	said := map[string]any{
		"iss":            t.address,
		"aud":            "sigstore",
		"sub":            "ann-of-the-tests",
		"email":          "ann@wharf.test",
		"email_verified": true,
		"iat":            now,
		"nbf":            now,
		"exp":            now + 600,
	}
	for name, value := range changed {
		said[name] = value
	}
	for name, value := range said {
		if value == nil {
			delete(said, name)
		}
	}
	text, err := json.Marshal(said)
	if err != nil {
		return "", err
	}
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", t.public.KeyID)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, options)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(text)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// A token as GitHub gives one to a job.
func (t *tokens) ofJob(audience string) (string, error) {
	return t.make(t.key, map[string]any{
		"aud":              audience,
		"sub":              "repo:wharf/app:ref:refs/heads/main",
		"email":            nil,
		"email_verified":   nil,
		"job_workflow_ref": "wharf/app/.github/workflows/release.yml@refs/heads/main",
		"repository":       "wharf/app",
		"ref":              "refs/heads/main",
		"event_name":       "push",
	})
}

// What a token says, if it is right, of this issuer, for Sigstore, and of now.
func (t *tokens) believe(token string) (*claims, error) {
	if token == "" {
		return nil, errors.New("there is none")
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, errors.New("it is no signed token")
	}
	var said claims
	if err := parsed.Claims(t.key.Public(), &said); err != nil {
		return nil, errors.New("its signature is wrong")
	}
	// Without leeway: the clock is one.
	if err := said.ValidateWithLeeway(jwt.Expected{Issuer: t.address, Time: time.Now()}, 0); err != nil {
		return nil, err
	}
	switch {
	case said.Expiry == nil:
		return nil, errors.New("it has no end")
	case !slices.Contains(said.Audience, "sigstore"):
		return nil, errors.New("it is for someone else than sigstore")
	case said.Email != "" && !said.Verified:
		return nil, errors.New("its email address is not verified")
	case said.Email == "" && said.Workflow == "" && !strings.Contains(said.Subject, "://"):
		return nil, errors.New("it names no one")
	}
	return &said, nil
}
