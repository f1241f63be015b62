//! Signatures of a virtual Sigstore and of the public one, as they are and altered.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod accepted;
mod annotations;
mod certificates;
mod keys;
mod logs;
mod public;
mod reading;
mod roots;
mod timestamps;
mod vector;
