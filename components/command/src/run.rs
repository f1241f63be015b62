//! The export: what a runtime calls.

use clap::Parser as _;

use crate::arguments::{Arguments, Command};
use crate::bindings::{Component, run};
use crate::exit::{self, Failure};
use crate::{copy, inspect, pull, push};

impl run::Guest for Component {
    async fn run() -> Result<(), ()> {
        let arguments = match Arguments::try_parse() {
            Ok(arguments) => arguments,
            Err(error) => {
                // It is printed or it is not: there is nobody to tell.
                let _ = error.print();
                return exit::with(if error.use_stderr() { exit::USAGE } else { 0 });
            }
        };
        let done = match arguments.command {
            Command::Push(push) => push::run(push).await,
            Command::Pull(pull) => pull::run(pull).await,
            Command::Inspect(inspect) => inspect::run(inspect).await,
            Command::Copy(copy) => copy::run(copy).await,
        };
        match done {
            Ok(()) => Ok(()),
            Err(Failure { doing, error }) => {
                eprintln!("error: {doing}: {}", exit::words(&error));
                exit::with(exit::code(&error))
            }
        }
    }
}
