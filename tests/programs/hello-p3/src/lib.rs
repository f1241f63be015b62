//! A greeting for hosts of `wasi:http/handler@0.3`.

use greeting::{Page, Target};
use wasip3::exports::http::handler::Guest;
use wasip3::http::client;
use wasip3::http::types::{ErrorCode, Fields, Method, Request, Response, Scheme};
use wasip3::{wit_future, wit_stream};

wasip3::http::service::export!(Hello);

struct Hello;

impl Guest for Hello {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let mut page = Page::new(
            &method(&request.get_method()),
            &request.get_path_with_query().unwrap_or_default(),
            request.get_headers().copy_all(),
        );
        let (accepted, outcome) = wit_future::new(|| Ok(()));
        drop(accepted);
        let (body, _trailers) = Request::consume_body(request, outcome);
        page.request_body(&body.collect().await);
        if let Some(target) = page.outbound() {
            let outcome = send(target).await;
            page.outbound_came_to(outcome);
        }
        let (mut writer, body) = wit_stream::new();
        let (no_trailers, trailers) = wit_future::new(|| Ok(None));
        drop(no_trailers);
        let (response, _sent) = Response::new(Fields::new(), Some(body), trailers);
        wasip3::spawn(async move {
            writer.write_all(page.into_bytes()).await;
        });
        Ok(response)
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

fn method(method: &Method) -> String {
    match method {
        Method::Other(name) => name.clone(),
        known => format!("{known:?}").replace("Method::", "").to_uppercase(),
    }
}
