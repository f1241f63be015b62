//! An HTTP component that needs Spin's key-value interface.

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{Fields, IncomingRequest, OutgoingResponse, ResponseOutparam};

wit_bindgen::generate!({
    inline: "
        package wharf:tests;

        world needs-key-value {
            import fermyon:spin/key-value@2.0.0;
        }

        package fermyon:spin@2.0.0 {
            interface key-value {
                variant error {
                    store-table-full,
                    no-such-store,
                    access-denied,
                    other(string),
                }
                resource store {
                    open: static func(label: string) -> result<store, error>;
                    get: func(key: string) -> result<option<list<u8>>, error>;
                }
            }
        }
    ",
    world: "needs-key-value",
    generate_all,
});

use fermyon::spin::key_value::Store;

wasip2::http::proxy::export!(NeedsKeyValue);

struct NeedsKeyValue;

impl Guest for NeedsKeyValue {
    fn handle(_request: IncomingRequest, answer: ResponseOutparam) {
        let found = Store::open("default").and_then(|store| store.get("greeting"));
        let response = OutgoingResponse::new(Fields::new());
        let status = if found.is_ok() { 200 } else { 500 };
        response.set_status_code(status).unwrap();
        ResponseOutparam::set(answer, Ok(response));
    }
}
