//! Compiled components are copied to memory of Wasmtime's, which sees to it that they can be
//! run there.

use wasmtime::component::Component;
use wasmtime::{Config, Engine, Result};

/// Code as it is.
pub(crate) struct Aligned<T: ?Sized>(pub(crate) T);

/// Settings of an engine, as they are.
pub(crate) fn prepared(config: Config) -> Config {
    config
}

/// A component from a copy of its code.
pub(crate) fn load(engine: &Engine, code: &'static Aligned<[u8]>) -> Result<Component> {
    #[expect(
        unsafe_code,
        reason = "the code comes from our own build script and is part of this program"
    )]
    unsafe {
        Component::deserialize(engine, &code.0)
    }
}
