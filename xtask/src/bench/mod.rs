//! `cargo xtask bench`: what Wharf takes, beside what other programs take for the same.

mod contender;
mod content;
mod floor;
mod order;
mod proxy;
mod report;
mod requests;
mod row;
mod setup;
mod statistics;
mod table;
mod targets;
mod trial;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use self::contender::Contender;
use self::content::{Content, Shape};
use self::proxy::Proxy;
use self::report::{Report, RowReport, Setting};
use self::row::Scenario;
use self::setup::Workplace;
use self::trial::Arena;
use crate::narrate;
use crate::registry::{Kind, Registry};

/// Measure Wharf beside oras, skopeo, oci-client and what is possible at all
///
/// Prints a table in Markdown, then what is promised and whether it is so; writes both and
/// every single sample as JSON. All programs talk to the same registry on this machine, in
/// turns, a fresh repository and a fresh store for each: what stands in the table is the
/// median of the runs, and the ratio is the median of the ratios within a run.
///
/// PROGRAMS. `oras`, `skopeo` and `oci-client` (the crate, in a small program) copy from and
/// to an OCI layout. `native` is a plain HTTP client with 64 connections and the fewest
/// requests that the protocol allows. `floor` is `curl … | sha256sum` for downloads and
/// `curl -T` for uploads; for a directory, that and then `sha256sum` and `cp` of the tree.
/// `unsandboxed` is Wharf's own transfer without WebAssembly.
///
/// ROWS. `pull`, `push` (from a store) and `dir` (push of an application's directory), each
/// of one large file (`big`: 1 × 1 GiB) and of many small ones (`many`: 400 × 16 KiB); then
/// `again` with nothing changed, pulled by `digest`, or a directory pushed `elsewhere` when
/// the store has its content already. `far` rows go through a proxy that adds 20 ms to every
/// round trip, that of connecting included. `sandbox` rows have Wharf and `unsandboxed`
/// alone, in at least 15 pairs, the start of the process beside that of `oras resolve`, and
/// the same start with a signature that is `verified`.
///
/// COLUMNS. Time from start to end; processor time of the program and its children; the
/// most memory that its largest process had resident; requests, and bytes with headers, as
/// counted by a proxy. Near rows are counted in a run of their own, which is not timed.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  Everything, in three quarters of an hour and 12 GB of disk; nothing else should run meanwhile:
  $ cargo xtask bench

  What the sandbox costs:
  $ cargo xtask bench --only sandbox

  The rows whose names begin so, more often:
  $ cargo xtask bench --only push-many --only pull-many --runs 9

  Does the bench itself work? Small content, one run, programs that are not optimised:
  $ cargo xtask bench --quick")]
pub(crate) struct Arguments {
    /// How often everything is run; `sandbox` rows at least 15 times, but with --quick
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    #[arg(default_value = "5", default_value_if("quick", "true", "1"))]
    runs: u16,

    /// Measure only rows whose name begins so, and what comes before them (can be repeated)
    #[arg(long, value_name = "ROW")]
    only: Vec<String>,

    /// Leave a program out (can be repeated): some take minutes for a row
    #[arg(long, value_name = "PROGRAM")]
    #[arg(value_parser = ["oras", "skopeo", "oci-client", "native", "floor"])]
    without: Vec<String>,

    /// Small content, one run, nothing optimised: for working on the bench itself
    #[arg(long)]
    quick: bool,

    /// Measure this `wharf` rather than build one in release
    #[arg(long, value_name = "FILE")]
    wharf: Option<PathBuf>,

    /// The registry that all talk to
    #[arg(long, value_name = "NAME", default_value = "docker-registry")]
    registry: Kind,

    /// Where to write the JSON [default: target/bench.json]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How often at least a `sandbox` row is run: what is looked for is as small as what comes
/// between two runs.
const PAIRS: usize = 15;

/// What `far` adds to a round trip.
const FAR: Duration = Duration::from_millis(20);

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let scenarios = chosen(&arguments.only)?;
    let sandbox = scenarios.iter().any(|scenario| scenario.sandbox);
    let programs = setup::programs(arguments.wharf.as_deref(), sandbox, arguments.quick)?;
    let registry_program = arguments.registry.program()?;
    let workplace = Workplace::new()?;
    let output = arguments
        .output
        .clone()
        .unwrap_or_else(|| workplace.target.join("bench.json"));
    let registry = Registry::start(&registry_program, &workplace.folder.join("registry"))?;
    // The proxies', beside which nothing runs in this process.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let start = |round_trip| runtime.block_on(Proxy::start(registry.address, round_trip));
    let (counting, far) = (start(Duration::ZERO)?, start(FAR)?);
    let mut contents = Vec::new();
    for shape in [Shape::Big, Shape::Many] {
        if scenarios.iter().any(|scenario| scenario.shape == shape) {
            // At an address of its own, so that what a program remembers of it is of no use
            // to it afterwards.
            let apart = start(Duration::ZERO)?;
            let files = shape.files(arguments.quick);
            narrate::status(&format!("Making {}", files.words()));
            let content = setup::content(&programs, &workplace, &apart.address, shape, files)?;
            contents.push((shape, content));
        }
    }
    let bench = Bench {
        near: Arena {
            programs: &programs,
            folder: &workplace.folder,
            server: &registry.address.to_string(),
            proxy: None,
        },
        counting: Arena {
            programs: &programs,
            folder: &workplace.folder,
            server: &counting.address,
            proxy: Some(&counting),
        },
        far: Arena {
            programs: &programs,
            folder: &workplace.folder,
            server: &far.address,
            proxy: Some(&far),
        },
        runs: arguments.runs.into(),
        pairs: if arguments.quick { 1 } else { PAIRS },
        without: &arguments.without,
    };
    let mut report = Report {
        setting: Setting {
            processors: std::thread::available_parallelism()?.get(),
            registry: file_name(&registry_program),
            runs: arguments.runs.into(),
            quick: arguments.quick,
        },
        targets: Vec::new(),
        rows: Vec::new(),
    };
    for scenario in scenarios {
        let content = contents
            .iter()
            .find(|(shape, _)| *shape == scenario.shape)
            .map(|(_, content)| content)
            .context("content is made for every shape")?;
        report.rows.extend(bench.measure(scenario, content)?);
        report.targets = targets::judge(&report.rows);
        // Each time, so that who interrupts it has what was measured until then.
        fs::write(&output, serde_json::to_vec_pretty(&report)?)
            .with_context(|| format!("{} could not be written", output.display()))?;
    }
    show(&report, &output);
    Ok(())
}

