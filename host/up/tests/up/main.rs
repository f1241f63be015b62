//! Applications in a store, refused or served over real connections.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod guest;
mod refusing;
mod serving;
mod support;
