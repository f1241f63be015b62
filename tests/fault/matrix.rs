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

/// Whether a name falls into the first of so many parts of about the same size.
fn part_of(name: &str, parts: u64) -> bool {
    // FNV-1a: always the same, on every machine.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash % parts.max(1) == 0
}

#[test]
fn every_fault_at_every_request_ends_well_or_with_the_right_error() {
    let began = Instant::now();
    // `FAULT_CASES=Push/BlobHead` runs those alone whose names have that in them, and
    // `FAULT_EVERY=10` a tenth of those: by their names, so that no kind is left out.
    let wanted = env::var("FAULT_CASES").unwrap_or_default();
    let every = env::var("FAULT_EVERY").map(|every| every.parse().expect("it is a number"));
    let every = every.unwrap_or(1);
    let mut pool = Pool::new();
    let cases: Vec<Case> = Scenario::ALL
        .into_iter()
        .flat_map(|scenario| Case::all(scenario, pool.first()))
        .filter(|case| case.name().contains(&wanted))
        .filter(|case| part_of(&case.name(), every))
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
