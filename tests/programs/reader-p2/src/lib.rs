//! An HTTP component that answers with what its dependency says, over
//! `wasi:http/incoming-handler@0.2`.

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

wit_bindgen::generate!({
    path: "../wit",
    world: "needs-desk",
});

use test::library::desk;

wasip2::http::proxy::export!(Reader);

struct Reader;

impl Guest for Reader {
    fn handle(request: IncomingRequest, answer: ResponseOutparam) {
        let text = desk::ask(&request.path_with_query().unwrap_or_default());
        let response = OutgoingResponse::new(Fields::new());
        let body = response.body().unwrap();
        ResponseOutparam::set(answer, Ok(response));
        let stream = body.write().unwrap();
        for chunk in text.as_bytes().chunks(4096) {
            stream.blocking_write_and_flush(chunk).unwrap();
        }
        drop(stream);
        OutgoingBody::finish(body, None).unwrap();
    }
}
