//! Commands that are killed at each of their requests: the next run completes, and
//! nothing that had arrived is sent or fetched again.

use std::collections::HashSet;
use std::time::Instant;

use wharf_tests::proxy::{Fate, Gate};

use crate::matrix::tell;
use crate::play::Play;
use crate::pool::{Pool, Work};
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::step::Step;

/// How many commands run at a time.
const WORKERS: usize = 4;

/// A command that is killed at one of its requests.
struct Killed {
    scenario: Scenario,
    step: Step,
    /// Whether the registry gets the request all the same.
    arrives: bool,
}

#[test]
fn what_is_killed_at_any_request_is_completed_by_the_next() {
    let began = Instant::now();
    let mut pool = Pool::new();
    pool.grow(WORKERS);
    let mut all = Vec::new();
    for scenario in Scenario::ALL {
        for step in steps(scenario, pool.first()) {
            for arrives in [true, false] {
                all.push(Killed {
                    scenario,
                    step: step.clone(),
                    arrives,
                });
            }
        }
    }
    let complaints = pool.each(&all, 0);
    tell(&format!(
        "what is killed: {} cases in {} s, {} of them not as they should be",
        all.len(),
        began.elapsed().as_secs(),
        complaints.len(),
    ));
    // What the registries have to say would stand after it.
    drop(pool);
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

/// The requests of a scenario that nothing disturbs.
fn steps(scenario: Scenario, stage: &Stage) -> Vec<Step> {
    let play = Play::new(
        scenario,
        stage,
        &format!("clean-{scenario:?}").to_lowercase(),
    );
    play.direct(|_, _| None);
    let _ = play.command(&[]).run().success();
    let steps: Vec<Step> = stage.take().into_iter().map(|(step, _)| step).collect();
    assert!(!steps.is_empty(), "{scenario:?} asks nobody");
    steps
}

impl Work for Killed {
    fn name(&self) -> String {
        let Self {
            scenario,
            step,
            arrives,
        } = self;
        format!("{scenario:?} killed at {step:?}, which arrives: {arrives}")
    }

    fn waits(&self) -> bool {
        false
    }

    fn act(&self, stage: &Stage, number: usize) -> Result<(), String> {
        let play = Play::new(self.scenario, stage, &format!("killed-{number}"));
        let gate = Gate::new();
        let (wanted, held) = (self.step.clone(), gate.clone());
        play.direct(move |step, _| (*step == wanted).then(|| Fate::Hold(held.clone())));
        let running = play.command(&[]).start();
        // Requests that go side by side may share what they need, a token for example:
        // then one of those that the clean run had is not sent in this one.
        if !gate.is_reached_before(|| running.has_ended()) {
            let output = running.finish().success();
            stage.take();
            return play.is_done(&output);
        }
        running.kill();
        let _ = running.finish();
        if self.arrives {
            gate.open();
        } else {
            gate.shut();
        }
        stage.take();
        play.is_unharmed()?;
        play.keeps_list()?;

        let moved = stage.world.moved().into_iter();
        let arrived: HashSet<String> = moved.filter(|digest| play.has(digest)).collect();
        stage.play(|_, _| None);
        let output = play.command(&[]).run();
        let went = stage.take();
        play.is_unharmed()?;
        play.keeps_list()?;
        play.is_done_at_last(&output)?;
        for (_, exchange) in &went {
            let target = exchange.target.replace("%3A", ":");
            let is_blob = exchange.fetches_blob() || exchange.sends_blob();
            if is_blob && arrived.iter().any(|digest| target.contains(digest)) {
                return Err(format!("what had arrived moved again: {exchange:?}"));
            }
        }
        Ok(())
    }
}
