package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// An OpenID Connect issuer whose user says yes at once, and GitHub's way to a token.
type issuer struct {
	*tokens
	// What a job of GitHub shows for its tokens.
	requestToken string

	mutex   sync.Mutex
	codes   map[string]login
	devices map[string]*device
}

// What a browser was sent to agree to.
type login struct {
	client    string
	redirect  string
	nonce     string
	challenge string
}

// What someone is to agree to on another device.
type device struct {
	client    string
	user      string
	challenge string
	state     string
}

func newIssuer(address string) (*issuer, error) {
	tokens, err := newTokens(address)
	if err != nil {
		return nil, err
	}
	return &issuer{
		tokens:       tokens,
		requestToken: "request-" + rand.Text(),
		codes:        map[string]login{},
		devices:      map[string]*device{},
	}, nil
}

func (i *issuer) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{i.public}})
	})
	mux.HandleFunc("GET /auth", i.authorize)
	mux.HandleFunc("POST /device/code", i.startDevice)
	mux.HandleFunc("GET /device", i.agreeOnDevice)
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("GET /github/token", i.github)
	mux.HandleFunc("POST /tests/token", i.asTold)
	return mux
}

func (i *issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer":                                i.address,
		"authorization_endpoint":                i.address + "/auth",
		"token_endpoint":                        i.address + "/token",
		"jwks_uri":                              i.address + "/keys",
		"device_authorization_endpoint":         i.address + "/device/code",
		"grant_types_supported":                 []string{"authorization_code", deviceGrant},
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"code_challenge_methods_supported":      []string{"S256"},
		"scopes_supported":                      []string{"openid", "email"},
	})
}

// The page in the browser: it sends the browser back at once.
func (i *issuer) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	redirect, err := url.Parse(query.Get("redirect_uri"))
	if err != nil || redirect.Scheme != "http" || !slices.Contains([]string{"127.0.0.1", "localhost", "::1"}, redirect.Hostname()) {
		refuse(w, http.StatusBadRequest, errors.New("the redirect is to another machine"))
		return
	}
	switch {
	case query.Get("response_type") != "code":
		err = errors.New("unsupported_response_type")
	case query.Get("client_id") == "":
		err = errors.New("there is no client_id")
	case query.Get("state") == "":
		err = errors.New("there is no state")
	case query.Get("code_challenge") == "" || query.Get("code_challenge_method") != "S256":
		err = errors.New("there is no code_challenge of S256")
	case !slices.Contains(strings.Fields(query.Get("scope")), "openid"):
		err = errors.New("invalid_scope")
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	code := "code-" + rand.Text()
	i.mutex.Lock()
	i.codes[code] = login{
		client:    query.Get("client_id"),
		redirect:  query.Get("redirect_uri"),
		nonce:     query.Get("nonce"),
		challenge: query.Get("code_challenge"),
	}
	i.mutex.Unlock()
	back := redirect.Query()
	back.Set("code", code)
	back.Set("state", query.Get("state"))
	redirect.RawQuery = back.Encode()
	http.Redirect(w, r, redirect.String(), http.StatusFound)
}

func (i *issuer) startDevice(w http.ResponseWriter, r *http.Request) {
	client := r.PostFormValue("client_id")
	if client == "" {
		oauthError(w, "invalid_client")
		return
	}
	challenge := r.PostFormValue("code_challenge")
	if challenge != "" && r.PostFormValue("code_challenge_method") != "S256" {
		oauthError(w, "invalid_request")
		return
	}
	code, user := "device-"+rand.Text(), rand.Text()[:8]
	i.mutex.Lock()
	i.devices[code] = &device{client, user, challenge, "authorization_pending"}
	i.mutex.Unlock()
	answer(w, http.StatusOK, map[string]any{
		"device_code":               code,
		"user_code":                 user,
		"verification_uri":          i.address + "/device",
		"verification_uri_complete": i.address + "/device?user_code=" + user,
		"expires_in":                300,
		"interval":                  1,
	})
}

