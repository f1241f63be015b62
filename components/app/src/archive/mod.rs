//! Archives: several files in one layer, `.tar.gz`.
//!
//! ```text
//!   Packer    names and bytes of files ──▶ compressed bytes, the same on every machine
//!   Unpacker  compressed bytes ──▶ the bytes of files
//!   Search    which of these files are wanted, by digest
//! ```
//!
//! All of them take and give bytes piece by piece and do no I/O themselves, so that
//! memory is bounded whatever an archive holds, and whoever moves the bytes may wait.
//!
//! Archives come from anybody. Nothing in them decides where anything is written: a
//! file is known by the digest of its bytes, and its name is only looked at to refuse
//! what no honest archive has.

mod entries;
mod error;
mod header;
mod limit;
mod pack;
mod pax;
mod search;
mod unpack;

pub use error::ArchiveError;
pub use limit::{Budget, Limits, MOST_BYTES, MOST_ENTRIES, MOST_EXTENSION_BYTES, MOST_RATIO};
pub use pack::{Packer, SizeError};
pub use search::{Places, Search, Searching};
pub use unpack::{Step, Unpacker};

/// The unit of a tar archive, in bytes (POSIX.1-2017, pax, "ustar Interchange Format").
const BLOCK: usize = 512;
