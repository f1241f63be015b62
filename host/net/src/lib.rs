//! Pooled HTTP connections.
