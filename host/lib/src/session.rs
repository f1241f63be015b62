//! One call of a component: an instance of its own with the capabilities of that
//! call, run to its end and thrown away.

pub(crate) mod packager;
pub(crate) mod registry;
pub(crate) mod trust;

use wasmtime::component::{Linker, ResourceTableError};
use wasmtime::{Engine, Store};

use crate::bindings::types;
use crate::error::Error;
use crate::state::State;

fn store(engine: &Engine, state: State) -> Store<State> {
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.bounds);
    let handles = store.data().watch.limits().handles;
    if let Some(table) = store.concurrent_resource_table() {
        table.set_max_capacity(handles);
    }
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| context.data_mut().bounds.tick());
    store
}

/// An error of the contract is the call's answer; a trap is a bound that was
/// reached, or a fault of the component. What the call was lent is given back first, so
/// that all of it was told of.
fn finished<T>(
    who: &str,
    store: Store<State>,
    answered: wasmtime::Result<Result<T, types::Error>>,
) -> Result<T, Error> {
    let watch = store.data().watch.clone();
    let reached = store.data().bounds.reached();
    let handles = watch.limits().handles;
    drop(store);
    watch.outcome(match answered {
        Ok(answer) => answer.map_err(Error::from),
        Err(trap) => Err(match (reached, trap.root_cause().downcast_ref()) {
            (Some(bound), _) => Error::LimitExceeded(format!("{who} was stopped: {bound}")),
            (None, Some(ResourceTableError::Full)) => Error::LimitExceeded(format!(
                "{who} was stopped: it held more than {handles} things at once"
            )),
            (None, _) => broken(who, &trap),
        }),
    })
}

fn broken(who: &str, error: &wasmtime::Error) -> Error {
    Error::Other(format!("{who} failed: {}", error.root_cause()))
}

/// What it imports when it has hash maps, too: their seed, always the same, so that nothing depends
/// on it.
fn linker_with_maps(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    use wasmtime_wasi::WasiView as _;
    use wasmtime_wasi::p2::bindings::random::insecure_seed;
    use wasmtime_wasi::random::WasiRandom;

    let mut linker = linker_with_std(engine)?;
    insecure_seed::add_to_linker::<State, WasiRandom>(&mut linker, |state| {
        state.ctx().ctx.random()
    })?;
    Ok(linker)
}

/// What the Rust standard library of a guest imports on its own: streams that lead
/// nowhere, an environment without variables, an exit. No files, no sockets, no
/// clocks, no random numbers.
fn linker_with_std(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    use wasmtime_wasi::WasiView as _;
    use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
    use wasmtime_wasi::p2::bindings::{cli, io};

    let mut linker = Linker::new(engine);
    let l = &mut linker;
    cli::environment::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::exit::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    io::error::add_to_linker::<State, HasIo>(l, |state| state.ctx().table)?;
    io::poll::add_to_linker::<State, HasIo>(l, |state| state.ctx().table)?;
    io::streams::add_to_linker::<State, HasIo>(l, |state| state.ctx().table)?;
    Ok(linker)
}

struct HasIo;

impl wasmtime::component::HasData for HasIo {
    type Data<'a> = &'a mut wasmtime::component::ResourceTable;
}

#[cfg(test)]
mod bounds;
