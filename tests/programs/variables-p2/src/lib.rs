//! Answers with its variables, over `fermyon:spin/variables@2.0.0` and
//! `wasi:config/store@0.2.0-draft-2024-09-27`: a line for the variable that the query
//! names, then all of them.

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

wit_bindgen::generate!({
    inline: "
        package wharf:tests;

        world needs-variables {
            import fermyon:spin/variables@2.0.0;
            import wasi:config/store@0.2.0-draft-2024-09-27;
        }

        package fermyon:spin@2.0.0 {
            interface variables {
                variant error {
                    invalid-name(string),
                    undefined(string),
                    provider(string),
                    other(string),
                }
                get: func(name: string) -> result<string, error>;
            }
        }

        package wasi:config@0.2.0-draft-2024-09-27 {
            interface store {
                variant error { upstream(string), io(string) }
                get: func(key: string) -> result<option<string>, error>;
                get-all: func() -> result<list<tuple<string, string>>, error>;
            }
        }
    ",
    world: "needs-variables",
    generate_all,
});

use fermyon::spin::variables;
use wasi::config::store;

wasip2::http::proxy::export!(NeedsVariables);

struct NeedsVariables;

impl Guest for NeedsVariables {
    fn handle(request: IncomingRequest, answer: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let name = path.split_once('?').map_or("", |(_, name)| name);
        let mut text = match variables::get(name) {
            Ok(value) => format!("{value}\n"),
            Err(error) => format!("{error:?}\n"),
        };
        text += &format!("{:?}\n", store::get(name).unwrap());
        for (name, value) in store::get_all().unwrap() {
            text += &format!("{name}={value}\n");
        }
        let response = OutgoingResponse::new(Fields::new());
        let body = response.body().unwrap();
        ResponseOutparam::set(answer, Ok(response));
        let stream = body.write().unwrap();
        stream.blocking_write_and_flush(text.as_bytes()).unwrap();
        drop(stream);
        OutgoingBody::finish(body, None).unwrap();
    }
}
