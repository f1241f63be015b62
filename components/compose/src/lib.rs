//! Components made of components, without I/O.
//!
//! A component of an application can have dependencies: components that satisfy its
//! imports. Composed, they are one component that any runtime can load. Hosts of
//! applications load components alone, so a core module is made one on the way.
//!
//! ```text
//!  middleware ─▶ compose
//!  compose ─┬▶ name         which imports a dependency is meant for
//!           ├▶ deny ──┬───▶ capability    what an interface belongs to
//!           │         ├───▶ refusal       how a type says no
//!           │         └───▶ module        the code that says it
//!           └▶ (wac-graph)
//!  module ───▶ (wit-component, preview1 adapters)
//!  text ─────▶ (wast)
//! ```

mod capability;
mod compose;
mod deny;
mod error;
mod middleware;
mod module;
mod name;
mod text;

pub use compose::{Dependency, compose};
pub use error::{ComposeError, Part};
pub use middleware::{Middleware, compose_middleware};
pub use module::{Kind, kind, make_component};
pub use text::{TEXT_BYTES, TextError, binary};
