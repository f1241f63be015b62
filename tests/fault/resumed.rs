//! Large blobs that are cut off in the middle.
