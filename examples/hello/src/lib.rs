//! Answers every request with a greeting that the environment may change.

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn hello(request: Request) -> impl IntoResponse {
    let greeting = std::env::var("GREETING").unwrap_or_else(|_| "Hello".to_owned());
    format!("{greeting} from {}\n", request.uri().path())
}
