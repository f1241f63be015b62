//! Runs applications of the content store.
