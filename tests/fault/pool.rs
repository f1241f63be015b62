//! Work on several stages at a time.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::stage::Stage;
use crate::world::World;

/// Stages of one world, each with a worker.
pub(crate) struct Pool(Vec<Stage>);

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

    /// Has the workers take what is to be done, in order, until nothing is left. Gives
    /// what there is to complain of; what a test asserts is a complaint like any other.
    pub(crate) fn each<T: Sync>(
        &self,
        work: &[T],
        name: impl Fn(&T) -> String + Sync,
        act: impl Fn(&Stage, usize, &T) -> Result<(), String> + Sync,
    ) -> Vec<String> {
        let next = AtomicUsize::new(0);
        let complaints = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for stage in &self.0 {
                let (next, complaints, name, act) = (&next, &complaints, &name, &act);
                scope.spawn(move || {
                    loop {
                        let number = next.fetch_add(1, Ordering::SeqCst);
                        let Some(one) = work.get(number) else { break };
                        let acting = AssertUnwindSafe(|| act(stage, number, one));
                        let acted = panic::catch_unwind(acting).unwrap_or_else(|panic| {
                            // What it left is not the next one's.
                            stage.take();
                            let text = panic.downcast_ref::<String>().cloned();
                            Err(text.unwrap_or_else(|| "it panicked".to_owned()))
                        });
                        if let Err(complaint) = acted {
                            let mut complaints = complaints.lock().expect("nobody panics with it");
                            complaints.push(format!("{}: {complaint}", name(one)));
                        }
                    }
                });
            }
        });
        complaints.into_inner().expect("nobody panicked with it")
    }
}
