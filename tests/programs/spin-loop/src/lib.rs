//! An HTTP component that never answers and never rests.

use std::hint::black_box;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

wasip2::http::proxy::export!(SpinLoop);

struct SpinLoop;

impl Guest for SpinLoop {
    fn handle(_request: IncomingRequest, _answer: ResponseOutparam) {
        let mut turns = 0_u64;
        loop {
            turns = black_box(turns.wrapping_add(1));
        }
    }
}