// The page on the other device: whoever opens it agrees, or not with `deny`.
func (i *issuer) agreeOnDevice(w http.ResponseWriter, r *http.Request) {
	user := r.URL.Query().Get("user_code")
	i.mutex.Lock()
	defer i.mutex.Unlock()
	for _, device := range i.devices {
		if device.user == user {
			device.state = "agreed"
			if r.URL.Query().Has("deny") {
				device.state = "access_denied"
			}
			answer(w, http.StatusOK, map[string]string{"message": "you may close this page"})
			return
		}
	}
	refuse(w, http.StatusNotFound, errors.New("there is no such code"))
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		i.tokenOfLogin(w, r)
	case deviceGrant:
		i.tokenOfDevice(w, r)
	default:
		oauthError(w, "unsupported_grant_type")
	}
}

func (i *issuer) tokenOfLogin(w http.ResponseWriter, r *http.Request) {
	code := r.PostFormValue("code")
	i.mutex.Lock()
	login, known := i.codes[code]
	// A code is good once, even when what comes with it is wrong.
	delete(i.codes, code)
	i.mutex.Unlock()
	client := r.PostFormValue("client_id")
	if name, _, basic := r.BasicAuth(); basic {
		client = name
	}
	if !known || client != login.client ||
		r.PostFormValue("redirect_uri") != login.redirect ||
		!proves(r.PostFormValue("code_verifier"), login.challenge) {
		oauthError(w, "invalid_grant")
		return
	}
	var nonce any
	if login.nonce != "" {
		nonce = login.nonce
	}
	i.give(w, map[string]any{"aud": login.client, "nonce": nonce})
}

func (i *issuer) tokenOfDevice(w http.ResponseWriter, r *http.Request) {
	code := r.PostFormValue("device_code")
	i.mutex.Lock()
	device, known := i.devices[code]
	state := "invalid_grant"
	if known && r.PostFormValue("client_id") == device.client &&
		(device.challenge == "" || proves(r.PostFormValue("code_verifier"), device.challenge)) {
		state = device.state
	}
	if state == "agreed" || state == "access_denied" {
		delete(i.devices, code)
	}
	i.mutex.Unlock()
	if state != "agreed" {
		oauthError(w, state)
		return
	}
	i.give(w, map[string]any{"aud": device.client})
}

func (i *issuer) give(w http.ResponseWriter, changed map[string]any) {
	token, err := i.make(i.key, changed)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"access_token": "access-" + rand.Text(),
		"token_type":   "Bearer",
		"expires_in":   600,
		"id_token":     token,
	})
}

// What a job of GitHub asks, which shows the token of its environment.
func (i *issuer) github(w http.ResponseWriter, r *http.Request) {
	if bearer(r) != i.requestToken {
		refuse(w, http.StatusUnauthorized, errors.New("the request token is wrong"))
		return
	}
	audience := r.URL.Query().Get("audience")
	if audience == "" {
		audience = "https://github.com/wharf"
	}
	token, err := i.ofJob(audience)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{"count": len(token), "value": token})
}

// A token with the claims that a test wants, the wrong ones too; with `?key=other`, signed
// by a key that no one knows.
func (i *issuer) asTold(w http.ResponseWriter, r *http.Request) {
	changed := map[string]any{}
	decoder := json.NewDecoder(r.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&changed); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	if age, given := changed["age"].(json.Number); given {
		delete(changed, "age")
		seconds, err := age.Int64()
		if err != nil {
			refuse(w, http.StatusBadRequest, err)
			return
		}
		from := time.Now().Unix() - seconds
		changed["iat"], changed["nbf"], changed["exp"] = from, from, from+600
	}
	key := i.key
	if r.URL.Query().Get("key") == "other" {
		other, err := newTokenKey()
		if err != nil {
			refuse(w, http.StatusInternalServerError, err)
			return
		}
		key = other
	}
	token, err := i.make(key, changed)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	answer(w, http.StatusOK, map[string]string{"token": token})
}

// Whether the verifier is the one that the challenge is of (PKCE).
func proves(verifier, challenge string) bool {
	hash := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(hash[:]) == challenge
}

func oauthError(w http.ResponseWriter, name string) {
	answer(w, http.StatusBadRequest, map[string]string{"error": name})
}
