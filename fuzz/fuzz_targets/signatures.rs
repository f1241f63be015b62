//! Signatures: whatever stands where one is looked for, nothing of it is ever accepted that
//! no key has signed, and making an artifact of it fails or gives one that is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wharf_oci::Descriptor;
use wharf_signature::{Authority, Evidence, Outcome, Requirement, Signer, making, verify};

/// A key whose private half nobody has.
const KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKEcRnIWtxoiZNHZuEHRyHTte//QA
2IiaTUEw5XHOmg9y3NEbxpwafc+L15GUGLEVJ1ynJRph/YtD03vBKEgKBg==
-----END PUBLIC KEY-----
";

const DIGEST: &str = "sha256:a34155818d4b3d3a89bad9474cc169c7cbe82a6ecdd00b7c2d084b6f55e11db5";

// A manifest up to the first NUL, and its layer; or a bundle as a whole.
fuzz_target!(|bytes: &[u8]| {
    let digest: wharf_oci::Digest = DIGEST.parse().expect("it is one");
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let subject = Descriptor::new(kind, digest.clone(), 424);
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let manifest = parts.next().unwrap_or_default().to_vec();
    let layer = parts.next().unwrap_or_default().to_vec();
    let evidence = [
        Evidence::Manifest {
            digest: digest.clone(),
            content: manifest,
            layers: vec![(digest, layer)],
        },
        Evidence::Bundle(bytes.to_vec()),
    ];
    let requirement = Requirement {
        signers: vec![Signer {
            name: "nobody".to_owned(),
            authority: Authority::Key(KEY.to_owned()),
        }],
        threshold: 1,
        ..Requirement::default()
    };
    let verdict = verify(&subject, None, &evidence, &requirement, 1_800_000_000)
        .expect("the requirement is right");
    assert!(!verdict.satisfied);
    for finding in verdict.findings {
        assert!(!matches!(finding.outcome, Outcome::Accepted(_)));
        assert!(finding.payload.is_none());
    }
    let _ = making::bundle_artifact(&subject, bytes, None);
});
