//! An HTTP component that answers with what its dependency says, written as users of
//! Spin write them.

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

wit_bindgen::generate!({
    path: "../wit",
    world: "needs-counter",
});

use test::library::counter;

#[http_service]
async fn answer(request: Request) -> impl IntoResponse {
    counter::ask(request.uri().to_string()).await
}
