//! What people working on Wharf run: `cargo xtask --help` lists it.

mod application;
#[cfg(test)]
mod architecture;
mod bench;
mod cargo;
#[cfg(test)]
mod claims;
mod demo;
mod dist;
mod function_order;
mod fuzz;
mod narrate;
mod peers;
mod programs;
mod registry;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What people working on Wharf run.
///
/// A newcomer starts with `cargo xtask demo`: it builds Wharf and two example
/// applications, and shows them published, fetched and run. Before a change is sent in,
/// `cargo xtask test` runs everything that must pass.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    Demo(demo::Arguments),
    Test(test::Arguments),
    Bench(bench::Arguments),
    Peers(peers::Arguments),
    Dist(dist::Arguments),
    Fuzz(fuzz::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Demo(arguments) => demo::run(&arguments),
        Task::Test(arguments) => test::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Peers(arguments) => peers::run(&arguments),
        Task::Dist(arguments) => dist::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            narrate::failure(&error);
            let code = error
                .downcast_ref::<programs::Failed>()
                .map_or(1, |failed| failed.code);
            ExitCode::from(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
