//! What is promised, held against what was measured.

use serde::Serialize;

use super::contender::Contender;
use super::content::Shape;
use super::report::{RowReport, SandboxReport};
use super::row::{Job, Row, Step};

/// A promise and what became of it.
#[derive(Debug, Serialize)]
pub(super) struct Target {
    pub(super) row: String,
    pub(super) wanted: String,
    pub(super) measured: String,
    pub(super) verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    Met,
    Missed,
    /// One side of the comparison is missing.
    NotMeasured,
}

/// The most memory that may be resident, in bytes.
const MEMORY: u64 = 64 << 20;

/// All targets that `rows` say something about.
pub(super) fn judge(rows: &[RowReport]) -> Vec<Target> {
    rows.iter()
        .flat_map(|report| match report.row.step {
            Step::Verified => Vec::new(),
            Step::VerifiedAgain => of_verification(report, rows),
            _ => of_row(report),
        })
        .collect()
}

fn of_row(report: &RowReport) -> Vec<Target> {
    let Row { scenario, step } = report.row;
    if scenario.sandbox {
        return of_sandbox(report);
    }
    let (job, shape, far) = (scenario.job, scenario.shape, scenario.far);
    let far_many = far && shape == Shape::Many && step == Step::Cold;
    let mut targets = Vec::new();
    for peer in Contender::PEERS {
        if report.program(peer).is_none() {
            continue;
        }
        let most = match (peer, job) {
            (Contender::Oras, Job::Push) if far_many => 1.0 / 3.0,
            (Contender::Oras, Job::Pull) if far_many => 0.5,
            _ => 1.0,
        };
        targets.push(at_most(report, peer, most));
    }
    if report.program(Contender::Native).is_some() && far_many {
        targets.push(at_most(report, Contender::Native, 1.3));
    }
    let floor = match (job, step) {
        (Job::Dir, Step::Cold | Step::Elsewhere) => Some(1.0),
        (Job::Dir, _) => Some(1.3),
        (_, Step::Cold) if shape == Shape::Big => Some(1.3),
        _ => None,
    };
    targets.extend(floor.map(|most| at_most(report, Contender::Floor, most)));
    targets.push(memory(report));
    let requests = match (job, step) {
        (Job::Pull, Step::Again) => Some(1),
        (Job::Pull, Step::ByDigest) => Some(0),
        (Job::Push | Job::Dir, Step::Again) => Some(2),
        _ => None,
    };
    targets.extend(requests.map(|most| of_requests(report, most)));
    targets
}

/// What the sandbox may cost: a share of the processor's time and of the time from start to
/// end, and memory in MiB; in the middle of the pairs.
const SANDBOX_CPU: f64 = 1.05;
const SANDBOX_WALL: f64 = 1.10;
const SANDBOX_MEMORY: f64 = 10.0;

/// By how many requests both may differ and still do the same.
const SANDBOX_REQUESTS: u64 = 2;

/// What a start may take where nothing has to be moved, in seconds; or else by the time
/// that oras takes for its start.
const START: f64 = 0.030;
const START_RATIO: f64 = 2.0;

/// What it may add to a start to verify a signature that is in the store, in seconds.
const VERIFICATION: f64 = 0.060;

fn of_verification(report: &RowReport, rows: &[RowReport]) -> Vec<Target> {
    let start = Row {
        step: Step::ByDigest,
        ..report.row
    };
    let seconds = |report: &RowReport| Some(report.figures(Contender::Wharf)?.seconds);
    let without = rows.iter().find(|other| other.row == start);
    let both = seconds(report).zip(without.and_then(seconds));
    let added = both.map(|(with, without)| with - without);
    let milliseconds = |seconds: f64| seconds * 1000.0;
    vec![
        target(
            report,
            format!(
                "to verify adds at most {:.0} ms",
                milliseconds(VERIFICATION)
            ),
            added.map(|added| {
                (
                    format!("{:.1} ms", milliseconds(added)),
                    added <= VERIFICATION,
                )
            }),
        ),
        of_requests(report, 0),
    ]
}

fn of_sandbox(report: &RowReport) -> Vec<Target> {
    if report.row.step == Step::ByDigest {
        return vec![start(report), of_requests(report, 0)];
    }
    let sandbox = report.sandbox.as_ref();
    let ratio = |what: &str, most: f64, of: fn(&SandboxReport) -> f64| {
        let measured = sandbox.map(of);
        target(
            report,
            format!("{what} at most {most:.2} × unsandboxed"),
            measured.map(|ratio| (format!("{ratio:.3} ×"), ratio <= most)),
        )
    };
    let memory = sandbox.map(|sandbox| sandbox.peak_difference_mib.median);
    vec![
        ratio("cpu", SANDBOX_CPU, |sandbox| {
            sandbox.cpu_seconds_ratio.median
        }),
        ratio("time", SANDBOX_WALL, |sandbox| sandbox.seconds_ratio.median),
        target(
            report,
            format!("at most {SANDBOX_MEMORY} MiB more than unsandboxed"),
            memory.map(|more| (format!("{more:.1} MiB"), more <= SANDBOX_MEMORY)),
        ),
        same_requests(report),
    ]
}

