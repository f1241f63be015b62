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

/// How many challenges are answered for one request. To say who asks, once more when a
/// token has expired, and once more for what it does not allow, are three.
pub const CHALLENGES: usize = 6;

/// The longest address that is followed or requested, in bytes. Signed addresses
/// of blob stores have up to about 4 KiB.
pub const URL_BYTES: usize = 16 * 1024;

/// How many redirects one blob may take.
pub const REDIRECTS: usize = 5;

/// How many blobs move at once before it is known how many the registry takes.
pub const FIRST_TRANSFERS: usize = 16;

/// How many times requests to one origin may be sent again, all transfers taken
/// together; each answer gives one back.
pub const RETRY_BUDGET: u32 = 64;

/// How many origins are remembered in one call: a registry, its token server, and
/// where blobs are.
pub const ORIGINS: usize = 64;

/// From which size on, in bytes, it is noted where an upload can be gone on with.
/// Sending less again takes less than finding out.
pub const NOTED_BYTES: u64 = 4 * 1024 * 1024;

/// Up to which size, in bytes, a blob may be sent with the request that begins the
/// upload. A registry that does not know this gets it twice, once in a call.
pub const SINGLE_REQUEST_BYTES: u64 = 16 * 1024;

/// How much is sent at a time, in bytes, to a registry that does not take a blob as
/// a whole.
pub const CHUNK_BYTES: u64 = 16 * 1024 * 1024;

/// The largest part that a registry may insist on, in bytes: what is sent again when
/// it fails.
pub const LARGEST_CHUNK_BYTES: u64 = 1024 * 1024 * 1024;

/// How deep indexes may lie within each other. Real ones are one deep.
pub const INDEX_DEPTH: usize = 3;

/// How many indexes are fetched in search of one manifest.
pub const INDEXES: usize = 16;

/// How many pages of a listing are read.
pub const PAGES: usize = 1_000;

/// How many pages with nothing in them are read: a filter may leave some empty.
pub const EMPTY_PAGES: usize = 16;

/// How many items a page is asked to have. Some registries refuse more.
pub const PAGE_ITEMS: u32 = 1_000;

/// How many tags or referrers are listed: all of them are held in the guest's memory.
pub const ITEMS: usize = 100_000;

/// How many tags are asked where they lead, to tell which of them a deletion takes
/// along: one request each.
pub const TAGS_ASKED: usize = 5_000;

/// How deep referrers of referrers are followed (GHSA-298f-872v-2rcx). A signature of
/// an inventory of an application is two deep.
pub const REFERRERS_DEPTH: usize = 8;

/// How many referrers, directly or not, are taken along with one manifest.
pub const REFERRERS: usize = 1_000;

/// How often a list of referrers is written anew when others write it too.
pub const REFERRERS_WRITES: usize = 8;
