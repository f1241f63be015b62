//! The files that a component sees: which ones a manifest means, and where they
//! are for the component.

mod glob;
mod ignore;
mod mount;
mod select;
mod tree;

pub use glob::{Glob, GlobError};
pub use ignore::{IGNORE_BYTES, IGNORE_FILE, Ignore, IgnoreError};
pub use mount::{Destination, Mount, MountError, Pattern};
pub use select::{SelectError, SelectedFile, Selection, select};
pub use tree::{Entry, Kind, Tree};