/// Whether what is compared does the same.
fn same_requests(report: &RowReport) -> Target {
    let requests = |contender| {
        let figures = report.figures(contender)?;
        Some(figures.traffic.as_ref()?.requests)
    };
    let both = requests(Contender::Wharf).zip(requests(Contender::Unsandboxed));
    target(
        report,
        format!("requests: at most {SANDBOX_REQUESTS} apart"),
        both.map(|(with, without)| {
            let apart = with.abs_diff(without);
            (format!("{with} and {without}"), apart <= SANDBOX_REQUESTS)
        }),
    )
}

fn start(report: &RowReport) -> Target {
    let seconds = report
        .figures(Contender::Wharf)
        .map(|figures| figures.seconds);
    let ratio = report
        .figures(Contender::OrasResolve)
        .and_then(|figures| figures.wharf_ratio);
    target(
        report,
        format!(
            "a start of at most {:.0} ms or {START_RATIO:.2} × oras-resolve",
            START * 1000.0
        ),
        seconds.map(|seconds| {
            let beside = ratio.map_or_else(String::new, |ratio| format!(", {ratio:.2} ×"));
            let met = seconds <= START || ratio.is_some_and(|ratio| ratio <= START_RATIO);
            (format!("{:.1} ms{beside}", seconds * 1000.0), met)
        }),
    )
}

fn at_most(report: &RowReport, other: Contender, most: f64) -> Target {
    let ratio = report
        .figures(other)
        .and_then(|figures| figures.wharf_ratio);
    target(
        report,
        format!("time at most {most:.2} × {}", other.name()),
        ratio.map(|ratio| (format!("{ratio:.2} ×"), ratio <= most)),
    )
}

fn memory(report: &RowReport) -> Target {
    let peak = report
        .figures(Contender::Wharf)
        .map(|figures| figures.peak_bytes);
    target(
        report,
        format!("at most {} MiB resident", MEMORY >> 20),
        peak.map(|peak| (format!("{} MiB", peak.div_ceil(1 << 20)), peak <= MEMORY)),
    )
}

fn of_requests(report: &RowReport, most: u64) -> Target {
    let requests = report
        .figures(Contender::Wharf)
        .and_then(|figures| Some(figures.traffic.as_ref()?.requests));
    target(
        report,
        format!("requests: at most {most}"),
        requests.map(|requests| (requests.to_string(), requests <= most)),
    )
}

fn target(report: &RowReport, wanted: String, measured: Option<(String, bool)>) -> Target {
    let verdict = match measured {
        Some((_, true)) => Verdict::Met,
        Some((_, false)) => Verdict::Missed,
        None => Verdict::NotMeasured,
    };
    Target {
        row: report.name.clone(),
        wanted,
        measured: measured.map(|(measured, _)| measured).unwrap_or_default(),
        verdict,
    }
}

#[cfg(test)]
mod tests {
    use Contender::{Floor, Native, OciClient, Oras, Skopeo, Wharf};

    use super::*;
    use crate::bench::report::tests::row;

    fn verdicts(name: &str, taken: &[(Contender, f64, u64)]) -> Vec<(String, Verdict)> {
        let targets = judge(&[row(name, taken)]);
        targets
            .into_iter()
            .map(|target| (target.wanted, target.verdict))
            .collect()
    }

    fn verdict(name: &str, taken: &[(Contender, f64, u64)], wanted: &str) -> Verdict {
        let verdicts = verdicts(name, taken);
        let found = verdicts.iter().find(|(known, _)| known == wanted);
        found.unwrap_or_else(|| panic!("{verdicts:?}")).1
    }

    #[test]
    fn far_away_more_is_promised() {
        let taken = [
            (Wharf, 1.0, 1),
            (Oras, 2.5, 1),
            (Skopeo, 9.0, 1),
            (OciClient, 0.5, 1),
            (Native, 0.8, 1),
        ];
        let push = |wanted| verdict("push-many-far", &taken, wanted);
        assert_eq!(push("time at most 0.33 × oras"), Verdict::Missed);
        assert_eq!(push("time at most 1.00 × skopeo"), Verdict::Met);
        assert_eq!(push("time at most 1.00 × oci-client"), Verdict::Missed);
        assert_eq!(push("time at most 1.30 × native"), Verdict::Met);
        let pull = |wanted| verdict("pull-many-far", &taken, wanted);
        assert_eq!(pull("time at most 0.50 × oras"), Verdict::Met);
        let near = |wanted| verdict("pull-many", &taken, wanted);
        assert_eq!(near("time at most 1.00 × oras"), Verdict::Met);
    }

