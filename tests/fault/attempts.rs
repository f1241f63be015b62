//! Further attempts, after one that failed: nothing that happened stands in their way.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use wharf_tests::environment::files_below;

use crate::case::LIMIT;
use crate::play::Play;
use crate::scenario::Scenario;
use crate::secrets::SMALL_BYTES;
use crate::step::Door;

/// From which states a further attempt was seen to succeed. The same command that finds
/// the same does the same, so that once is enough.
#[derive(Default)]
pub(crate) struct Attempts {
    succeed: Mutex<HashSet<(Scenario, String)>>,
    count: AtomicUsize,
}

impl Attempts {
    /// Has a scenario's command try again, undisturbed. It must complete what it is for.
    pub(crate) fn again(&self, play: &Play<'_>) -> Result<(), String> {
        self.count.fetch_add(1, Ordering::Relaxed);
        let found = (play.scenario, play.found());
        if self.succeed().contains(&found) {
            return Ok(());
        }
        play.stage.play(|_, _| None);
        let again = play.command(&[]).limit(LIMIT).run();
        drop((play.stage.take(), play.stage.elsewhere.take_all()));
        play.is_done_at_last(&again)?;
        self.succeed().insert(found);
        Ok(())
    }

    /// How many there were, and from how many states.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.count.load(Ordering::Relaxed), self.succeed().len())
    }

    fn succeed(&self) -> MutexGuard<'_, HashSet<(Scenario, String)>> {
        self.succeed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Play<'_> {
    /// All that the command finds: the files of the environment, and what the repository
    /// has, told so that it is the same at each stage, in each case and at any time.
    fn found(&self) -> String {
        let (root, app) = (self.env.root(), self.env.work().join("app"));
        let mut found: Vec<String> = files_below(root)
            .into_iter()
            // It only reads it.
            .filter(|file| !file.starts_with(&app))
            .map(|file| {
                let content = fs::read(&file).unwrap_or_default();
                let content = if (content.len() as u64) < SMALL_BYTES {
                    self.without_place(&String::from_utf8_lossy(&content))
                } else {
                    wharf_tests::digest(&content)
                };
                let place = file.strip_prefix(root).unwrap_or(&file).display();
                format!("{place}: {content}\n")
            })
            .collect();
        found.sort();
        let mut found = found.concat();
        if self.scenario.based_on().is_some() {
            for (place, link) in self.stage.world.registry.links(&self.repository) {
                let _ = writeln!(found, "{}: {link}", place.display());
            }
        }
        wharf_tests::digest(found.as_bytes())
    }

    /// A text without what stage, case and time it is of.
    fn without_place(&self, text: &str) -> String {
        let mut text = text.replace(&self.repository, "repository");
        for door in Door::ALL {
            text = text.replace(&self.stage.address(door), &format!("{door:?}"));
        }
        // When names were seen.
        let mut parts = text.split("\"dev.wharf.seen\": \"");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            text + part.split_once('"').map_or(part, |(_, rest)| rest)
        })
    }
}
