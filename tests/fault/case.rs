//! One fault at one request of one scenario, and whether all is well afterwards.

use std::cell::Cell;
use std::fmt::Write as _;
use std::time::Duration;

use wharf_tests::Output;
use wharf_tests::proxy::Exchange;

use crate::aftermath::ensure;
use crate::expected::{Expected, expected};
use crate::fault::{Fault, Lasting, Pages, With};
use crate::injected::{Past, RETRY_AFTER};
use crate::play::Play;
use crate::pool::Work;
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::step::{Door, Kind, Step};
use crate::target::Places;

/// One fault at one request of one scenario.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) scenario: Scenario,
    pub(crate) step: Step,
    pub(crate) fault: Fault,
    pub(crate) lasting: Lasting,
}

/// How long one command may take: far longer than it does.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);

/// More requests than any case needs: what goes beyond would go on for ever.
const MOST_REQUESTS: usize = 200;

/// The same where pages are read: there may be a thousand.
const MOST_PAGES: usize = 1_100;

impl Case {
    /// Runs a scenario without faults, to learn its requests, and gives every fault of
    /// each.
    pub(crate) fn all(scenario: Scenario, stage: &Stage) -> Vec<Self> {
        let name = format!("clean-{scenario:?}").to_lowercase();
        let play = Play::new(scenario, stage, &name);
        play.direct(|_, _| None);
        let output = play.command(&[]).limit(LIMIT).run().success();
        let done = play.is_done(&output);
        done.unwrap_or_else(|complaint| panic!("{scenario:?} without faults: {complaint}"));
        let mut cases = Vec::new();
        for (step, exchange) in stage.take() {
            if !scenario.is_about(&step, &stage.world.largest) {
                continue;
            }
            for (fault, lasting) in Fault::all(&step, &exchange) {
                cases.push(Self {
                    scenario,
                    step: step.clone(),
                    fault,
                    lasting,
                });
            }
        }
        cases
    }

    /// What the command is told besides.
    fn more(&self) -> &[&str] {
        match (self.fault, self.lasting) {
            (Fault::Silence, _) => &["--stall-timeout=2s"],
            // Each retry is a second.
            (Fault::Status(_, With::Seconds | With::Date), Lasting::ForEver) => &["--retries=1"],
            _ => &[],
        }
    }

    fn expected(&self) -> Expected {
        expected(self.scenario, &self.step, self.fault, self.lasting)
    }

    /// Has the fault happen to its request.
    fn play(&self, play: &Play<'_>) {
        let (fault, lasting, wanted) = (self.fault, self.lasting, self.step.clone());
        let places = Places::of(play.stage, self.step.door);
        let (past, begun) = (Past::default(), Cell::new(false));
        play.direct(move |step, exchange| {
            let strikes = *step == wanted || (begun.get() && lasting == Lasting::ForEver);
            begun.set(begun.get() || strikes);
            strikes.then(|| fault.fate(&places, &past, step.kind, exchange))?
        });
    }

