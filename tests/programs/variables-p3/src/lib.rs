//! Answers with the variable that the query names, over `spin:variables/variables@3.0.0`.

use wasip3::exports::http::handler::Guest;
use wasip3::http::types::{ErrorCode, Fields, Request, Response};
use wasip3::{wit_future, wit_stream};

wit_bindgen::generate!({
    inline: "
        package wharf:tests;

        world needs-variables {
            import spin:variables/variables@3.0.0;
        }

        package spin:variables@3.0.0 {
            interface variables {
                variant error {
                    invalid-name(string),
                    undefined(string),
                    provider(string),
                    other(string),
                }
                get: async func(name: string) -> result<string, error>;
            }
        }
    ",
    world: "needs-variables",
    generate_all,
});

use spin::variables::variables;

wasip3::http::service::export!(NeedsVariables);

struct NeedsVariables;

impl Guest for NeedsVariables {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let path = request.get_path_with_query().unwrap_or_default();
        let name = path.split_once('?').map_or("", |(_, name)| name);
        let text = match variables::get(name.to_owned()).await {
            Ok(value) => format!("{value}\n"),
            Err(error) => format!("{error:?}\n"),
        };
        let (mut writer, body) = wit_stream::new();
        let (no_trailers, trailers) = wit_future::new(|| Ok(None));
        drop(no_trailers);
        let (response, _sent) = Response::new(Fields::new(), Some(body), trailers);
        wasip3::spawn(async move {
            writer.write_all(text.into_bytes()).await;
        });
        Ok(response)
    }
}
