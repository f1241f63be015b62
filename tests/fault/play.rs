//! A scenario in a place, ready to be run.

use std::path::PathBuf;

use wharf_tests::TestEnv;
use wharf_tests::environment::Run;
use wharf_tests::proxy::{Exchange, Fate};

use crate::scenario::Scenario;
use crate::stage::{Stage, put};
use crate::step::Step;
use crate::world::{PASSWORD, SMALL, USER};
use crate::{QUICK, small_app};

/// A scenario in a place.
pub(crate) struct Play<'a> {
    pub(crate) scenario: Scenario,
    pub(crate) stage: &'a Stage,
    pub(crate) env: TestEnv,
    pub(crate) repository: String,
}

impl<'a> Play<'a> {
    /// A scenario, ready to be run; `name` is like no other of the world.
    pub(crate) fn new(scenario: Scenario, stage: &'a Stage, name: &str) -> Self {
        let env = if scenario.logs_in() {
            crate::environment()
        } else {
            stage.environment()
        };
        let repository = match scenario.based_on() {
            Some(based_on) => {
                stage.world.registry.copy_repository(based_on, name);
                name
            }
            None => SMALL,
        };
        match scenario {
            Scenario::Push | Scenario::PushAgain | Scenario::PushInParts => {
                small_app().write(&env.work());
            }
            Scenario::PushReferrers => {
                small_app().write(&env.work());
                put(&env, &stage.with_referrers);
            }
            Scenario::PullAgain | Scenario::PullReferrers => put(&env, &stage.with_app),
            _ => {}
        }
        Self {
            scenario,
            stage,
            env,
            repository: repository.to_owned(),
        }
    }

    /// Has requests go their way in this scenario, apart from what `fault` does to them.
    pub(crate) fn direct(&self, fault: impl Fn(&Step, &Exchange) -> Option<Fate> + Send + 'static) {
        let (scenario, largest) = (self.scenario, self.stage.world.largest.clone());
        self.stage.play(move |step, exchange| {
            scenario.fate(step, exchange, &largest, fault(step, exchange))
        });
    }

    /// The command, before it is run, with more arguments.
    pub(crate) fn command(&self, more: &[&str]) -> Run {
        let arguments = self.arguments();
        let arguments = arguments.iter().map(String::as_str);
        let option = |text: &str| text.split('=').next().map(str::to_owned);
        let quick = QUICK
            .into_iter()
            .filter(|quick| more.iter().all(|more| option(more) != option(quick)));
        let arguments = arguments.chain(quick).chain(more.iter().copied());
        self.env.command(arguments).input(PASSWORD)
    }

    /// Whether a blob is where it is to be brought.
    pub(crate) fn has(&self, digest: &str) -> bool {
        if self.scenario.sends() {
            self.stage.world.registry.has(&self.repository, digest)
        } else {
            self.env.blob(digest).is_some()
        }
    }

    /// The file that a save writes.
    pub(crate) fn saved(&self) -> PathBuf {
        self.env.work().join(SAVED)
    }

    fn arguments(&self) -> Vec<String> {
        let server = self.stage.address(self.scenario.door());
        let repository = format!("{server}/{}", self.repository);
        let reference = format!("{repository}:1");
        let source = format!("{server}/{SMALL}:1");
        let deleted = format!("{repository}@{}", self.stage.world.referrer);
        let words: Vec<&str> = match self.scenario {
            Scenario::Login | Scenario::LoginBasic => {
                vec!["login", &server, "-u", USER, "--password-stdin"]
            }
            Scenario::Push
            | Scenario::PushAgain
            | Scenario::PushInParts
            | Scenario::PushReferrers => vec!["push", &reference, "-f", "app"],
            Scenario::Pull | Scenario::PullAgain | Scenario::PullInParts => {
                vec!["pull", &reference]
            }
            Scenario::PullReferrers => vec!["pull", &reference, "--referrers"],
            Scenario::Copy | Scenario::CopyBytes => vec!["copy", &source, &reference],
            Scenario::Referrers | Scenario::ReferrersListed => vec!["referrers", &reference],
            Scenario::Tags => vec!["tags", &repository],
            Scenario::Resolve => vec!["resolve", &reference],
            Scenario::Inspect => vec!["inspect", &reference],
            Scenario::Save => vec!["save", &reference, "-o", SAVED],
            Scenario::Tag => vec!["tag", &reference, FURTHER_TAG],
            Scenario::Delete => vec!["delete", "--force", &deleted],
            Scenario::DeleteTag => vec!["delete", "--force", &reference],
        };
        ["registry"]
            .into_iter()
            .chain(words)
            .map(str::to_owned)
            .collect()
    }
}

impl Drop for Play<'_> {
    fn drop(&mut self) {
        if self.scenario.based_on().is_some() {
            self.stage.world.registry.discard(&self.repository);
        }
    }
}

/// The tag that an application gets besides `1`.
pub(crate) const FURTHER_TAG: &str = "stable";

const SAVED: &str = "app.tar";