    #[test]
    fn floors_memory_and_requests_are_held() {
        let taken = [(Wharf, 1.2, 2), (Floor, 1.0, 0)];
        let met = Verdict::Met;
        assert_eq!(
            verdict("pull-big", &taken, "time at most 1.30 × floor"),
            met
        );
        assert_eq!(
            verdict("dir-big", &taken, "time at most 1.00 × floor"),
            Verdict::Missed
        );
        assert_eq!(
            verdict("dir-big-again", &taken, "time at most 1.30 × floor"),
            met
        );
        assert_eq!(verdict("dir-big-again", &taken, "requests: at most 2"), met);
        assert_eq!(
            verdict("pull-big-again", &taken, "requests: at most 1"),
            Verdict::Missed
        );
        assert_eq!(verdict("pull-big", &taken, "at most 64 MiB resident"), met);
    }

    #[test]
    fn the_sandbox_may_cost_little() {
        use Contender::Unsandboxed;
        use Verdict::{Met, Missed};
        let judged = |name: &str, seconds: f64, requests: u64| {
            let taken = [(Wharf, seconds, requests), (Unsandboxed, 1.0, 10)];
            let verdicts = verdicts(name, &taken);
            assert_eq!(verdicts.len(), 4);
            verdicts.into_iter().map(|(_, verdict)| verdict)
        };
        let all = |seconds, requests| -> Vec<Verdict> {
            judged("sandbox-pull-big", seconds, requests).collect()
        };
        assert_eq!(all(1.04, 12), [Met, Met, Met, Met]);
        assert_eq!(all(1.08, 8), [Missed, Met, Met, Met]);
        assert_eq!(all(1.2, 13), [Missed, Missed, Met, Missed]);
        let alone = verdicts("sandbox-push-many", &[(Wharf, 1.0, 1)]);
        assert!(
            alone
                .iter()
                .all(|(_, verdict)| *verdict == Verdict::NotMeasured)
        );
    }

    #[test]
    fn memory_is_held_against_that_without_a_sandbox() {
        let mut report = row(
            "sandbox-pull-big",
            &[(Wharf, 1.0, 1), (Contender::Unsandboxed, 1.0, 1)],
        );
        let mut with = |peak_bytes| {
            report.programs[0].samples[0].usage.peak_bytes = peak_bytes;
            report.conclude();
            let targets = judge(std::slice::from_ref(&report));
            let memory = targets
                .into_iter()
                .find(|target| target.wanted.contains("MiB"));
            let memory = memory.unwrap();
            (memory.measured, memory.verdict)
        };
        assert_eq!(with(60 << 20), ("10.0 MiB".to_owned(), Verdict::Met));
        assert_eq!(with(61 << 20), ("11.0 MiB".to_owned(), Verdict::Missed));
        assert_eq!(with(45 << 20), ("-5.0 MiB".to_owned(), Verdict::Met));
    }

    #[test]
    fn a_start_is_fast_or_not_much_slower_than_that_of_oras() {
        let start = |wharf: f64, oras: f64| {
            let taken = [(Wharf, wharf, 0), (Contender::OrasResolve, oras, 0)];
            let wanted = "a start of at most 30 ms or 2.00 × oras-resolve";
            verdict("sandbox-pull-many-digest", &taken, wanted)
        };
        assert_eq!(start(0.029, 0.001), Verdict::Met);
        assert_eq!(start(0.040, 0.020), Verdict::Met);
        assert_eq!(start(0.040, 0.019), Verdict::Missed);
    }

    #[test]
    fn to_verify_adds_little_to_a_start() {
        let verdict = |seconds: f64, requests| {
            let rows = [
                row("sandbox-pull-big-digest", &[(Wharf, 0.010, 0)]),
                row("sandbox-pull-many-digest", &[(Wharf, 0.020, 0)]),
                row("sandbox-pull-many-verified", &[(Wharf, 0.200, 9)]),
                row(
                    "sandbox-pull-many-verified-again",
                    &[(Wharf, seconds, requests)],
                ),
            ];
            let targets = judge(&rows).into_iter();
            let of_it = targets.filter(|target| target.row.contains("verified"));
            of_it.map(|target| target.verdict).collect::<Vec<_>>()
        };
        assert_eq!(verdict(0.079, 0), [Verdict::Met, Verdict::Met]);
        assert_eq!(verdict(0.081, 1), [Verdict::Missed, Verdict::Missed]);
    }

    #[test]
    fn what_is_missing_is_neither_met_nor_missed() {
        let verdicts = verdicts("push-big", &[(Oras, 1.0, 1)]);
        assert_eq!(verdicts.len(), 5);
        assert!(
            verdicts
                .iter()
                .all(|(_, verdict)| *verdict == Verdict::NotMeasured)
        );
    }
}
