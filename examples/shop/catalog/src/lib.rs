//! The catalogue: `/api/items` lists what is for sale, `/api/items/:sku` describes one
//! item. Prices are in the currency that the environment names.

use serde_json::{Value, json};
use spin_sdk::http::{IntoResponse, Json, Request, StatusCode};
use spin_sdk::http_service;

struct Item {
    sku: &'static str,
    name: &'static str,
    price: u32,
}

const ITEMS: [Item; 3] = [
    Item {
        sku: "rope",
        name: "Mooring rope",
        price: 40,
    },
    Item {
        sku: "lamp",
        name: "Storm lamp",
        price: 25,
    },
    Item {
        sku: "chart",
        name: "Harbour chart",
        price: 12,
    },
];

#[http_service]
async fn catalog(request: Request) -> impl IntoResponse {
    let currency = std::env::var("CURRENCY").unwrap_or_else(|_| "EUR".to_owned());
    // What stands for `:sku` in the address, where the route has one.
    let Some(sku) = request.headers().get("spin-path-match-sku") else {
        let all = ITEMS.iter().map(|item| describe(item, &currency));
        return (StatusCode::OK, Json(all.collect()));
    };
    match ITEMS.iter().find(|item| item.sku == sku) {
        Some(item) => (StatusCode::OK, Json(describe(item, &currency))),
        None => (
            StatusCode::NOT_FOUND,
            Json(json!({ "error": "no such item" })),
        ),
    }
}

fn describe(item: &Item, currency: &str) -> Value {
    json!({
        "sku": item.sku,
        "name": item.name,
        "price": item.price,
        "currency": currency,
    })
}
