//! Bars on a terminal: one for all that moves, and one for each of the first few
//! pieces that are on their way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use wharf_host::{Descriptor, Digest, Event};

use super::{Tally, one_line};

/// How many pieces have bars of their own, so that the bars fit on a small screen.
const PIECES: usize = 6;

/// How much of a digest tells pieces apart.
const SHORT_DIGEST: usize = 12;

/// The bars on the screen. Clones are the same bars.
#[derive(Clone)]
pub(super) struct Bars {
    screen: MultiProgress,
    total: ProgressBar,
    pieces: Arc<Mutex<HashMap<Digest, ProgressBar>>>,
}

impl Bars {
    /// Bars on standard error. Nothing is drawn before there is a plan.
    pub(super) fn new() -> Self {
        Self {
            screen: MultiProgress::new(),
            total: ProgressBar::hidden(),
            pieces: Arc::default(),
        }
    }

    /// Draws what an event changed. `tally` has the event counted already.
    pub(super) fn event(&self, event: &Event, tally: &Tally) {
        // The map is whole after every line that changes it.
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Planned(_) => {
                self.total.set_style(style(
                    "{bar:30} {decimal_bytes}/{decimal_total_bytes}  {decimal_bytes_per_sec}",
                ));
                self.total.set_length(tally.planned());
                self.total.reset();
                self.screen.add(self.total.clone());
            }
            Event::Started(content) => {
                if let Some(bar) = pieces.get(&content.digest) {
                    bar.set_position(0);
                } else if pieces.len() < PIECES {
                    let bar = self.screen.insert_before(&self.total, piece(content));
                    pieces.insert(content.digest.clone(), bar);
                }
            }
            Event::Advanced { digest, .. } => {
                if let (Some(bar), Some(moved)) = (pieces.get(digest), tally.moved(digest)) {
                    bar.set_position(moved);
                }
            }
            Event::Finished(content) | Event::Skipped(content) => {
                if let Some(bar) = pieces.remove(&content.digest) {
                    bar.finish_and_clear();
                    self.screen.remove(&bar);
                }
            }
            Event::Note(text) => {
                // Lost only where the terminal is.
                let _ = self.screen.println(format!("Note: {}", one_line(text)));
            }
            _ => {}
        }
        self.total.set_position(tally.done());
    }

    /// Takes all of them off the screen.
    pub(super) fn clear(&self) {
        self.total.finish_and_clear();
        self.pieces
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        // As above.
        let _ = self.screen.clear();
    }
}

fn piece(content: &Descriptor) -> ProgressBar {
    let name: String = content.digest.hex().chars().take(SHORT_DIGEST).collect();
    ProgressBar::new(content.size)
        .with_style(style(
            "{bar:30} {decimal_bytes}/{decimal_total_bytes}  {msg}",
        ))
        .with_message(name)
}

/// A style of our own, or the default one where the template is not understood.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_follow_the_events_and_go_away() {
        let bars = Bars::new();
        let mut tally = Tally::default();
        let content: Vec<Descriptor> = ('0'..='9')
            .map(|letter| {
                let digest = format!("sha256:{}", letter.to_string().repeat(64));
                Descriptor::new("application/octet-stream", digest.parse().unwrap(), 10)
            })
            .collect();
        let mut tell = |event: Event| {
            tally.event(&event);
            bars.event(&event, &tally);
        };
        tell(Event::Planned(content.clone()));
        for content in &content {
            tell(Event::Started(content.clone()));
        }
        assert_eq!(bars.pieces.lock().unwrap().len(), PIECES);
        tell(Event::Advanced {
            digest: content[0].digest.clone(),
            bytes: 7,
        });
        assert_eq!(bars.total.position(), 7);
        for content in &content {
            tell(Event::Finished(content.clone()));
        }
        assert_eq!(bars.total.position(), 100);
        assert_eq!(bars.total.length(), Some(100));
        bars.clear();
        assert!(bars.pieces.lock().unwrap().is_empty());
    }
}
