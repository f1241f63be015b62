//! Every fault at every request of every scenario.

use std::env;
use std::io::{self, Write as _};
use std::time::Instant;

use crate::case::Case;
use crate::pool::{Pool, Work as _};
use crate::scenario::Scenario;

/// How many cases run at a time that have something to do, and how many that wait.
const BUSY: usize = 6;
const WAITING: usize = 20;

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
    let waiting = cases.iter().filter(|case| case.waits()).count();
    let busy = cases.len() - waiting;
    let waiting = waiting.min(WAITING);
    pool.grow(waiting + busy.min(BUSY));
    let complaints = pool.each(&cases, waiting);
    let (again, states) = pool.first().world.attempts.counts();
    tell(&format!(
        "the matrix of faults: {} cases in {} s, {} of them not as they should be; \
         {again} were followed by another attempt, from {states} states",
        cases.len(),
        began.elapsed().as_secs(),
        complaints.len(),
    ));
    // What the registries have to say would stand after it.
    drop(pool);
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

/// Prints a line, also when the test passes: printed by a macro it would be held back.
pub(crate) fn tell(line: &str) {
    let told = writeln!(io::stdout(), "{line}");
    told.expect("the count and the time are a result");
}
