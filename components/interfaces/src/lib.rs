//! What a component needs, offers and says of itself, and packages of interfaces, as
//! data without I/O.
//!
//! [`Described`] is read from WebAssembly; [`package()`] writes WIT sources as
//! WebAssembly, the form in which packages of interfaces are published.

mod described;
mod metadata;
mod package;

pub use described::{DescribeError, Described, Kind};
pub use metadata::{MOST_TEXT_BYTES, Metadata};
pub use package::{Dependency, Package, PackageError, Source, package};
