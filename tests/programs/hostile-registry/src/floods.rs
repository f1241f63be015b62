//! Using up what is shared: memory, time, requests, handles, bytes.

use crate::attacks::Place;
use crate::requests::{Ask, Sent};
use crate::wasi::http::types::{Fields, Response};
use crate::wharf::oci::content_store;
use crate::{wit_future, wit_stream};

/// Runs the attack, if it is one of these.
pub async fn run(attack: &str, place: &Place<'_>) -> Option<String> {
    let tag = format!("/v2/{}/manifests/x", place.repository);
    Some(match attack {
        "endless-loop" => endless_loop(),
        "endless-memory" => endless_memory(),
        "endless-requests" => {
            let mut sent = 0_u64;
            loop {
                match Ask::get(place.registry, &tag).send().await {
                    Sent::Answered(_) => sent += 1,
                    Sent::Failed(why) => break format!("refused: {why} after {sent}"),
                }
            }
        }
        "endless-handles" => {
            let mut kept = Vec::new();
            loop {
                kept.push(Fields::new());
            }
        }
        "endless-streams" => {
            let mut kept = Vec::new();
            loop {
                kept.push(wit_stream::new::<u8>());
            }
        }
        "many-fields" => {
            let mut ask = Ask::get(place.registry, &tag);
            for _ in 0..1000 {
                ask = ask.header("x-field", "x");
            }
            match ask.send().await {
                Sent::Answered(status) => format!("SUCCEEDED: answered with {status}"),
                Sent::Failed(why) => format!("refused: {why}"),
            }
        }
        "large-fields" => {
            let ask = Ask::get(place.registry, &tag).header("x-field", "x".repeat(1 << 20));
            match ask.send().await {
                Sent::Answered(status) => format!("SUCCEEDED: answered with {status}"),
                Sent::Failed(why) => format!("refused: {why}"),
            }
        }
        "bytes-out" => {
            let ask = Ask::get(place.registry, &tag).body(vec![7; 1 << 20]);
            // Without a length, a GET is sent without its body.
            let ask = ask.header("content-length", (1 << 20).to_string());
            match ask.send().await {
                Sent::Answered(status) => format!("SUCCEEDED: answered with {status}"),
                Sent::Failed(why) => format!("refused: {why}"),
            }
        }
        "bytes-in" => match Ask::get(place.registry, &tag).answered().await {
            Ok(response) => read(response).await,
            Err(why) => format!("refused: {why}"),
        },
        // Nothing hostile, only unusual.
        "read-and-handed-on" => match Ask::get(place.registry, &tag).answered().await {
            Ok(response) => read_and_handed_on(response).await,
            Err(why) => format!("refused: {why}"),
        },
        _ => return None,
    })
}

/// Reads an answer to its end.
async fn read(response: Response) -> String {
    use wit_bindgen::rt::async_support::StreamResult;
    let (accepted, outcome) = wit_future::new(|| Ok(()));
    drop(accepted);
    let (mut stream, end) = Response::consume_body(response, outcome);
    let mut bytes = 0;
    loop {
        let (result, chunk) = stream.read(Vec::with_capacity(16 * 1024)).await;
        bytes += chunk.len();
        if !matches!(result, StreamResult::Complete(_)) {
            break;
        }
    }
    match end.await {
        Ok(_) => format!("SUCCEEDED: {bytes} bytes came"),
        Err(code) => format!("refused: {code:?} after {bytes} bytes"),
    }
}

/// Reads the first four bytes of an answer, and has the store keep the others.
async fn read_and_handed_on(response: Response) -> String {
    let (accepted, outcome) = wit_future::new(|| Ok(()));
    drop(accepted);
    let (mut stream, end) = Response::consume_body(response, outcome);
    let (_, first) = stream.read(Vec::with_capacity(4)).await;
    let kept = content_store::add(stream).await;
    let end = end.await.map(|_| ());
    format!("read {first:?}, kept {kept:?}, ended {end:?}")
}

fn endless_loop() -> String {
    let mut turns = 0_u64;
    loop {
        turns = std::hint::black_box(turns.wrapping_add(1));
    }
}

fn endless_memory() -> String {
    let mut kept = Vec::new();
    loop {
        kept.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
}
