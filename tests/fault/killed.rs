//! Commands that are killed at each of their requests.
