//! Vectors, and copies of them that are altered.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use wharf_keyless::{Certified, Options, Problem, Root};

/// SHA-256 of `wharf`.
pub(crate) const SUBJECT: [u8; 32] = [
    0x39, 0x82, 0xea, 0x29, 0x59, 0x17, 0xab, 0x20, 0x3a, 0xa0, 0xfa, 0x8d, 0x63, 0xce, 0x93, 0x97,
    0xe4, 0xa4, 0x67, 0xff, 0xab, 0xb5, 0xdc, 0x0f, 0xd2, 0xd4, 0x48, 0xb0, 0xb8, 0xa2, 0x63, 0x6f,
];

/// When the logs and the timestamp authorities saw the signatures.
pub(crate) const SIGNED: u64 = 1_795_664_409;

/// Nothing is ignored, and it is a minute later.
pub(crate) const STRICT: Options = Options {
    now: SIGNED + 60,
    ignore_sct: false,
    ignore_log: false,
};

/// The certificate need not be logged.
pub(crate) const IGNORE_SCT: Options = Options {
    ignore_sct: true,
    ..STRICT
};

/// The signature need not be logged.
pub(crate) const IGNORE_LOG: Options = Options {
    ignore_log: true,
    ..STRICT
};

/// A file of the vectors.
pub(crate) fn read(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A file of the virtual Sigstore that is JSON.
pub(crate) fn json(name: &str) -> Value {
    serde_json::from_slice(&read(&format!("virtual/{name}"))).unwrap()
}

/// The trusted root of the virtual Sigstore.
pub(crate) fn root() -> Root {
    altered_root(|_| ())
}

/// That root, altered.
pub(crate) fn altered_root(alter: impl FnOnce(&mut Value)) -> Root {
    let mut root = json("trusted_root.json");
    alter(&mut root);
    Root::parse(root.to_string().as_bytes()).unwrap()
}

/// Judges a bundle by the root of the virtual Sigstore.
pub(crate) fn judge(bundle: &Value, options: &Options) -> Result<Certified, Problem> {
    judge_by(&root(), bundle, options)
}

/// Judges a bundle by a root.
pub(crate) fn judge_by(
    root: &Root,
    bundle: &Value,
    options: &Options,
) -> Result<Certified, Problem> {
    wharf_keyless::bundle(root, bundle.to_string().as_bytes(), &SUBJECT, options)
}

/// Judges the right bundle, altered: of each format whose name starts with `formats`.
pub(crate) fn altered(
    formats: &str,
    alter: impl Fn(&mut Value),
) -> Vec<(String, Result<Certified, Problem>)> {
    ["bundle.json", "bundle-rekor-v2.json", "bundle-v0.1.json"]
        .into_iter()
        .filter(|format| format.starts_with(formats))
        .map(|format| {
            let mut bundle = json(&format!("right/{format}"));
            alter(&mut bundle);
            (format.to_owned(), judge(&bundle, &STRICT))
        })
        .collect()
}

/// Asserts that each is wrong, for the reason that is named.
#[track_caller]
pub(crate) fn all_wrong(judged: Vec<(String, Result<Certified, Problem>)>, says: &str) {
    assert!(!judged.is_empty());
    for (format, judged) in judged {
        assert_wrong(&format, &judged, says);
    }
}

/// Asserts that something is wrong, for the reason that is named.
#[track_caller]
pub(crate) fn assert_wrong(format: &str, judged: &Result<Certified, Problem>, says: &str) {
    match judged {
        Err(Problem::Wrong(said)) if said.contains(says) => (),
        other => panic!("{format}: expected {says:?}, got {other:?}"),
    }
}

/// The one log entry of a bundle.
pub(crate) fn entry(bundle: &mut Value) -> &mut Value {
    &mut bundle["verificationMaterial"]["tlogEntries"][0]
}

/// The one timestamp of a bundle.
pub(crate) fn timestamp(bundle: &mut Value) -> &mut Value {
    &mut bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"][0]
}

/// What is written in base64.
pub(crate) fn decoded(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

/// Changes what is written in base64.
pub(crate) fn recode(value: &mut Value, alter: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = decoded(value);
    alter(&mut bytes);
    *value = STANDARD.encode(bytes).into();
}

/// Flips the last bit of what is written in base64.
pub(crate) fn flip(value: &mut Value) {
    recode(value, |bytes| *bytes.last_mut().unwrap() ^= 1);
}

/// Replaces one text within bytes by another that is as long.
pub(crate) fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    assert_eq!(old.len(), new.len());
    let at = bytes
        .windows(old.len())
        .rposition(|window| window == old)
        .expect("the text is there");
    bytes[at..at + old.len()].copy_from_slice(new);
}
