//! What is promised, held against what was measured.

use serde::Serialize;

use super::contender::Contender;
use super::content::Shape;
use super::report::RowReport;
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
    rows.iter().flat_map(of_row).collect()
}

fn of_row(report: &RowReport) -> Vec<Target> {
    let Row { scenario, step } = report.row;
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
