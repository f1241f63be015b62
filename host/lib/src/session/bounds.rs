//! A bound of what the engine has: reached by WebAssembly that wants more.

use std::sync::Arc;

use wasmtime::{Engine, Instance, Module};
use wasmtime_wasi::WasiCtx;
use wharf_store::Store as ContentStore;

use super::store;
use crate::capability::sources::Sources;
use crate::progress::Unobserved;
use crate::state::State;
use crate::watch::Watch;

/// A module whose function makes its table larger by so many elements.
const GROWS: &str = r#"(module
    (table 1 funcref)
    (func (export "grow") (param i32) (result i32)
        (table.grow (ref.null func) (local.get 0))))"#;

#[tokio::test]
async fn a_table_grows_to_its_bound_and_no_further() {
    let directory = tempfile::tempdir().unwrap();
    let content = ContentStore::open(directory.path()).unwrap();
    let wasi = WasiCtx::builder().build();
    let observer = Arc::new(Unobserved);
    let state = State::for_files(
        content,
        wasi,
        Sources::default(),
        observer,
        Watch::lenient(),
    );
    let engine = Engine::new(&wharf_artifacts::registry_config()).unwrap();
    let mut store = store(&engine, state);
    let module = Module::new(&engine, wat::parse_str(GROWS).unwrap()).unwrap();
    let instance = Instance::new_async(&mut store, &module, &[]).await.unwrap();
    let grow = instance
        .get_typed_func::<i32, i32>(&mut store, "grow")
        .unwrap();
    assert_eq!(grow.call_async(&mut store, 99_999).await.unwrap(), 1);
    assert_eq!(store.data().bounds.reached(), None);
    assert_eq!(grow.call_async(&mut store, 1).await.unwrap(), -1);
    let reached = store.data().bounds.reached().unwrap();
    assert!(
        reached.contains("a table of more than 100000 elements"),
        "{reached}"
    );
}
