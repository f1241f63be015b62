//! An HTTP component that traps on every request.

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

wasip2::http::proxy::export!(Trap);

struct Trap;

impl Guest for Trap {
    fn handle(_request: IncomingRequest, _answer: ResponseOutparam) {
        std::process::abort();
    }
}
