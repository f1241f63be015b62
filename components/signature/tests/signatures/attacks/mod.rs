//! What an attacker who may write to the registry tries, signatures by key.

mod crowds;
mod layers;
mod requirements;
mod statements;

use wharf_signature::making;
use wharf_signature::{Evidence, Finding, Format};

use crate::sample::*;

fn key() -> Key {
    Key::new(1)
}

fn stranger() -> Key {
    Key::new(2)
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn our_bundle() -> Vec<u8> {
    key().bundle(&statement(subject()))
}

/// A bundle of any statement, with any message signed by any key, that says it is ours.
fn forged(payload: &[u8], signature: &[u8]) -> Vec<u8> {
    let signed = key().signed(&statement(subject()), Format::Bundle);
    let bundle = making::bundle(&signed, &key().proof()).unwrap();
    let bundle = altered(&bundle, &base64(&signed.payload), &base64(payload));
    altered(&bundle, &base64(&signed.signature), &base64(signature))
}

/// A bundle of any payload, signed by us.
fn resigned(payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 28 application/vnd.in-toto+json {} ", payload.len());
    forged(payload, &key().sign(&[head.as_bytes(), payload].concat()))
}

#[track_caller]
fn judged(bundle: Vec<u8>) -> Finding {
    finding(Evidence::Bundle(bundle), &us(&key()))
}

/// A legacy manifest with one layer: any payload, signed by us, and any annotations more.
fn legacy(payload: &[u8], more: &str) -> Evidence {
    let signature = base64(&key().sign(payload));
    layered(
        payload,
        &format!(r#""dev.cosignproject.cosign/signature":"{signature}"{more}"#),
    )
}

fn layered(payload: &[u8], annotations: &str) -> Evidence {
    let content = format!(
        r#"{{"schemaVersion":2,"config":{{"mediaType":"a/b","digest":"{}","size":2}},"layers":[{{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json","digest":"{}","size":{},"annotations":{{{annotations}}}}}]}}"#,
        digest(b"{}"),
        digest(payload),
        payload.len(),
    );
    manifest(content, &[payload])
}

fn payload() -> Vec<u8> {
    key().signed(&statement(subject()), Format::Legacy).payload
}
