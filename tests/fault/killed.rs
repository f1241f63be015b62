//! Commands that are killed at each of their requests: the next run completes, and
//! nothing that had arrived is sent or fetched again.

use std::collections::HashSet;

use wharf_tests::proxy::{Fate, Gate};

use crate::scenario::{Play, Scenario, furnish, largest, moved};
use crate::stage::{PASSWORD, Stage, Step};

#[test]
fn a_push_that_is_killed_at_any_request_is_completed_by_the_next() {
    at_every_request(Scenario::Push);
    at_every_request(Scenario::PushReferrers);
}

#[test]
fn a_pull_that_is_killed_at_any_request_is_completed_by_the_next() {
    at_every_request(Scenario::Pull);
    at_every_request(Scenario::PullInParts);
    at_every_request(Scenario::PullReferrers);
}

#[test]
fn a_copy_that_is_killed_at_any_request_is_completed_by_the_next() {
    at_every_request(Scenario::Copy);
    at_every_request(Scenario::CopyBytes);
}

#[test]
fn a_login_that_is_killed_at_any_request_is_completed_by_the_next() {
    at_every_request(Scenario::Login);
}

fn at_every_request(scenario: Scenario) {
    let mut stage = Stage::new();
    furnish(&mut stage);
    let clean = Play::new(scenario, &stage, "clean");
    direct(&stage, scenario, None);
    let _ = clean.command(&[]).input(PASSWORD).run().success();
    let steps = stage.take();
    assert!(!steps.is_empty());
    for (number, (step, _)) in steps.into_iter().enumerate() {
        kill_at(&stage, scenario, &step, number);
    }
}

/// Has requests go their way, but for one, which does not get past a gate.
fn direct(stage: &Stage, scenario: Scenario, held: Option<(Step, Gate)>) {
    let largest = largest(stage);
    stage.play(move |step, exchange| {
        let held = held.as_ref().filter(|(wanted, _)| step == wanted);
        let fate = held.map(|(_, gate)| Fate::Hold(gate.clone()));
        scenario.fate(step, exchange, &largest, fate)
    });
}

fn kill_at(stage: &Stage, scenario: Scenario, step: &Step, number: usize) {
    let play = Play::new(scenario, stage, &format!("killed-{number}"));
    let gate = Gate::new();
    direct(stage, scenario, Some((step.clone(), gate.clone())));
    let running = play.command(&[]).input(PASSWORD).start();
    // Requests that go side by side may share what they need, a token for example: then
    // one of those that the clean run had is not sent in this one.
    if !gate.is_reached_before(|| running.has_ended()) {
        let _ = running.finish().success();
        stage.take();
        return;
    }
    running.kill();
    let _ = running.finish();
    // What was on its way arrives all the same.
    gate.open();
    stage.take();
    play.is_unharmed()
        .and_then(|()| play.keeps_list())
        .unwrap_or_else(|complaint| panic!("killed at {step:?}: {complaint}"));

    let arrived: HashSet<String> = moved(stage)
        .into_iter()
        .filter(|digest| play.has(digest))
        .collect();
    stage.play(|_, _| None);
    let output = play.command(&[]).input(PASSWORD).run();
    let went = stage.take();
    assert!(output.status.success(), "killed at {step:?}: {output:?}");
    play.is_unharmed()
        .and_then(|()| play.keeps_list())
        .and_then(|()| play.is_done(&output))
        .unwrap_or_else(|complaint| panic!("killed at {step:?}: {complaint}"));
    for (_, exchange) in &went {
        let target = exchange.target.replace("%3A", ":");
        let moves = exchange.fetches_blob() || exchange.sends_blob();
        let again = moves && arrived.iter().any(|digest| target.contains(digest));
        assert!(!again, "killed at {step:?}, and then again {exchange:?}");
    }
}
