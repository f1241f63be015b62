//! Every fault at every request of every scenario.

use std::env;
use std::time::Instant;

use crate::case::Case;
use crate::pool::Pool;
use crate::scenario::Scenario;

/// How many cases run at a time. Many of them wait.
const WORKERS: usize = 16;

#[test]
fn every_fault_at_every_request_ends_well_or_with_the_right_error() {
    let began = Instant::now();
    // `FAULT_CASES=Push/BlobHead` runs those alone whose names have that in them, and
    // `FAULT_EVERY=10` every tenth of those.
    let wanted = env::var("FAULT_CASES").unwrap_or_default();
    let every = env::var("FAULT_EVERY").map(|every| every.parse().expect("it is a number"));
    let mut pool = Pool::new();
    let cases: Vec<Case> = Scenario::ALL
        .into_iter()
        .flat_map(|scenario| Case::all(scenario, pool.first()))
        .filter(|case| case.name().contains(&wanted))
        .step_by(every.unwrap_or(1))
        .collect();
    pool.grow(WORKERS.min(cases.len()));
    let complaints = pool.each(&cases, Case::name, |stage, number, case| {
        case.judge(stage, number)
    });
    let (count, time) = (cases.len(), began.elapsed().as_secs());
    tell(&format!(
        "the matrix of faults: {count} cases in {time} s, {} of them not as they should be",
        complaints.len()
    ));
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

#[expect(clippy::print_stdout, reason = "the count and the time are a result")]
fn tell(line: &str) {
    println!("{line}");
}
