// A Sigstore of the tests' own: a certificate authority with its certificate
// transparency log, a transparency log in each of Rekor's versions and a timestamp
// authority, all of them named by one trusted root.
//
//	sigstore make DIRECTORY --digest sha256:…   writes signatures, right ones and wrong ones
//	sigstore serve DIRECTORY                    answers as Fulcio, Rekor and the others do
//	sigstore tuf DIRECTORY TRUSTED_ROOT SIGNING_CONFIG
//	                                            writes a repository that has these, and wrong ones
package main

import (
	"context"
	"fmt"
	"os"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "sigstore: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) > 0 {
		switch arguments[0] {
		case "make":
			return runMake(ctx, arguments[1:])
		case "serve":
			return runServe(arguments[1:])
		case "tuf":
			return runTUF(arguments[1:])
		}
	}
	return fmt.Errorf("usage: sigstore make|serve|tuf DIRECTORY …")
}