/// The scenarios of the rows that were asked for; all of them where none was.
fn chosen(only: &[String]) -> Result<Vec<Scenario>> {
    let mut scenarios = Scenario::all();
    let names = |scenario: &Scenario| scenario.rows().into_iter().map(row::Row::name);
    for start in only {
        if !scenarios
            .iter()
            .flat_map(names)
            .any(|name| name.starts_with(start.as_str()))
        {
            let known: Vec<String> = scenarios.iter().flat_map(names).collect();
            bail!("no row begins with {start}; there are {}", known.join(", "));
        }
    }
    scenarios.retain(|scenario| {
        only.is_empty()
            || names(scenario).any(|name| only.iter().any(|start| name.starts_with(start.as_str())))
    });
    Ok(scenarios)
}

/// The places where runs take place.
struct Bench<'a> {
    near: Arena<'a>,
    /// As near, and counted.
    counting: Arena<'a>,
    far: Arena<'a>,
    runs: usize,
    /// The fewest runs of a row that compares in pairs.
    pairs: usize,
    /// The names of programs that are left out.
    without: &'a [String],
}

impl Bench<'_> {
    /// Runs every program through `scenario`, in turns, as often as is asked for.
    fn measure(&self, scenario: Scenario, content: &Content) -> Result<Vec<RowReport>> {
        let size = content.files.words();
        let rows = scenario.rows();
        let mut reports: Vec<RowReport> =
            rows.iter().map(|row| RowReport::new(*row, &size)).collect();
        let takes_part =
            |contender: Contender| !self.without.iter().any(|name| name == contender.name());
        for report in &mut reports {
            report
                .programs
                .retain(|program| takes_part(program.contender));
        }
        let name = rows.first().map(|row| row.name()).unwrap_or_default();
        let mut contenders: Vec<Contender> = Contender::ALL
            .into_iter()
            .filter(|contender| takes_part(*contender))
            .filter(|contender| rows.iter().any(|row| contender.takes_part(*row)))
            .collect();
        let mut dropped = HashSet::new();
        let mut run = |arena: &Arena<'_>, number: usize, contenders: &[Contender]| -> Result<()> {
            let counted = number == 0;
            for contender in contenders {
                // What failed once is not asked again for the rows after it.
                if dropped.contains(contender.name()) {
                    continue;
                }
                narrate::status(&format!("{name}, run {number}: {}", contender.name()));
                let repository = format!("run/{name}-{}-{number}", contender.name());
                for outcome in arena.run(*contender, scenario, content, &repository)? {
                    if let Err(error) = &outcome.1 {
                        narrate::status(&format!(
                            "{}: {} not measured: {error:#}",
                            outcome.0.name(),
                            contender.name()
                        ));
                        dropped.insert(contender.name());
                    }
                    if let Some(report) = reports.iter_mut().find(|one| one.row == outcome.0) {
                        report.add(*contender, outcome, counted);
                    }
                }
            }
            Ok(())
        };
        if !scenario.far {
            run(&self.counting, 0, &contenders)?;
        }
        let runs = if scenario.sandbox {
            self.runs.max(self.pairs)
        } else {
            self.runs
        };
        for number in 1..=runs {
            let arena = if scenario.far { &self.far } else { &self.near };
            if scenario.sandbox {
                run(arena, number, &contenders)?;
                // So that each goes first as often, and what drifts weighs on both.
                contenders.reverse();
            } else {
                run(arena, number, &order::of_run(&contenders, number))?;
            }
        }
        for report in &mut reports {
            report.conclude();
        }
        Ok(reports)
    }
}

fn show(report: &Report, output: &Path) {
    let setting = &report.setting;
    if setting.quick {
        narrate::explain("\nMade with --quick: these figures say nothing about Wharf.");
    }
    narrate::explain(&format!(
        "\n{} runs on {} processors with {}:\n",
        setting.runs, setting.processors, setting.registry
    ));
    narrate::explain(&table::rows(&report.rows));
    if let Some(text) = table::sandbox(&report.rows) {
        narrate::explain(&text);
    }
    narrate::explain(&table::targets(&report.targets));
    narrate::status(&format!("All of it as JSON: {}", output.display()));
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_chosen_by_how_their_names_begin() {
        assert_eq!(chosen(&[]).unwrap(), Scenario::all());
        let only = |start: &str| chosen(&[start.to_owned()]);
        let dir = only("dir").unwrap();
        assert_eq!(dir.len(), 2);
        let [again] = &only("pull-many-again-far").unwrap()[..] else {
            panic!("one scenario has that row");
        };
        assert!(again.far && again.shape == Shape::Many);
        let error = only("pul-").unwrap_err().to_string();
        assert!(error.contains("pull-big"), "{error}");
    }
}
