//! The content store on disk: every blob under its digest, verified, and shared
//! between tasks and processes.
//!
//! # On disk
//!
//! The store is an OCI image layout (image-spec v1.1.1, "image-layout.md"), so
//! that other tools can read it, and some directories of its own:
//!
//! ```text
//! oci-layout              that it is one
//! index.json              the manifests that were seen, under which names, and what
//!                         they refer to
//! blobs/sha256/<hex>      whole content, read-only
//! ingest/<hex>.data       content that is being taken in, written in any order
//! ingest/<hex>.extents    which bytes of it were written
//! ingest/<hex>.lock       held by the one who writes it
//! damaged/<hex>           what was under a digest and was not its content
//! scratch/<id>            private directories, and content of unknown digest
//! locks/index.json        held by the one who changes the names
//! locks/use               held by all that are at work, or by the one who prunes
//! locks/<hex>.hold        held by all that run the program of a manifest
//! notes/<hash>            where an upload that was cut off can be gone on with
//! ```
//!
//! # The rules
//!
//! - **Content appears under its digest only once it is whole and was hashed.**
//!   It is written beside and moved there. Whoever is killed, and whenever,
//!   leaves nothing wrong to be seen.
//! - **What is not forced to the disk is verified when it is read.** Waiting for
//!   the disk with each blob would make small ones four times slower. A machine
//!   that loses power may leave damaged files; a read from first to last byte
//!   notices, sets the content aside, and it is fetched again.
//! - **What was written is kept.** An [`Ingest`] that ends early is continued by
//!   the next one, in this process or another; a kill loses at most the last
//!   4 MiB of each writer. Notes of what was written are not trusted: the hash of
//!   the whole decides, and when it is wrong everything is written anew.
//! - **One writer's process at a time.** Locks are `flock`s on files that are
//!   given back by the system when their holder ends. Nobody waits for the lock
//!   on a blob here: [`Store::receive`] answers [`Receive::Busy`].
//! - **The directory is not trusted.** It may have been unpacked from anywhere.
//!   It is opened once; everything else is found by single names that are never
//!   followed if they are links. What is not a regular file is no content.
//! - **A size that was promised is a bound, never an allocation.**
//! - **Referrers are found through the table of names.** A manifest with a
//!   `subject` has an entry of its own in `index.json`, where other tools look for
//!   it too, with the subject's digest as the annotation `dev.wharf.subject`. The
//!   annotation only says where to look: the manifest decides.
//! - **A table of names that can't be read is moved to `damaged/`** and begun
//!   anew: the names are lost then, the content is not.
//!
//! Everything here blocks; asynchronous callers use a thread for it.

mod addition;
mod archive;
mod blob;
mod closure;
mod error;
mod extents;
mod folder;
mod hash;
mod hold;
mod ingest;
mod layout;
mod link;
mod lock;
mod names;
mod notes;
mod prune;
mod reader;
mod referrers;
mod scratch;
mod survey;
#[cfg(test)]
mod tests;
mod time;
mod unfinished;
mod writer;

pub use addition::{Added, Addition};
pub use archive::{ArchiveError, Loaded, Member, Saved, Wanted};
pub use blob::SMALL_BYTES;
pub use closure::Closure;
pub use error::StoreError;
pub use extents::Extent;
pub use hold::{Hold, Work};
pub use ingest::{Ingest, Receive};
pub use layout::Store;
pub use names::Name;
pub use notes::NOTE_BYTES;
pub use prune::Pruned;
pub use reader::Reader;
pub use scratch::Scratch;
pub use survey::{Count, Survey, Verified};
pub use writer::Writer;
