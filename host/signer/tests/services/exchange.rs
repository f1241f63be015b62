use wharf_signer::keyless::{Answer, Exchange, ExchangeError, Request, Response};
use wharf_tests::http;

/// Sends requests as they are.
pub(crate) struct Plain;

impl Exchange for Plain {
    fn send(&self, request: Request) -> Answer<'_> {
        Box::pin(async move {
            let send = move || {
                let headers: Vec<(&str, &str)> = request
                    .headers
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect();
                http::request(request.method, &request.url, &headers, &request.body)
            };
            let answer = tokio::task::spawn_blocking(send)
                .await
                .expect("it is sent")
                .map_err(|error| ExchangeError(error.into()))?;
            Ok(Response {
                status: answer.status,
                location: answer.header("location").map(str::to_owned),
                body: answer.body,
            })
        })
    }
}
