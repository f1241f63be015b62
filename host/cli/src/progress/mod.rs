//! How far a transfer is: bars where somebody looks at a terminal, few lines where
//! not, nothing when quiet. All on standard error.

mod bars;
mod tally;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{DecimalBytes, HumanCount};
use serde_json::json;
use wharf_host::{Event, Observer};

use crate::output::Output;
use crate::text::one_line;
use bars::Bars;
use tally::Tally;

/// Without a terminal: how often a line tells how much has moved. Long enough that a
/// transfer of minutes leaves a log that can be read, short enough that a CI system
/// does not take the job for dead.
const BETWEEN_LINES: Duration = Duration::from_secs(15);

/// Shows the events of transfers. Clones show the same.
#[derive(Clone)]
pub(crate) struct Progress {
    output: Output,
    bars: Option<Bars>,
    state: Arc<Mutex<State>>,
}

struct State {
    tally: Tally,
    told: Instant,
}

impl Progress {
    /// Shows what `output` allows.
    pub(crate) fn new(output: Output) -> Self {
        Self {
            output,
            bars: output.draws().then(Bars::new),
            state: Arc::new(Mutex::new(State {
                tally: Tally::default(),
                told: Instant::now(),
            })),
        }
    }

    /// Takes the bars off the screen: what comes next is the result or an error.
    pub(crate) fn clear(&self) {
        if let Some(bars) = &self.bars {
            bars.clear();
        }
    }

    /// One line at the start, and while it takes long one now and then.
    fn line(&self, event: &Event, state: &mut State) {
        match event {
            Event::Resolved(manifest) => {
                self.output.status(&format!("Manifest {}", manifest.digest));
            }
            Event::Planned(parts) => {
                state.told = Instant::now();
                self.output.status(&format!(
                    "{} parts, {} in all",
                    HumanCount(parts.len() as u64),
                    DecimalBytes(state.tally.planned()),
                ));
            }
            Event::Advanced { .. } if state.told.elapsed() >= BETWEEN_LINES => {
                state.told = Instant::now();
                self.output.status(&format!(
                    "{} of {}",
                    DecimalBytes(state.tally.done()),
                    DecimalBytes(state.tally.planned()),
                ));
            }
            Event::Note(text) => self.output.status(&format!("Note: {text}")),
            _ => {}
        }
    }
}

impl Observer for Progress {
    fn event(&self, event: Event) {
        // A count that a panic left half done is still good enough to be shown.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if self.output.shows_requests()
            && let Event::Requested {
                method,
                url,
                status,
                took,
            } = &event
        {
            let (milliseconds, answer) = (
                took.as_millis(),
                status.map_or("no answer".to_owned(), |status| status.to_string()),
            );
            self.output.request(
                &format!("{method} {url} -> {answer} ({milliseconds} ms)"),
                &json!({"method": method, "url": url, "status": status, "ms": milliseconds}),
            );
        }
        if let Event::Unverified { reason, .. } = &event {
            self.clear();
            self.output.warning(reason);
        }
        state.tally.event(&event);
        match &self.bars {
            Some(bars) => bars.event(&event, &state.tally),
            None => self.line(&event, &mut state),
        }
    }
}
