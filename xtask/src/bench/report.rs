//! What was measured, as data: the JSON, and what the table is made of.

use serde::Serialize;

use super::contender::Contender;
use super::proxy::Traffic;
use super::row::Row;
use super::statistics::{Quartiles, median, ratio};
use super::targets::Target;
use super::trial::{Outcome, Sample, Usage};

/// The whole.
#[derive(Serialize)]
pub(super) struct Report {
    /// What it was measured on and with.
    pub(super) setting: Setting,
    pub(super) rows: Vec<RowReport>,
    pub(super) targets: Vec<Target>,
}

/// What it was measured on and with.
#[derive(Serialize)]
pub(super) struct Setting {
    pub(super) processors: usize,
    pub(super) registry: String,
    pub(super) runs: usize,
    /// Whether content was small and programs not optimised.
    pub(super) quick: bool,
}

/// What the programs took for one row.
#[derive(Serialize)]
pub(super) struct RowReport {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) programs: Vec<ProgramReport>,
    /// Wharf beside the same without a sandbox, where that takes part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sandbox: Option<SandboxReport>,
    #[serde(skip)]
    pub(super) row: Row,
}

/// What the sandbox costs: Wharf beside the same without one, compared within each run.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct SandboxReport {
    pub(super) pairs: usize,
    /// Wharf's time by that of the other.
    pub(super) seconds_ratio: Quartiles,
    pub(super) cpu_seconds_ratio: Quartiles,
    /// Wharf's peak less that of the other, in MiB.
    pub(super) peak_difference_mib: Quartiles,
}

/// What one program took for one row.
#[derive(Serialize)]
pub(super) struct ProgramReport {
    pub(super) program: &'static str,
    /// Why there is nothing, or less than there should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) not_measured: Option<String>,
    /// Medians, where there is anything.
    #[serde(flatten)]
    pub(super) figures: Option<Figures>,
    pub(super) samples: Vec<Sample>,
    #[serde(skip)]
    pub(super) contender: Contender,
    #[serde(skip)]
    counted: Option<Traffic>,
}

/// Medians of a program's runs.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figures {
    pub(super) seconds: f64,
    pub(super) cpu_seconds: f64,
    /// Of all runs the largest: a limit is a limit.
    pub(super) peak_bytes: u64,
    /// Of one run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) traffic: Option<Traffic>,
    /// Wharf's time by this program's, in the same run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wharf_ratio: Option<f64>,
}

impl RowReport {
    /// A row of which nothing is known yet.
    pub(super) fn new(row: Row, size: &str) -> Self {
        let takes_part = |contender: &Contender| contender.takes_part(row);
        let programs = Contender::ALL.into_iter().filter(takes_part);
        Self {
            name: row.name(),
            title: row.title(size),
            programs: programs.map(ProgramReport::new).collect(),
            sandbox: None,
            row,
        }
    }

    /// Takes in what became of `contender` in this row. What is only `counted` is not a
    /// sample of its time.
    pub(super) fn add(&mut self, contender: Contender, outcome: Outcome, counted: bool) {
        let (_, result) = outcome;
        let program = self
            .programs
            .iter_mut()
            .find(|program| program.contender == contender);
        let Some(program) = program else {
            return;
        };
        match result {
            Ok(sample) if counted => program.counted = sample.traffic,
            Ok(sample) => program.samples.push(sample),
            Err(error) => program.not_measured = Some(format!("{error:#}")),
        }
    }

    /// Computes the medians, once all samples are there.
    pub(super) fn conclude(&mut self) {
        let ours = self.program(Contender::Wharf).map(ProgramReport::seconds);
        for program in &mut self.programs {
            let theirs = program.seconds();
            let usages = || program.samples.iter().map(|sample| sample.usage);
            let wharf_ratio = (program.contender != Contender::Wharf)
                .then(|| ratio(ours.as_deref()?, &theirs))
                .flatten();
            program.figures = median(theirs).map(|seconds| Figures {
                seconds,
                cpu_seconds: median(usages().map(|usage| usage.cpu_seconds)).unwrap_or_default(),
                peak_bytes: usages()
                    .map(|usage| usage.peak_bytes)
                    .max()
                    .unwrap_or_default(),
                traffic: program.traffic(),
                wharf_ratio,
            });
        }
        self.sandbox = self.sandbox_report();
    }

    fn sandbox_report(&self) -> Option<SandboxReport> {
        let with = &self.program(Contender::Wharf)?.samples;
        let without = &self.program(Contender::Unsandboxed)?.samples;
        let pairs: Vec<(Usage, Usage)> = with
            .iter()
            .zip(without)
            .map(|(with, without)| (with.usage, without.usage))
            .collect();
        let compared =
            |compare: fn(&(Usage, Usage)) -> f64| Quartiles::of(pairs.iter().map(compare));
        Some(SandboxReport {
            pairs: pairs.len(),
            seconds_ratio: compared(|(with, without)| with.seconds / without.seconds)?,
            cpu_seconds_ratio: compared(|(with, without)| with.cpu_seconds / without.cpu_seconds)?,
            peak_difference_mib: compared(|(with, without)| {
                mebibytes(with.peak_bytes) - mebibytes(without.peak_bytes)
            })?,
        })
    }

