//! What a guest reports becomes events for the observer. Guests may say anything:
//! what is no descriptor is dropped, and texts are cleaned.

use wharf_oci::problem::clean;

use crate::bindings::{progress, types};
use crate::progress::Event;
use crate::state::State;

/// How many characters of a guest's note are passed on.
const NOTE_CHARS: usize = 500;

impl progress::Host for State {
    fn report(&mut self, event: progress::Event) -> wasmtime::Result<()> {
        let of = |descriptor: types::Descriptor, event: fn(wharf_oci::Descriptor) -> Event| {
            descriptor.try_into().ok().map(event)
        };
        let event = match event {
            progress::Event::Resolved(descriptor) => of(descriptor, Event::Resolved),
            progress::Event::Planned(all) => {
                let all = all.into_iter().filter_map(|one| one.try_into().ok());
                Some(Event::Planned(all.collect()))
            }
            progress::Event::Started(descriptor) => of(descriptor, Event::Started),
            progress::Event::Finished(descriptor) => of(descriptor, Event::Finished),
            progress::Event::Skipped(descriptor) => of(descriptor, Event::Skipped),
            progress::Event::Note(text) | progress::Event::Other(text) => {
                let text = self.vault.stand_ins.hide(text);
                Some(Event::Note(clean(&text, NOTE_CHARS)))
            }
        };
        if let Some(event) = event {
            self.observer.event(event);
        }
        Ok(())
    }
}
