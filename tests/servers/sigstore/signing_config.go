package main

import (
	trustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
)

// Where a signer finds the services, as `signing_config.json`: the log of the first version
// alone, or of both, where a signer that knows the second one takes it.
func signingConfig(authority *authority, both bool) ([]byte, error) {
	service := func(address string, version uint32) root.Service {
		return root.Service{
			URL:                 address,
			MajorAPIVersion:     version,
			ValidityPeriodStart: authority.root.NotBefore,
			Operator:            "wharf.test",
		}
	}
	logs := []root.Service{service(authority.addresses.RekorV1, 1)}
	if both {
		logs = append(logs, service(authority.addresses.RekorV2, 2))
	}
	anyOne := root.ServiceConfiguration{Selector: trustroot.ServiceSelector_ANY}
	config, err := root.NewSigningConfig(
		root.SigningConfigMediaType02,
		[]root.Service{service(authority.addresses.Fulcio, 1)},
		[]root.Service{service(authority.addresses.Issuer, 1)},
		logs,
		anyOne,
		[]root.Service{service(authority.addresses.Stamper, 1)},
		anyOne,
	)
	if err != nil {
		return nil, err
	}
	return config.MarshalJSON()
}
