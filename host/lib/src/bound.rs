//! What a guest may use of the machine: memory and processor time. How long the
//! world takes to answer does not count, see `wharf_net::Patience`.

use std::time::{Duration, Instant};

use wasmtime::{ResourceLimiter, UpdateDeadline};
use wharf_artifacts::REGISTRY_MEMORY_BYTES;

use crate::engine::TICK;

/// The bounds of one call, and how far they are used up.
#[derive(Debug)]
pub(crate) struct Bounds {
    processor: Duration,
    used: Duration,
    last_tick: Option<Instant>,
    /// The most linear memory, in bytes.
    most_memory: u64,
    memory_refused: bool,
    table_refused: bool,
    /// The most linear memory it has had, in bytes. It never shrinks.
    #[cfg(test)]
    pub(crate) memory: usize,
}

/// The most elements that a guest's table of functions may have.
const TABLE_ELEMENTS: usize = 100_000;

/// How many core instances, tables and memories a component may be made of, each. The
/// packager has about ten.
const PARTS: usize = 100;

impl Bounds {
    /// Nothing used yet, and the memory of the registry component.
    pub(crate) fn new(processor: Duration) -> Self {
        Self {
            processor,
            used: Duration::ZERO,
            last_tick: None,
            most_memory: REGISTRY_MEMORY_BYTES,
            memory_refused: false,
            table_refused: false,
            #[cfg(test)]
            memory: 0,
        }
    }

    /// The same with so many bytes of memory.
    pub(crate) fn with_memory(self, most: u64) -> Self {
        Self {
            most_memory: most,
            ..self
        }
    }

    /// To be called at every tick at which the guest runs, and then only: ticks at
    /// which it waits go by unnoticed. Time counts when two ticks follow one
    /// another, since a guest that runs at one may have begun a moment ago.
    pub(crate) fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        let now = Instant::now();
        if let Some(last) = self.last_tick {
            let since = now.duration_since(last);
            if since < TICK * 3 {
                self.used += since;
            }
        }
        self.last_tick = Some(now);
        if self.used > self.processor {
            return Err(wasmtime::Error::msg(
                "the guest's processor time is used up",
            ));
        }
        // Others want to run too: streams of this very guest, for example.
        Ok(UpdateDeadline::Yield(1))
    }

    /// Which bound a guest that failed had reached, if any.
    pub(crate) fn reached(&self) -> Option<String> {
        if self.used > self.processor {
            Some(format!(
                "it used more than {:?} of processor time",
                self.processor
            ))
        } else if self.memory_refused {
            Some(format!(
                "it asked for more than {} MiB of memory",
                self.most_memory / (1024 * 1024)
            ))
        } else if self.table_refused {
            Some(format!(
                "it asked for a table of more than {TABLE_ELEMENTS} elements"
            ))
        } else {
            None
        }
    }
}

impl ResourceLimiter for Bounds {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = desired as u64 <= self.most_memory;
        self.memory_refused |= !granted;
        #[cfg(test)]
        if granted {
            self.memory = self.memory.max(desired);
        }
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = desired <= TABLE_ELEMENTS;
        self.table_refused |= !granted;
        Ok(granted)
    }

    fn instances(&self) -> usize {
        PARTS
    }

    fn tables(&self) -> usize {
        PARTS
    }

    fn memories(&self) -> usize {
        PARTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROCESSOR_TIME: Duration = Duration::from_mins(1);

    #[test]
    fn only_ticks_that_follow_one_another_count() {
        let mut bounds = Bounds::new(Duration::ZERO);
        assert!(bounds.tick().is_ok());
        assert_eq!(bounds.reached(), None);
        bounds.last_tick = Instant::now().checked_sub(TICK * 10);
        assert!(bounds.tick().is_ok());
        bounds.last_tick = Instant::now().checked_sub(TICK);
        assert!(bounds.tick().is_err());
        assert!(bounds.reached().unwrap().contains("processor time"));
    }

    #[test]
    fn memory_has_a_bound() {
        const MIB: usize = 1024 * 1024;
        let bounds = || Bounds::new(PROCESSOR_TIME);
        for (mut bounds, most) in [(bounds(), 64), (bounds().with_memory(512 << 20), 512)] {
            assert!(bounds.memory_growing(0, most * MIB, None).unwrap());
            assert!(!bounds.memory_growing(0, most * MIB + 1, None).unwrap());
            assert_eq!(
                bounds.reached(),
                Some(format!("it asked for more than {most} MiB of memory"))
            );
        }
    }

    #[test]
    fn tables_have_a_bound() {
        let mut bounds = Bounds::new(PROCESSOR_TIME);
        assert!(bounds.table_growing(0, TABLE_ELEMENTS, None).unwrap());
        assert_eq!(bounds.reached(), None);
        assert!(!bounds.table_growing(0, TABLE_ELEMENTS + 1, None).unwrap());
        assert!(bounds.reached().unwrap().contains("100000 elements"));
        assert!(bounds.instances() <= 100 && bounds.tables() <= 100 && bounds.memories() <= 100);
    }
}
