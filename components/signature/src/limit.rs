//! Every bound on what is read here, with its unit and its reason. All of it may come
//! from an attacker, who must neither exhaust the guest nor hide a good signature.

/// How many pieces of evidence are looked at: what a list of referrers may have.
pub const EVIDENCE: usize = 1_000;

/// How many layers of one manifest are looked at, each of them a signature.
pub const LAYERS: usize = 200;

/// The largest manifest, bundle or payload, in bytes.
pub const DOCUMENT_BYTES: usize = 4 * 1024 * 1024;

/// How many values a JSON document may have: they take many times the memory that their text
/// takes. A manifest with 200 signatures has some thousands.
pub const JSON_VALUES: usize = 60_000;

/// How many log entries one signature may have. Real ones have one.
pub const LOG_ENTRIES: usize = 32;

/// How many timestamps one signature may have. Real ones have one.
pub const TIMESTAMPS: usize = 32;

/// How many certificates one signature may come with. Real chains have up to four.
pub const CERTIFICATES: usize = 10;

/// How many subjects a statement may have (GHSA-cq38-jh5f-37mq is about such bounds).
pub const SUBJECTS: usize = 1_024;

/// How many signers a requirement may name.
pub const SIGNERS: usize = 100;

/// The longest regular expression, in bytes.
pub const PATTERN_BYTES: usize = 4 * 1024;

/// The largest public key in PEM, in bytes. One of RSA with 4096 bits has 800.
pub const KEY_BYTES: usize = 16 * 1024;

/// The smallest modulus of an RSA key, in bits.
pub const RSA_LEAST_BITS: u32 = 2_048;

/// The largest modulus of an RSA key, in bits: what cosign makes.
pub const RSA_MOST_BITS: u32 = 4_096;

/// How many characters of a foreign text are shown.
pub const SHOWN_CHARS: usize = 200;

/// How many characters of an identity and its issuer are shown: addresses of workflows
/// are long.
pub const IDENTITY_CHARS: usize = 1_000;
