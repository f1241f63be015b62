//! Every fault at every request of every scenario.

use std::cell::Cell;
use std::env;
use std::fmt::Write as _;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wharf_tests::Output;
use wharf_tests::proxy::Exchange;

use crate::aftermath::ensure;
use crate::expected::{Expected, expected};
use crate::fault::{Fault, Lasting, Places, RETRY_AFTER, With};
use crate::scenario::{Play, Scenario, furnish, largest};
use crate::stage::{Kind, PASSWORD, Stage, Step, USER};

/// One fault at one request of one scenario.
#[derive(Debug)]
struct Case {
    scenario: Scenario,
    step: Step,
    fault: Fault,
    lasting: Lasting,
}

/// How many cases run at a time.
const WORKERS: usize = 8;

/// How long one command may take: far longer than it does.
const LIMIT: Duration = Duration::from_mins(1);

/// More requests than any case needs: what goes beyond would go on for ever.
const MOST_REQUESTS: usize = 200;

#[test]
fn every_fault_at_every_request_ends_well_or_with_the_right_error() {
    let began = Instant::now();
    // `FAULT_CASES=Push/BlobHead` runs those alone whose names have that in them.
    let wanted = env::var("FAULT_CASES").unwrap_or_default();
    let stages: Vec<Stage> = thread::scope(|scope| {
        let starting: Vec<_> = (0..WORKERS).map(|_| scope.spawn(furnished)).collect();
        let started = starting
            .into_iter()
            .map(|one| one.join().expect("it starts"));
        started.collect()
    });
    let cases: Vec<Case> = Scenario::ALL
        .into_iter()
        .flat_map(|scenario| cases(scenario, &stages[0]))
        .filter(|case| case.name().contains(&wanted))
        .collect();
    let next = AtomicUsize::new(0);
    let complaints = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for stage in stages {
            let (next, cases, complaints) = (&next, &cases, &complaints);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let Some(case) = cases.get(number) else { break };
                    if let Err(complaint) = case.run(&stage, number) {
                        let mut complaints = complaints.lock().expect("nobody panics with it");
                        complaints.push(format!("{}: {complaint}", case.name()));
                    }
                }
            });
        }
    });
    let complaints = complaints.into_inner().expect("nobody panicked with it");
    let (count, time) = (cases.len(), began.elapsed().as_secs());
    tell(&format!(
        "the matrix of faults: {count} cases in {time} s, {} of them not as they should be",
        complaints.len()
    ));
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

fn furnished() -> Stage {
    let mut stage = Stage::new();
    furnish(&mut stage);
    stage
}

/// Runs a scenario without faults, to learn its requests, and gives every fault of each.
fn cases(scenario: Scenario, stage: &Stage) -> Vec<Case> {
    let play = Play::new(
        scenario,
        stage,
        &format!("clean-{scenario:?}").to_lowercase(),
    );
    let largest = largest(stage);
    let whole = largest.clone();
    stage.play(move |step, exchange| scenario.fate(step, exchange, &whole, None));
    let output = run(&play, None).success();
    let done = play.is_done(&output);
    done.expect("it works without faults");
    let went = stage.take();
    let mut cases = Vec::new();
    for (step, exchange) in went {
        if !scenario.is_about(&step, &largest) {
            continue;
        }
        for (fault, lasting) in Fault::all(&step, &exchange) {
            cases.push(Case {
                scenario,
                step: step.clone(),
                fault,
                lasting,
            });
        }
    }
    cases
}

fn run(play: &Play, fault: Option<Fault>) -> Output {
    let more: &[&str] = match fault {
        Some(Fault::Silence) => &["--stall-timeout=1s"],
        _ => &[],
    };
    play.command(more).input(PASSWORD).limit(LIMIT).run()
}

impl Case {
    fn name(&self) -> String {
        let step = &self.step;
        let who = if step.anonymous { "-anonymous" } else { "" };
        let digest: String = step.subject.chars().skip(7).take(6).collect();
        format!(
            "{:?}/{:?}{who} {digest} #{}/{:?} {}",
            self.scenario, step.kind, step.nth, self.fault, self.lasting
        )
    }

    fn run(&self, stage: &Stage, number: usize) -> Result<(), String> {
        // What a test asserts below is a complaint like any other.
        panic::catch_unwind(AssertUnwindSafe(|| self.judge(stage, number))).unwrap_or_else(
            |panic| {
                let text = panic.downcast_ref::<String>().cloned();
                Err(text.unwrap_or_else(|| "it panicked".to_owned()))
            },
        )
    }

