package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-openapi/runtime"
	"github.com/go-openapi/strfmt"
	tiles "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	"github.com/sigstore/rekor/pkg/generated/models"
	"google.golang.org/protobuf/encoding/protojson"
)

// Rekor, in the first version of its interface.
func (l *logV1) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/log/entries", func(w http.ResponseWriter, r *http.Request) {
		proposed, err := models.UnmarshalProposedEntry(r.Body, runtime.JSONConsumer())
		if err == nil {
			err = proposed.Validate(strfmt.Default)
		}
		if err != nil {
			refuse(w, http.StatusBadRequest, err)
			return
		}
		id, entry, err := l.add(r.Context(), proposed)
		var known present
		switch {
		case errors.As(err, &known):
			w.Header().Set("Location", "/api/v1/log/entries/"+known.id)
			refuse(w, http.StatusConflict, err)
		case err != nil:
			refuse(w, http.StatusBadRequest, fmt.Errorf("error processing entry: %w", err))
		default:
			w.Header().Set("ETag", id)
			w.Header().Set("Location", "/api/v1/log/entries/"+id)
			answer(w, http.StatusCreated, models.LogEntry{id: entry})
		}
	})
	mux.HandleFunc("GET /api/v1/log/entries/{id}", func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		entry, known := l.entry(id)
		if !known {
			refuse(w, http.StatusNotFound, errors.New("there is no such entry"))
			return
		}
		answer(w, http.StatusOK, models.LogEntry{id: entry})
	})
	return mux
}

// Rekor, in the second version of its interface.
func (l *logV2) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/log/entries", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			refuse(w, http.StatusBadRequest, err)
			return
		}
		var wanted tiles.CreateEntryRequest
		if err := protojson.Unmarshal(body, &wanted); err != nil {
			refuse(w, http.StatusBadRequest, err)
			return
		}
		hashed, is := wanted.GetSpec().(*tiles.CreateEntryRequest_HashedRekordRequestV002)
		if !is {
			refuse(w, http.StatusBadRequest, errors.New("invalid type, must be hashedrekord"))
			return
		}
		entry, err := l.add(hashed.HashedRekordRequestV002)
		var known present
		switch {
		case errors.As(err, &known):
			refuse(w, http.StatusConflict, err)
			return
		case err != nil:
			refuse(w, http.StatusBadRequest, fmt.Errorf("invalid hashedrekord request: %w", err))
			return
		}
		text, err := protojson.Marshal(entry)
		if err != nil {
			refuse(w, http.StatusInternalServerError, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(text)
	})
	return mux
}

// The timestamp authority.
func (s *stamper) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/timestamp", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") != "application/timestamp-query" {
			refuse(w, http.StatusUnsupportedMediaType, errors.New("it is no timestamp query"))
			return
		}
		query, err := io.ReadAll(r.Body)
		if err != nil {
			refuse(w, http.StatusBadRequest, err)
			return
		}
		reply, err := s.answer(query)
		if err != nil {
			refuse(w, http.StatusBadRequest, err)
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(reply)
	})
	return mux
}
