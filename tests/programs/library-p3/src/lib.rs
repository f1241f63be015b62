//! A dependency of other components, which uses what it can get of WASI 0.3.

use greeting::{Page, Target};
use wasip3::http::client;
use wasip3::http::types::{Fields, Request, Response, Scheme};
use wasip3::wit_future;

wit_bindgen::generate!({
    path: "../wit",
    world: "has-counter",
});

export!(Library);

struct Library;

impl exports::test::library::counter::Guest for Library {
    async fn ask(question: String) -> String {
        let mut page = Page::new("ASK", &question, Vec::new());
        if let Some(target) = page.outbound() {
            let outcome = send(target).await;
            page.outbound_came_to(outcome);
        }
        String::from_utf8(page.into_bytes()).unwrap()
    }
}

async fn send(target: &Target) -> Result<(u16, Vec<u8>), String> {
    let (no_trailers, trailers) = wit_future::new(|| Ok(None));
    drop(no_trailers);
    let (request, _sent) = Request::new(Fields::new(), None, trailers, None);
    let scheme = if target.secure {
        Scheme::Https
    } else {
        Scheme::Http
    };
    request.set_scheme(Some(&scheme)).unwrap();
    request.set_authority(Some(&target.authority)).unwrap();
    request.set_path_with_query(Some(&target.path)).unwrap();
    let response = client::send(request)
        .await
        .map_err(|code| format!("{code:?}"))?;
    let status = response.get_status_code();
    let (accepted, outcome) = wit_future::new(|| Ok(()));
    drop(accepted);
    let (body, _trailers) = Response::consume_body(response, outcome);
    Ok((status, body.collect().await))
}