    fn judge(&self, stage: &Stage, number: usize) -> Result<(), String> {
        let play = Play::new(self.scenario, stage, &format!("case-{number}"));
        self.play(stage);
        let output = run(&play, Some(self.fault));
        let went = stage.take();
        let told = |complaint: String| format!("{complaint}\n{output:?}\n{}", listed(&went));
        self.outcome(&play, &output, &went).map_err(told)?;
        play.is_unharmed().map_err(told)?;
        if !matches!(self.expected(), Expected::Misled(_)) {
            play.keeps_list().map_err(told)?;
        }
        no_secret_is_told(stage, &play, &output, &went).map_err(told)?;
        if output.status.success() {
            return Ok(());
        }
        if !self.scenario.leaves_something() {
            return Ok(());
        }
        // Nothing that happened stands in the way of another attempt.
        stage.play(|_, _| None);
        let again = run(&play, None);
        stage.take();
        stage.elsewhere.take();
        if self.scenario == Scenario::Delete && again.status.code() == Some(4) {
            // It was deleted, and no list of it is of use to anyone.
            return Ok(());
        }
        ensure(again.status.success(), || format!("then again: {again:?}"))?;
        play.is_done(&again).map_err(told)
    }

    fn expected(&self) -> Expected {
        expected(self.scenario, &self.step, self.fault, self.lasting)
    }

    /// Has the fault happen to its request.
    fn play(&self, stage: &Stage) {
        let (scenario, fault, lasting) = (self.scenario, self.fault, self.lasting);
        let (wanted, largest, places) = (self.step.clone(), largest(stage), Places::of(stage));
        let begun = Cell::new(false);
        stage.play(move |step, exchange| {
            let strikes = *step == wanted || (begun.get() && lasting == Lasting::ForEver);
            begun.set(begun.get() || strikes);
            let fate = strikes.then(|| fault.fate(&places, exchange));
            scenario.fate(step, exchange, &largest, fate)
        });
    }

    fn outcome(
        &self,
        play: &Play,
        output: &Output,
        went: &[(Step, Exchange)],
    ) -> Result<(), String> {
        let happened = went.iter().any(|(step, _)| *step == self.step);
        ensure(happened, || "the request was never sent".to_owned())?;
        ensure(went.len() <= MOST_REQUESTS, || {
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
        let servers = [
            play.stage.front.address(),
            play.stage.realm.address(),
            play.stage.elsewhere.address(),
            play.stage.lists.address(),
        ];
        let named = servers.iter().any(|server| output.stderr.contains(server));
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
        let Fault::Status(429 | 503, With::Seconds | With::Date) = self.fault else {
            return Ok(());
        };
        // Those that begin uploads are on their way at the same time.
        if matches!(self.step.kind, Kind::Start | Kind::StartWhole) {
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

/// The password is for the token server, a token for the registry, and nothing of both
/// for anybody else.
fn no_secret_is_told(
    stage: &Stage,
    play: &Play,
    output: &Output,
    went: &[(Step, Exchange)],
) -> Result<(), String> {
    let basic = wharf_tests::http::basic(USER, PASSWORD);
    let mut secrets = vec![PASSWORD.to_owned(), basic.replace("Basic ", "")];
    for (step, exchange) in went {
        let Some(authorization) = exchange.header("authorization") else {
            continue;
        };
        let right = if step.kind == Kind::Token {
            authorization == basic
        } else {
            authorization.starts_with("Bearer ")
        };
        ensure(right, || format!("{step:?} told {authorization}"))?;
        if let Some(token) = authorization.strip_prefix("Bearer ") {
            secrets.push(token.to_owned());
        }
    }
    for exchange in stage.elsewhere.take() {
        let headers = format!("{:?} {}", exchange.headers, exchange.target);
        let told = exchange.authorized || secrets.iter().any(|secret| headers.contains(secret));
        ensure(!told, || format!("another origin was told: {headers}"))?;
    }
    let kept: Vec<_> = ["cache", "tmp", "work", "state", "data"]
        .iter()
        .flat_map(|name| wharf_tests::environment::files_below(&play.env.root().join(name)))
        .filter(|file| {
            file.metadata()
                .is_ok_and(|metadata| metadata.len() < 10_000)
        })
        .filter_map(|file| std::fs::read(file).ok())
        .map(|content| String::from_utf8_lossy(&content).into_owned())
        .collect();
    for secret in &secrets {
        let shown = output.stderr.contains(secret) || output.stdout.contains(secret);
        ensure(!shown, || "a secret is shown".to_owned())?;
        let written = kept.iter().any(|text| text.contains(secret));
        ensure(!written, || "a secret is written to disk".to_owned())?;
    }
    Ok(())
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

#[expect(clippy::print_stdout, reason = "the count and the time are a result")]
fn tell(line: &str) {
    println!("{line}");
}
