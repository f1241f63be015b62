//! Compiled components are run where they lie: as part of the program, they are in memory as
//! soon as a page of them is wanted. To copy them first, as Wasmtime does on its own, costs a
//! start a page fault for each page and as much memory again.
//!
//! Elsewhere than on Linux, a page of a program may not become executable; elsewhere than on
//! x86-64, caches of instructions want to be told.

#![expect(unsafe_code, reason = "what is executable is said by address")]

use std::ptr::NonNull;
use std::sync::Arc;

use rustix::mm::{MprotectFlags, mprotect};
use wasmtime::component::Component;
use wasmtime::{Config, CustomCodeMemory, Engine, Result};

/// Code at an address where a page of memory begins.
#[repr(C, align(4096))]
pub(crate) struct Aligned<T: ?Sized>(pub(crate) T);

/// In bytes.
const PAGE: usize = 4096;

/// Has the operating system make pages executable, whoever owns them.
struct Protection;

impl CustomCodeMemory for Protection {
    fn required_alignment(&self) -> usize {
        PAGE
    }

    fn publish_executable(&self, code: *const u8, length: usize) -> Result<()> {
        protect(code, length, MprotectFlags::READ | MprotectFlags::EXEC)
    }

    fn unpublish_executable(&self, code: *const u8, length: usize) -> Result<()> {
        protect(code, length, MprotectFlags::READ)
    }
}

fn protect(code: *const u8, length: usize, flags: MprotectFlags) -> Result<()> {
    // SAFETY: Wasmtime calls this for code that it manages, of whole pages, which nobody
    // writes to; what is part of the program is read only anyway.
    unsafe { mprotect(code.cast_mut().cast(), length, flags)? };
    Ok(())
}

/// Settings of an engine that can run code where it lies.
pub(crate) fn prepared(mut config: Config) -> Config {
    config.with_custom_code_memory(Some(Arc::new(Protection)));
    config
}

/// A component whose code lies there for as long as the program runs.
pub(crate) fn load(engine: &Engine, code: &'static Aligned<[u8]>) -> Result<Component> {
    // SAFETY: the code comes from our own build script and is a constant of this program.
    unsafe { Component::deserialize_raw(engine, NonNull::from(&code.0)) }
}
