package main

import (
	"crypto/x509"
	"strings"
	"time"
)

// A signature in each format, right or wrong in one point.
type variant struct {
	// The name of its folder.
	name     string
	digest   string
	identity string
	issuer   string
	from     time.Time
	until    time.Time
	usage    []x509.ExtKeyUsage
	byKey    bool
	// Who does each part; nobody where there is none.
	authority *authority
	ct        *ctLog
	log       *authority
	stamper   *stamper
}

// The right signature and all others. The foreign authority is in no trusted root, but is
// made like the other one.
func variants(base variant, foreign *authority) []variant {
	var all []variant
	add := func(name string, change func(*variant)) {
		changed := base
		changed.name = name
		change(&changed)
		all = append(all, changed)
	}
	add("right", func(*variant) {})
	// Another signature by a new key with a new certificate, of the same.
	add("again", func(*variant) {})
	add("by-key", func(v *variant) { v.byKey = true })
	add("other-digest", func(v *variant) { v.digest = "sha256:" + strings.Repeat("0", 64) })
	add("other-identity", func(v *variant) { v.identity = "mallory@wharf.test" })
	add("other-issuer", func(v *variant) { v.issuer = "https://accounts.mallory.test" })
	add("no-sct", func(v *variant) { v.ct = nil })
	add("no-log", func(v *variant) { v.log = nil })
	add("no-timestamp", func(v *variant) { v.stamper = nil })
	add("no-log-no-timestamp", func(v *variant) { v.log, v.stamper = nil, nil })
	add("expired", func(v *variant) {
		v.from = base.from.Add(-110 * time.Second)
		v.until = base.from.Add(-50 * time.Second)
	})
	add("not-yet-valid", func(v *variant) {
		v.from = base.from.Add(time.Hour)
		v.until = base.until.Add(time.Hour)
	})
	add("wrong-usage", func(v *variant) {
		v.usage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	})
	add("no-usage", func(v *variant) { v.usage = nil })
	add("foreign-authority", func(v *variant) { v.authority = foreign })
	add("foreign-sct", func(v *variant) { v.ct = foreign.ct })
	add("foreign-log", func(v *variant) { v.log = foreign })
	add("foreign-timestamp", func(v *variant) { v.stamper = foreign.stamper })
	add("foreign", func(v *variant) {
		v.authority, v.ct, v.log, v.stamper = foreign, foreign.ct, foreign, foreign.stamper
	})
	return all
}
