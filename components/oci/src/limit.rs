//! Every bound on what a peer may send, with its unit and its reason.

/// The largest manifest or index, in bytes. The distribution-spec asks registries
/// to take at least 4 MiB; nothing in the field is larger, and all of it is held
/// in the guest's memory.
pub const MANIFEST_BYTES: u64 = 4 * 1024 * 1024;

/// The largest token answer, in bytes. Real ones have 1 to 5 KiB.
pub const TOKEN_BYTES: u64 = 128 * 1024;

/// How much of an error answer is read, in bytes: enough for its JSON.
pub const PROBLEM_BYTES: u64 = 16 * 1024;

/// How many characters of a peer's words are shown.
pub const MESSAGE_CHARS: usize = 300;

/// The longest `WWW-Authenticate` header that is parsed, in bytes.
pub const CHALLENGE_BYTES: usize = 16 * 1024;

/// The longest address that is followed or requested, in bytes. Signed addresses
/// of blob stores have up to about 4 KiB.
pub const URL_BYTES: usize = 16 * 1024;

/// How many redirects one blob may take.
pub const REDIRECTS: usize = 5;