    /// What `contender` took, if it takes part.
    pub(super) fn program(&self, contender: Contender) -> Option<&ProgramReport> {
        self.programs
            .iter()
            .find(|program| program.contender == contender)
    }

    /// The medians of `contender`, if there are any.
    pub(super) fn figures(&self, contender: Contender) -> Option<&Figures> {
        self.program(contender)?.figures.as_ref()
    }
}

/// The system counts memory in KiB, which are fewer than a `f64` holds exactly.
#[expect(clippy::cast_precision_loss, reason = "it is a peak of memory")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

impl ProgramReport {
    fn new(contender: Contender) -> Self {
        Self {
            program: contender.name(),
            not_measured: None,
            figures: None,
            samples: Vec::new(),
            contender,
            counted: None,
        }
    }

    fn seconds(&self) -> Vec<f64> {
        let samples = self.samples.iter();
        samples.map(|sample| sample.usage.seconds).collect()
    }

    /// What was counted apart, or else in the run with the median of requests.
    fn traffic(&self) -> Option<Traffic> {
        if self.counted.is_some() {
            return self.counted.clone();
        }
        let mut traffic: Vec<&Traffic> = self
            .samples
            .iter()
            .filter_map(|sample| sample.traffic.as_ref())
            .collect();
        traffic.sort_by_key(|traffic| traffic.requests);
        traffic.get(traffic.len() / 2).copied().cloned()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::bench::row::Scenario;

    /// A report of the row `name` with seconds and requests for some programs.
    pub(in crate::bench) fn row(name: &str, taken: &[(Contender, f64, u64)]) -> RowReport {
        let row = Scenario::all()
            .into_iter()
            .flat_map(Scenario::rows)
            .find(|row| row.name() == name)
            .unwrap();
        let mut report = RowReport::new(row, "1 × 1 GiB");
        for &(contender, seconds, requests) in taken {
            let traffic = Traffic {
                requests,
                bytes_received: 3 << 20,
                ..Traffic::default()
            };
            let sample = Sample {
                usage: Usage {
                    seconds,
                    cpu_seconds: seconds / 2.0,
                    peak_bytes: 50 << 20,
                },
                traffic: Some(traffic),
            };
            report.add(contender, (row, Ok(sample)), false);
        }
        report.conclude();
        report
    }

    #[test]
    fn medians_and_ratios_are_drawn_from_the_samples() {
        use Contender::{Oras, Wharf};
        let report = row(
            "pull-big",
            &[
                (Wharf, 1.0, 3),
                (Oras, 2.0, 5),
                (Wharf, 3.0, 3),
                (Oras, 4.0, 5),
                (Wharf, 2.0, 4),
                (Oras, 8.0, 5),
            ],
        );
        let wharf = report.figures(Wharf).unwrap();
        assert_eq!((wharf.seconds, wharf.wharf_ratio), (2.0, None));
        assert_eq!(wharf.traffic.as_ref().unwrap().requests, 3);
        let oras = report.figures(Oras).unwrap();
        assert_eq!((oras.seconds, oras.cpu_seconds), (4.0, 2.0));
        assert_eq!(oras.wharf_ratio, Some(0.5));
        assert!(report.figures(Contender::Skopeo).is_none());
    }

    #[test]
    fn the_cost_of_the_sandbox_is_compared_within_each_pair() {
        use Contender::{Unsandboxed, Wharf};
        let report = row(
            "sandbox-push-many",
            &[
                (Wharf, 1.0, 3),
                (Unsandboxed, 1.0, 3),
                (Unsandboxed, 8.0, 3),
                (Wharf, 12.0, 3),
                (Wharf, 4.0, 3),
                (Unsandboxed, 2.0, 3),
            ],
        );
        let sandbox = report.sandbox.unwrap();
        assert_eq!(sandbox.pairs, 3);
        let wall = sandbox.seconds_ratio;
        assert_eq!((wall.lower, wall.median, wall.upper), (1.25, 1.5, 1.75));
        assert_eq!(sandbox.cpu_seconds_ratio, wall);
        assert!(sandbox.peak_difference_mib.upper.abs() < f64::EPSILON);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["sandbox"]["seconds_ratio"]["median"], 1.5);
        assert!(row("push-many", &[(Wharf, 1.0, 3)]).sandbox.is_none());
        assert!(
            row("sandbox-push-many", &[(Wharf, 1.0, 3)])
                .sandbox
                .is_none()
        );
    }

    #[test]
    fn what_was_not_measured_says_why() {
        let mut report = row("push-big", &[(Contender::Oras, 1.0, 1)]);
        let outcome = (report.row, Err(anyhow::anyhow!("no such file")));
        report.add(Contender::Wharf, outcome, false);
        report.conclude();
        let wharf = report.program(Contender::Wharf).unwrap();
        assert_eq!(wharf.not_measured.as_deref(), Some("no such file"));
        assert!(wharf.figures.is_none());
        let oras = report.figures(Contender::Oras).unwrap();
        assert_eq!(oras.wharf_ratio, None);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["programs"][1]["seconds"], 1.0);
        assert_eq!(json["programs"][0]["not_measured"], "no such file");
    }
}
