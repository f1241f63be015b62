//! What one instance of a component has: its view of the world, and its limits.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::ResourceTable;
use wasmtime::{Engine, ResourceLimiter, Result, Store};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};
use wharf_store::Scratch;

use crate::outbound::{Hooks, Outbound};
use crate::variables::Variables;

/// The most linear memory that one instance may have, in bytes, all of its
/// memories together.
const MOST_MEMORY: usize = 512 * 1024 * 1024;

/// The most elements that the tables of one instance may have, together.
const MOST_TABLE_ELEMENTS: usize = 1_000_000;

/// What all instances of a component share.
pub(crate) struct World {
    /// The environment variables.
    pub(crate) environment: Vec<(String, String)>,
    /// The variables.
    pub(crate) variables: Variables,
    /// The directory that is the root of its files.
    pub(crate) files: Option<PathBuf>,
    /// What keeps that directory there.
    pub(crate) scratch: Option<Arc<Scratch>>,
    /// Where it may send requests.
    pub(crate) outbound: Arc<Outbound>,
}

/// One instance.
pub(crate) struct Guest {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    limits: Limits,
    pub(crate) variables: Variables,
    _scratch: Option<Arc<Scratch>>,
    _permit: OwnedSemaphorePermit,
}

#[derive(Default)]
struct Limits {
    memory: usize,
    table_elements: usize,
}

impl Guest {
    /// A store for one instance. It has no arguments, no input and no sockets; its
    /// output goes where the host's goes.
    pub(crate) fn store(
        engine: &Engine,
        world: &World,
        permit: OwnedSemaphorePermit,
    ) -> Result<Store<Self>> {
        let mut wasi = WasiCtx::builder();
        wasi.inherit_stdout()
            .inherit_stderr()
            .envs(&world.environment);
        if let Some(files) = &world.files {
            wasi.preopened_dir(files, "/", FsPerms::ReadOnly)?;
        }
        let guest = Self {
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            hooks: Hooks(Arc::clone(&world.outbound)),
            limits: Limits::default(),
            variables: world.variables.clone(),
            _scratch: world.scratch.clone(),
            _permit: permit,
        };
        let mut store = Store::new(engine, guest);
        store.limiter(|guest| &mut guest.limits);
        // A component that computes for long lets others have their turn.
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        Ok(store)
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.hooks,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        Ok(grows(&mut self.memory, current, desired, MOST_MEMORY))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        let elements = &mut self.table_elements;
        Ok(grows(elements, current, desired, MOST_TABLE_ELEMENTS))
    }
}

/// Counts what is asked for, and whether it may be had. What the system then
/// can't give stays counted, which errs on the safe side.
fn grows(total: &mut usize, current: usize, desired: usize, most: usize) -> bool {
    let more = desired.saturating_sub(current);
    match total.checked_add(more).filter(|sum| *sum <= most) {
        Some(sum) => {
            *total = sum;
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_memories_count_together() {
        let mut limits = Limits::default();
        let mut grow =
            |current: usize, desired: usize| limits.memory_growing(current, desired, None).unwrap();
        assert!(grow(0, MOST_MEMORY / 2));
        assert!(grow(0, MOST_MEMORY / 4));
        assert!(!grow(MOST_MEMORY / 4, MOST_MEMORY));
        assert!(grow(MOST_MEMORY / 2, MOST_MEMORY / 4 * 3));
        assert!(!grow(0, 1));
        assert!(!grow(0, usize::MAX));
    }
}
