//! Applications in a store, refused or served over real connections.

mod guest;
mod refusing;
mod serving;
mod support;
