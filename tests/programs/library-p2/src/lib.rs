//! A dependency of other components, which uses what it can get of WASI 0.2.

use std::io::Read;

use greeting::{Page, Target};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{Fields, OutgoingRequest, Scheme};

wit_bindgen::generate!({
    path: "../wit",
    world: "has-desk",
});

export!(Library);

struct Library;

impl exports::test::library::desk::Guest for Library {
    fn ask(question: String) -> String {
        let mut page = Page::new("ASK", &question, Vec::new());
        if let Some(target) = page.outbound() {
            let outcome = send(target);
            page.outbound_came_to(outcome);
        }
        String::from_utf8(page.into_bytes()).unwrap()
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
    let mut body = Vec::new();
    let content = answer.consume().unwrap();
    content.stream().unwrap().read_to_end(&mut body).unwrap();
    Ok((answer.status(), body))
}
