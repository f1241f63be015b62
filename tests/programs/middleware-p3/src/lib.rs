//! Middleware, which hands on each request and says so in the answer: in a header
//! `passed`, with what it can see of the environment.

wit_bindgen::generate!({
    path: [
        "../../../wit/deps/clocks.wit",
        "../../../wit/deps/random.wit",
        "../../../wit/deps/filesystem.wit",
        "../../../wit/deps/sockets.wit",
        "../../../wit/deps/cli.wit",
        "../../../wit/deps/http.wit",
    ],
    world: "wasi:http/middleware",
    generate_all,
});

use exports::wasi::http::handler::Guest;
use wasi::http::handler;
use wasi::http::types::{ErrorCode, Fields, Request, Response};

export!(Middleware);

struct Middleware;

impl Guest for Middleware {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let answer = handler::handle(request).await?;
        let secret = std::env::var("SECRET").unwrap_or_else(|_| "nothing".to_owned());
        let mut headers = answer.get_headers().copy_all();
        headers.push(("passed".to_owned(), secret.into_bytes()));
        let headers = Fields::from_list(&headers).unwrap();
        let status = answer.get_status_code();
        let (accepted, outcome) = wit_future::new(|| Ok(()));
        drop(accepted);
        let (body, trailers) = Response::consume_body(answer, outcome);
        let (answer, _sent) = Response::new(headers, Some(body), trailers);
        answer.set_status_code(status).unwrap();
        Ok(answer)
    }
}
