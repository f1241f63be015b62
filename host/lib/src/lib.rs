//! The native host of the components.