    fn outcome(
        &self,
        play: &Play<'_>,
        output: &Output,
        went: &[(Step, Exchange)],
    ) -> Result<(), String> {
        let happened = went.iter().any(|(step, _)| *step == self.step);
        // Which blobs leave a session behind that is given up is a matter of luck, and so is
        // whether the registry wrote down what came before the connection broke off.
        let lucky = matches!(
            self.step.kind,
            Kind::UploadCancel | Kind::UploadPatch | Kind::UploadState
        );
        // By the same luck, what was cut is sent whole once more before it is gone on with.
        let lucky = lucky
            || (self.scenario == Scenario::PushInParts
                && self.step.kind == Kind::UploadPut
                && self.step.nth > 2);
        if !happened && lucky && output.status.success() {
            return play.is_done(output);
        }
        ensure(happened, || "the request was never sent".to_owned())?;
        let most = match self.fault {
            Fault::Pages(Pages::Full) => MOST_PAGES,
            _ => MOST_REQUESTS,
        };
        ensure(went.len() <= most, || {
            format!("{} requests were sent", went.len())
        })?;
        let code = output.status.code().unwrap_or(-1);
        let expected = self.expected();
        let fits = match expected {
            Expected::Success => code == 0,
            Expected::Failure(codes) => codes.contains(&code),
            Expected::Either(codes) | Expected::Misled(codes) => code == 0 || codes.contains(&code),
        };
        ensure(fits, || format!("ended with {code}, expected {expected:?}"))?;
        ensure(!output.stderr.contains("panicked"), || {
            "it panicked".to_owned()
        })?;
        self.waited(went)?;
        match expected {
            Expected::Misled(_) if code == 0 => return Ok(()),
            _ if code == 0 => return play.is_done(output),
            _ => play.is_not_done(output)?,
        }
        let stage = play.stage;
        let servers = Door::ALL.map(|door| stage.address(door)).into_iter();
        let mut servers = servers.chain([stage.elsewhere.address()]);
        let named = servers.any(|server| output.stderr.contains(&server));
        ensure(named, || "it does not say which server".to_owned())?;
        for word in self.fault.words(self.step.kind) {
            ensure(output.stderr.contains(word), || {
                format!("`{word}` is not said")
            })?;
        }
        Ok(())
    }

    /// What `Retry-After` asks for is heeded.
    fn waited(&self, went: &[(Step, Exchange)]) -> Result<(), String> {
        let Fault::Status(429 | 500 | 502 | 503, With::Seconds | With::Date) = self.fault else {
            return Ok(());
        };
        // Those that begin uploads, or end them, are on their way at the same time.
        if matches!(
            self.step.kind,
            Kind::Start | Kind::StartWhole | Kind::UploadCancel
        ) {
            return Ok(());
        }
        let came = |nth| {
            let wanted = Step {
                nth,
                ..self.step.clone()
            };
            let found = went.iter().find(|(step, _)| *step == wanted);
            found.map(|(_, exchange)| exchange.came)
        };
        match (came(self.step.nth), came(self.step.nth + 1)) {
            (Some(first), Some(second)) => ensure(
                second.saturating_duration_since(first) >= Duration::from_secs(RETRY_AFTER),
                || "it did not wait for as long as it was asked to".to_owned(),
            ),
            _ => Ok(()),
        }
    }
}

impl Work for Case {
    fn name(&self) -> String {
        let step = &self.step;
        let who = if step.anonymous { "-anonymous" } else { "" };
        let digest: String = step.subject.chars().skip(7).take(6).collect();
        format!(
            "{:?}/{:?}{who} {digest} #{}/{:?} {:?}",
            self.scenario, step.kind, step.nth, self.fault, self.lasting
        )
    }

    fn waits(&self) -> bool {
        matches!(
            self.fault,
            Fault::Silence | Fault::Status(429 | 500 | 502 | 503, With::Seconds | With::Date)
        )
    }

    /// Runs it, and again when it failed, and complains of what is not as it should be.
    fn act(&self, stage: &Stage, number: usize) -> Result<(), String> {
        let play = Play::new(self.scenario, stage, &format!("case-{number}"));
        self.play(&play);
        let output = play.command(self.more()).limit(LIMIT).run();
        let went = stage.take();
        let told = |complaint: String| format!("{complaint}\n{output:?}\n{}", listed(&went));
        self.outcome(&play, &output, &went).map_err(told)?;
        play.is_unharmed().map_err(told)?;
        if !matches!(self.expected(), Expected::Misled(_)) {
            play.keeps_list().map_err(told)?;
        }
        play.keeps_secrets(&output, &went).map_err(told)?;
        if output.status.success() || self.scenario.only_asks() {
            return Ok(());
        }
        stage.world.attempts.again(&play).map_err(told)
    }
}

fn listed(went: &[(Step, Exchange)]) -> String {
    let mut list = String::new();
    for (_, exchange) in went {
        let target: String = exchange.target.chars().take(100).collect();
        let _ = writeln!(
            list,
            "  {} {target} {:?} sent {} received {}",
            exchange.method, exchange.status, exchange.sent, exchange.received
        );
    }
    list
}
