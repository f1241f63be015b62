// What Podman, Skopeo and CRI-O make of a signature: they read an image under a
// `sigstoreSigned` policy with the library that this stands on, and sign with it.
//
//	image-policy verify HOST/NAME:TAG --key cosign.pub
//	image-policy sign HOST/NAME:TAG --key cosign.key --passphrase-env VARIABLE
//
// Only plain HTTP is spoken, and no configuration of the user is read.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.podman.io/image/v5/copy"
	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/image"
	"go.podman.io/image/v5/signature"
	"go.podman.io/image/v5/types"
)

// Looks for signatures in the registry, beside the image.
const attachments = "default-docker:\n  use-sigstore-attachments: true\n"

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "image-policy: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) < 2 {
		return errors.New("usage: image-policy verify|sign HOST/NAME:TAG --key FILE")
	}
	command, name := arguments[0], arguments[1]
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	key := flags.String("key", "", "`file` with the public key, or with the private one to sign")
	passphrase := flags.String("passphrase-env", "", "`variable` with the passphrase of the private key")
	if err := flags.Parse(arguments[2:]); err != nil {
		return err
	}
	if *key == "" {
		return errors.New("--key FILE is wanted")
	}
	reference, err := docker.ParseReference("//" + strings.TrimPrefix(name, "docker://"))
	if err != nil {
		return err
	}
	directory, err := os.MkdirTemp("", "image-policy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(directory)
	system, err := systemIn(directory)
	if err != nil {
		return err
	}
	switch command {
	case "verify":
		return verify(ctx, system, reference, *key)
	case "sign":
		secret := []byte{}
		if *passphrase != "" {
			value, known := os.LookupEnv(*passphrase)
			if !known {
				return fmt.Errorf("the variable %s is not set", *passphrase)
			}
			secret = []byte(value)
		}
		return sign(ctx, system, reference, *key, secret)
	default:
		return fmt.Errorf("%q is neither verify nor sign", command)
	}
}

// A system whose files are all in this directory.
func systemIn(directory string) (*types.SystemContext, error) {
	files := map[string]string{
		"registries.d/attachments.yaml": attachments,
		"registries.conf":               "",
		"auth.json":                     "{}",
	}
	for name, content := range files {
		path := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	return &types.SystemContext{
		RegistriesDirPath:           filepath.Join(directory, "registries.d"),
		SystemRegistriesConfPath:    filepath.Join(directory, "registries.conf"),
		SystemRegistriesConfDirPath: filepath.Join(directory, "registries.conf.d"),
		AuthFilePath:                filepath.Join(directory, "auth.json"),
		BlobInfoCacheDir:            directory,
		DockerInsecureSkipTLSVerify: types.OptionalBoolTrue,
	}, nil
}

// Reads the image under a policy that wants a signature by the key, for its repository.
func verify(ctx context.Context, system *types.SystemContext, reference types.ImageReference, key string) error {
	signed, err := signature.NewPRSigstoreSignedKeyPath(key, signature.NewPRMMatchRepository())
	if err != nil {
		return err
	}
	return under(signed, func(policy *signature.PolicyContext) error {
		source, err := reference.NewImageSource(ctx, system)
		if err != nil {
			return err
		}
		defer source.Close()
		unparsed := image.UnparsedInstance(source, nil)
		allowed, err := policy.IsRunningImageAllowed(ctx, unparsed)
		if err != nil {
			return err
		}
		if !allowed {
			return errors.New("the policy refuses the image")
		}
		fmt.Printf("%s is signed by %s\n", reference.DockerReference(), key)
		return nil
	})
}

// Signs by a copy of the image onto itself, as `skopeo copy --sign-by-…` would.
func sign(ctx context.Context, system *types.SystemContext, reference types.ImageReference, key string, passphrase []byte) error {
	return under(signature.NewPRInsecureAcceptAnything(), func(policy *signature.PolicyContext) error {
		_, err := copy.Image(ctx, policy, reference, reference, &copy.Options{
			SourceCtx:                        system,
			DestinationCtx:                   system,
			PreserveDigests:                  true,
			SignBySigstorePrivateKeyFile:     key,
			SignSigstorePrivateKeyPassphrase: passphrase,
		})
		if err != nil {
			return err
		}
		fmt.Printf("%s was signed with %s\n", reference.DockerReference(), key)
		return nil
	})
}

func under(requirement signature.PolicyRequirement, act func(*signature.PolicyContext) error) error {
	policy, err := signature.NewPolicyContext(&signature.Policy{
		Default: signature.PolicyRequirements{requirement},
	})
	if err != nil {
		return err
	}
	return errors.Join(act(policy), policy.Destroy())
}
