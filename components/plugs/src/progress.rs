//! What the components tell as it happens: what a person may want to know goes to standard
//! error, and the rest nowhere. The command says at the end what was done.

use crate::bindings::Component;
use crate::bindings::progress::{Event, Guest};

impl Guest for Component {
    fn report(event: Event) {
        if let Event::Note(text) = event {
            #[expect(clippy::print_stderr, reason = "this is what it is for")]
            {
                eprintln!("note: {text}");
            }
        }
    }
}
