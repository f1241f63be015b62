//! The rows: what is measured.

use super::content::Shape;

/// What is done with an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// From the registry into a store.
    Pull,
    /// From a store to the registry.
    Push,
    /// From its directory to the registry.
    Dir,
}

/// One after the other, in the same repository and with the same store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing is there yet.
    Cold,
    /// The same once more.
    Again,
    /// The same once more, asked for by digest.
    ByDigest,
    /// By digest, with a key that has to have signed it: its signatures are looked for.
    Verified,
    /// The same once more, with the signatures in the store.
    VerifiedAgain,
    /// To another repository, with a store that has everything.
    Elsewhere,
}

/// Steps that follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scenario {
    pub(super) job: Job,
    pub(super) shape: Shape,
    /// Whether the registry is a round trip of 20 ms away.
    pub(super) far: bool,
    /// Whether it is about what the sandbox costs. Then nobody takes part but Wharf, the
    /// same without a sandbox, and what its start is compared with.
    pub(super) sandbox: bool,
}

/// One line of questions, with one answer for each program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) scenario: Scenario,
    pub(super) step: Step,
}

impl Scenario {
    /// All that there are, in the order of the table.
    pub(super) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for job in [Job::Pull, Job::Push, Job::Dir] {
            for far in [false, true] {
                for shape in [Shape::Big, Shape::Many] {
                    // What a directory takes beyond a push has nothing to do with
                    // distance.
                    if !(far && job == Job::Dir) {
                        all.push(Self {
                            job,
                            shape,
                            far,
                            sandbox: false,
                        });
                    }
                }
            }
        }
        for job in [Job::Pull, Job::Push] {
            for shape in [Shape::Big, Shape::Many] {
                all.push(Self {
                    job,
                    shape,
                    far: false,
                    sandbox: true,
                });
            }
        }
        all
    }

    /// Its rows.
    pub(super) fn rows(self) -> Vec<Row> {
        let steps: &[Step] = match self.job {
            Job::Pull if self.sandbox => &[
                Step::Cold,
                Step::ByDigest,
                Step::Verified,
                Step::VerifiedAgain,
            ],
            Job::Push if self.sandbox => &[Step::Cold],
            Job::Pull => &[Step::Cold, Step::Again, Step::ByDigest],
            Job::Push => &[Step::Cold, Step::Again],
            Job::Dir => &[Step::Cold, Step::Again, Step::Elsewhere],
        };
        let row = |step: &Step| Row {
            scenario: self,
            step: *step,
        };
        steps.iter().map(row).collect()
    }
}

impl Row {
    /// What it is called on the command line and in the JSON: `pull-many-again-far`.
    pub(super) fn name(self) -> String {
        let job = match self.scenario.job {
            Job::Pull => "pull",
            Job::Push => "push",
            Job::Dir => "dir",
        };
        let shape = match self.scenario.shape {
            Shape::Big => "-big",
            Shape::Many => "-many",
        };
        let step = match self.step {
            Step::Cold => "",
            Step::Again => "-again",
            Step::ByDigest => "-digest",
            Step::Verified => "-verified",
            Step::VerifiedAgain => "-verified-again",
            Step::Elsewhere => "-elsewhere",
        };
        let far = if self.scenario.far { "-far" } else { "" };
        let sandbox = if self.scenario.sandbox {
            "sandbox-"
        } else {
            ""
        };
        format!("{sandbox}{job}{shape}{step}{far}")
    }

    /// What it is, for people; `size` is that of the content, in words.
    pub(super) fn title(self, size: &str) -> String {
        let done = match (self.scenario.job, self.step) {
            (Job::Pull, Step::Cold) => "pull into an empty store",
            (Job::Pull, Step::ByDigest) => "pull again, by digest",
            (Job::Pull, Step::Verified) => "pull again, by digest, and verify",
            (Job::Pull, Step::VerifiedAgain) => "verify once more",
            (Job::Pull, _) => "pull again, nothing changed",
            (Job::Push, Step::Cold) => "push from a store to an empty repository",
            (Job::Push, _) => "push again, nothing changed",
            (Job::Dir, Step::Cold) => "push a directory, with an empty store",
            (Job::Dir, Step::Elsewhere) => "push a directory whose content is in the store",
            (Job::Dir, _) => "push a directory again, nothing changed",
        };
        let far = if self.scenario.far { ", +20 ms" } else { "" };
        let sandbox = match (self.scenario.sandbox, self.step) {
            (false, _) | (true, Step::Verified | Step::VerifiedAgain) => "",
            (true, Step::ByDigest) => ": the start of the process",
            (true, _) => ", with and without the sandbox",
        };
        format!("{size}: {done}{sandbox}{far}")
    }

    /// Whether all of the content has to be moved.
    pub(super) fn moves_everything(self) -> bool {
        matches!(self.step, Step::Cold | Step::Elsewhere)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_name_and_a_title_of_its_own() {
        let rows: Vec<Row> = Scenario::all()
            .into_iter()
            .flat_map(Scenario::rows)
            .collect();
        for (at, row) in rows.iter().enumerate() {
            for other in &rows[..at] {
                assert_ne!(row.name(), other.name());
            }
            assert!(!row.title("1 GiB").contains("  "));
        }
        let names: Vec<String> = rows.iter().map(|row| row.name()).collect();
        assert!(names.contains(&"pull-many-again-far".to_owned()));
        assert!(names.contains(&"dir-big-elsewhere".to_owned()));
        let sandbox = names.iter().filter(|name| name.starts_with("sandbox-"));
        let sandbox: Vec<&String> = sandbox.collect();
        assert_eq!(
            sandbox,
            [
                "sandbox-pull-big",
                "sandbox-pull-big-digest",
                "sandbox-pull-big-verified",
                "sandbox-pull-big-verified-again",
                "sandbox-pull-many",
                "sandbox-pull-many-digest",
                "sandbox-pull-many-verified",
                "sandbox-pull-many-verified-again",
                "sandbox-push-big",
                "sandbox-push-many",
            ]
        );
        assert!(
            !names
                .iter()
                .any(|name| name.starts_with("dir") && name.ends_with("far"))
        );
    }
}
