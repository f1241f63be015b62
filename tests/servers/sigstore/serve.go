package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"unicode/utf8"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

// How long a request may be.
const requestLimit = 4 << 20

// What is told in a line on standard output.
type told struct {
	addresses
	// As GitHub puts them into the environment of a job.
	GitHubURL   string `json:"github_request_url"`
	GitHubToken string `json:"github_request_token"`
	// Files.
	TrustedRoot     string `json:"trusted_root"`
	SigningConfig   string `json:"signing_config"`
	SigningConfigV1 string `json:"signing_config_v1"`
	Requests        string `json:"requests"`
}

// Serves each of the services on a port of its own, until standard input ends.
func runServe(arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("usage: sigstore serve DIRECTORY")
	}
	directory, err := filepath.Abs(arguments[0])
	if err != nil {
		return err
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(directory, "requests.jsonl"))
	if err != nil {
		return err
	}
	var listeners [5]net.Listener
	for index := range listeners {
		if listeners[index], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return err
		}
	}
	url := func(index int) string { return "http://" + listeners[index].Addr().String() }
	authority, err := newAuthority(addresses{
		Fulcio:  url(0),
		RekorV1: url(1),
		RekorV2: url(2),
		Stamper: url(3) + "/api/v1/timestamp",
		Issuer:  url(4),
	})
	if err != nil {
		return err
	}
	issuer, err := newIssuer(authority.addresses.Issuer)
	if err != nil {
		return err
	}
	if err := writeFiles(directory, authority); err != nil {
		return err
	}
	requests := &requests{file: file}
	handlers := [5]http.Handler{
		authority.fulcio(issuer),
		authority.v1.handler(),
		authority.v2.handler(),
		authority.stamper.handler(),
		issuer.handler(),
	}
	for index, service := range [5]string{"fulcio", "rekor-v1", "rekor-v2", "timestamp", "issuer"} {
		handler := requests.keep(service, handlers[index])
		go func() { log.Fatal(http.Serve(listeners[index], handler)) }()
	}
	line, err := json.Marshal(told{
		addresses:       authority.addresses,
		GitHubURL:       authority.addresses.Issuer + "/github/token?api-version=2.0",
		GitHubToken:     issuer.requestToken,
		TrustedRoot:     filepath.Join(directory, "trusted_root.json"),
		SigningConfig:   filepath.Join(directory, "signing_config.json"),
		SigningConfigV1: filepath.Join(directory, "signing_config_v1.json"),
		Requests:        file.Name(),
	})
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func writeFiles(directory string, authority *authority) error {
	if err := writeTrustedRoot(directory, "trusted_root.json", authority); err != nil {
		return err
	}
	for name, both := range map[string]bool{"signing_config.json": true, "signing_config_v1.json": false} {
		text, err := signingConfig(authority, both)
		if err != nil {
			return err
		}
		if err := write(directory, name, text); err != nil {
			return err
		}
	}
	// What older clients want in place of a trusted root.
	for name, key := range map[string]any{
		"ct.pub":    authority.ct.key.Public(),
		"rekor.pub": authority.v1.key.Public(),
	} {
		text, err := cryptoutils.MarshalPublicKeyToPEM(key)
		if err != nil {
			return err
		}
		if err := write(directory, name, text); err != nil {
			return err
		}
	}
	text, err := authority.chain()
	if err != nil {
		return err
	}
	return write(directory, "fulcio.pem", bytes.Join(text, nil))
}

// Keeps every request in a file, before it is answered.
type requests struct {
	mutex sync.Mutex
	file  *os.File
}

type request struct {
	Service string      `json:"service"`
	Method  string      `json:"method"`
	Path    string      `json:"path"`
	Headers http.Header `json:"headers"`
	Body    string      `json:"body"`
	// Whether the body is in base64, since it is no text.
	Binary bool `json:"binary"`
}

func (r *requests) keep(service string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, got *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, got.Body, requestLimit))
		if err != nil {
			refuse(w, http.StatusRequestEntityTooLarge, err)
			return
		}
		kept := request{
			Service: service,
			Method:  got.Method,
			Path:    got.URL.RequestURI(),
			Headers: got.Header,
			Body:    string(body),
		}
		if !utf8.Valid(body) {
			kept.Body, kept.Binary = base64.StdEncoding.EncodeToString(body), true
		}
		var line bytes.Buffer
		encoder := json.NewEncoder(&line)
		// So that what was sent is found as it was sent.
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(kept)
		if err == nil {
			r.mutex.Lock()
			_, err = r.file.Write(line.Bytes())
			r.mutex.Unlock()
		}
		if err != nil {
			log.Fatalf("sigstore: a request could not be kept: %v", err)
		}
		got.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, got)
	})
}

// Says no, as these services do: with a message in JSON.
func refuse(w http.ResponseWriter, status int, reason error) {
	answer(w, status, map[string]any{"code": status, "message": reason.Error()})
}

func answer(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"message":"no JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}
