//! A greeting for hosts of `wasi:http/incoming-handler@0.2`.

use std::io::Read;

use greeting::{Page, Target};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, IncomingBody, IncomingRequest, Method, OutgoingBody, OutgoingRequest, OutgoingResponse,
    ResponseOutparam, Scheme,
};

wasip2::http::proxy::export!(Hello);

struct Hello;

impl Guest for Hello {
    fn handle(request: IncomingRequest, answer: ResponseOutparam) {
        let mut page = Page::new(
            &method(&request.method()),
            &request.path_with_query().unwrap_or_default(),
            request.headers().entries(),
        );
        if let Ok(body) = request.consume() {
            page.request_body(&whole(&body));
        }
        if let Some(target) = page.outbound() {
            let outcome = send(target);
            page.outbound_came_to(outcome);
        }
        let response = OutgoingResponse::new(Fields::new());
        let body = response.body().unwrap();
        ResponseOutparam::set(answer, Ok(response));
        let stream = body.write().unwrap();
        for chunk in page.into_bytes().chunks(4096) {
            stream.blocking_write_and_flush(chunk).unwrap();
        }
        drop(stream);
        OutgoingBody::finish(body, None).unwrap();
    }
}

fn send(target: &Target) -> Result<(u16, Vec<u8>), String> {
    let request = OutgoingRequest::new(Fields::new());
    let scheme = if target.secure {
        Scheme::Https
    } else {
        Scheme::Http
    };
    request.set_scheme(Some(&scheme)).unwrap();
    request.set_authority(Some(&target.authority)).unwrap();
    request.set_path_with_query(Some(&target.path)).unwrap();
    let answer = outgoing_handler::handle(request, None).map_err(|code| format!("{code:?}"))?;
    answer.subscribe().block();
    let answer = answer
        .get()
        .unwrap()
        .unwrap()
        .map_err(|code| format!("{code:?}"))?;
    Ok((answer.status(), whole(&answer.consume().unwrap())))
}

fn whole(body: &IncomingBody) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut stream = body.stream().unwrap();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

fn method(method: &Method) -> String {
    match method {
        Method::Other(name) => name.clone(),
        known => format!("{known:?}").replace("Method::", "").to_uppercase(),
    }
}
