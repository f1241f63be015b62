//! Work on several stages at a time.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::stage::Stage;
use crate::world::World;

/// Stages of one world, each with a worker.
pub(crate) struct Pool(Vec<Stage>);

/// What can be done on a stage.
pub(crate) trait Work: Sync {
    /// What it is called.
    fn name(&self) -> String;

    /// Whether it takes longer than most: what it does is wait.
    fn waits(&self) -> bool;

    /// Does it, as number `number`. Gives what there is to complain of.
    fn act(&self, stage: &Stage, number: usize) -> Result<(), String>;
}

/// What is to be done, from first to last.
struct Queue<'a, T> {
    work: Vec<(usize, &'a T)>,
    next: AtomicUsize,
}

impl Pool {
    /// One stage.
    pub(crate) fn new() -> Self {
        Self(vec![Stage::new(World::new())])
    }

    /// So many stages.
    pub(crate) fn grow(&mut self, count: usize) {
        let world = self.first().world.clone();
        let more = count.saturating_sub(self.0.len());
        thread::scope(|scope| {
            let start = |world: Arc<World>| scope.spawn(move || Stage::new(world));
            let starting: Vec<_> = (0..more).map(|_| start(world.clone())).collect();
            for one in starting {
                self.0.push(one.join().expect("it starts"));
            }
        });
    }

    /// One of the stages.
    pub(crate) fn first(&self) -> &Stage {
        &self.0[0]
    }

    /// Does all of it, in order: what waits on so many of the stages, and the rest on the
    /// others. Gives what there is to complain of; what a test asserts is a complaint
    /// like any other.
    pub(crate) fn each<T: Work>(&self, work: &[T], waiting: usize) -> Vec<String> {
        let (long, short) = (Queue::of(work, true), Queue::of(work, false));
        let complaints = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for (number, stage) in self.0.iter().enumerate() {
                // Whoever is done with the one goes on with the other.
                let queues = if number < waiting {
                    [&long, &short]
                } else {
                    [&short, &long]
                };
                let complaints = &complaints;
                scope.spawn(move || {
                    let next = || queues.into_iter().find_map(Queue::next);
                    for (number, one) in std::iter::from_fn(next) {
                        if let Err(complaint) = carefully(stage, number, one) {
                            let mut complaints =
                                complaints.lock().unwrap_or_else(PoisonError::into_inner);
                            complaints.push(format!("{}: {complaint}", one.name()));
                        }
                    }
                });
            }
        });
        complaints
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a, T: Work> Queue<'a, T> {
    fn of(work: &'a [T], waits: bool) -> Self {
        let work = work.iter().enumerate();
        Self {
            work: work.filter(|(_, one)| one.waits() == waits).collect(),
            next: AtomicUsize::new(0),
        }
    }

    fn next(&self) -> Option<(usize, &'a T)> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        self.work.get(next).copied()
    }
}

fn carefully(stage: &Stage, number: usize, work: &impl Work) -> Result<(), String> {
    let acting = AssertUnwindSafe(|| work.act(stage, number));
    panic::catch_unwind(acting).unwrap_or_else(|panic| {
        // What it left is not the next one's.
        stage.take();
        stage.elsewhere.take_all();
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.unwrap_or_else(|| "it panicked".to_owned()))
    })
}
