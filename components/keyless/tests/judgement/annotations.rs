//! Signatures in cosign's annotations.

use serde_json::Value;
use sigstore_verify::types::Sha256Hash;
use wharf_keyless::{Certified, Legacy, Options, Problem};

use crate::vector::{
    IGNORE_LOG, IGNORE_SCT, SIGNED, STRICT, assert_wrong, decoded, json, read, recode, replace,
    root,
};

/// The annotations of a layer, and the layer.
#[derive(Clone)]
pub(crate) struct Layer {
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) certificate: String,
    pub(crate) chain: Option<String>,
    pub(crate) log_entry: Option<String>,
    pub(crate) timestamp: Option<Vec<u8>>,
}

impl Layer {
    /// The one of a vector.
    pub(crate) fn of(vector: &str) -> Layer {
        let path = |name: &str| format!("virtual/{vector}/legacy/{name}");
        let has = |name: &str| {
            std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/vectors")
                .join(path(name))
                .exists()
        };
        let text = |name: &str| has(name).then(|| String::from_utf8(read(&path(name))).unwrap());
        Layer {
            payload: read(&path("payload.json")),
            signature: decoded(&Value::from(text("signature").unwrap().trim())),
            certificate: text("certificate.pem").unwrap_or_default(),
            chain: text("chain.pem"),
            log_entry: text("bundle.json"),
            timestamp: has("timestamp.json").then(|| read(&path("timestamp.json"))),
        }
    }

    pub(crate) fn legacy(&self) -> Legacy<'_> {
        Legacy {
            payload: &self.payload,
            signature: &self.signature,
            certificate: &self.certificate,
            chain: self.chain.as_deref(),
            log_entry: self.log_entry.as_deref(),
            timestamp: self.timestamp.as_deref(),
        }
    }

    fn judge(&self, options: &Options) -> Result<Certified, Problem> {
        wharf_keyless::legacy(&root(), &self.legacy(), options)
    }

    fn alter_entry(&mut self, alter: impl FnOnce(&mut Value)) {
        let mut entry = serde_json::from_str(self.log_entry.as_deref().unwrap()).unwrap();
        alter(&mut entry);
        self.log_entry = Some(entry.to_string());
    }
}

#[track_caller]
fn wrong(layer: &Layer, says: &str) {
    assert_wrong("annotations", &layer.judge(&STRICT), says);
}

#[track_caller]
fn unusable(layer: &Layer) {
    let judged = layer.judge(&STRICT);
    assert!(matches!(judged, Err(Problem::Unusable(_))), "{judged:?}");
}

#[test]
fn annotations_are_accepted() {
    let certified = Layer::of("right").judge(&STRICT).unwrap();
    assert_eq!(certified.name, "ann@wharf.test");
    assert_eq!(certified.issuer, "https://issuer.wharf.test");
    assert_eq!(certified.time, Some(SIGNED));
    assert!(certified.logged);
    let text = "whether the log has the entry that it promised";
    assert_eq!(certified.unchecked, [text]);
}

#[test]
fn a_timestamp_may_be_given_as_it_is() {
    let mut layer = Layer::of("right");
    layer.timestamp = Some(read("virtual/right/legacy/timestamp.der"));
    layer.judge(&STRICT).unwrap();
}

#[test]
fn annotations_without_timestamp_or_chain_are_accepted() {
    let mut layer = Layer::of("right");
    layer.timestamp = None;
    layer.chain = None;
    layer.judge(&STRICT).unwrap();
}

#[test]
fn annotations_without_log_entry_need_a_timestamp() {
    let mut layer = Layer::of("right");
    layer.log_entry = None;
    wrong(&layer, "no entry in a transparency log");
    assert!(!layer.judge(&IGNORE_LOG).unwrap().logged);
    layer.timestamp = None;
    assert_wrong("none", &layer.judge(&IGNORE_LOG), "no entry");
}

#[test]
fn each_annotation_of_another_signature_is_wrong() {
    for other in ["again", "other-digest"] {
        let other = Layer::of(other);
        let right = Layer::of("right");
        let swaps: [fn(&mut Layer, Layer); 5] = [
            |layer, other| layer.payload = other.payload,
            |layer, other| layer.signature = other.signature,
            |layer, other| layer.certificate = other.certificate,
            |layer, other| layer.log_entry = other.log_entry,
            |layer, other| layer.timestamp = other.timestamp,
        ];
        for (place, swap) in swaps.into_iter().enumerate() {
            // Two signatures of one manifest have one payload.
            if place == 0 && other.payload == right.payload {
                continue;
            }
            let mut layer = right.clone();
            swap(&mut layer, other.clone());
            wrong(&layer, "");
        }
    }
}

#[test]
fn a_payload_that_was_altered_is_wrong() {
    let mut layer = Layer::of("right");
    layer.payload.push(b' ');
    wrong(&layer, "");
}

#[test]
fn a_log_entry_that_was_altered_is_wrong() {
    let alterations: [fn(&mut Value); 4] = [
        |entry| entry["Payload"]["integratedTime"] = (SIGNED - 1).into(),
        |entry| entry["Payload"]["logIndex"] = 1.into(),
        |entry| recode(&mut entry["SignedEntryTimestamp"], |set| set.push(0)),
        |entry| {
            recode(&mut entry["Payload"]["body"], |body| {
                replace(body, b"sha256", b"sha512");
            });
        },
    ];
    for alter in alterations {
        let mut layer = Layer::of("right");
        layer.alter_entry(alter);
        wrong(&layer, "");
    }
}

#[test]
fn the_promise_of_another_entry_is_wrong() {
    let mut again = Value::Null;
    Layer::of("again").alter_entry(|entry| again = entry["SignedEntryTimestamp"].clone());
    let mut layer = Layer::of("right");
    layer.alter_entry(|entry| entry["SignedEntryTimestamp"] = again);
    wrong(&layer, "SET");
}

#[test]
fn an_entry_of_an_unknown_log_is_wrong() {
    wrong(&Layer::of("foreign-log"), "does not have");
    let mut layer = Layer::of("right");
    layer.alter_entry(|entry| entry["Payload"]["logID"] = "00".repeat(32).into());
    wrong(&layer, "does not have");
}

#[test]
fn a_chain_of_another_authority_is_wrong() {
    let mut layer = Layer::of("right");
    layer.chain = Layer::of("foreign").chain;
    wrong(&layer, "has no part in it");
}

#[test]
fn what_is_wrong_in_a_bundle_is_wrong_in_annotations() {
    wrong(&Layer::of("expired"), "xpired");
    wrong(&Layer::of("no-sct"), "signed certificate timestamp");
    wrong(&Layer::of("foreign-timestamp"), "RFC 3161");
    wrong(&Layer::of("no-log"), "no entry");
    Layer::of("no-sct").judge(&IGNORE_SCT).unwrap();
    let judged = Layer::of("foreign").judge(&STRICT);
    assert!(matches!(judged, Err(Problem::Foreign(_))), "{judged:?}");
}

#[test]
fn annotations_of_the_future_are_wrong() {
    let early = Options {
        now: SIGNED - 1,
        ..STRICT
    };
    let judged = Layer::of("right").judge(&early);
    assert_wrong("annotations", &judged, "lies in the future");
}

#[test]
fn annotations_that_cannot_be_read_are_unusable() {
    let alterations: [fn(&mut Layer); 10] = [
        |layer| layer.certificate = String::new(),
        |layer| layer.certificate = "-----BEGIN CERTIFICATE-----\n".into(),
        |layer| layer.certificate = layer.certificate.repeat(2),
        |layer| layer.certificate = layer.certificate.replace("CERTIFICATE", "PUBLIC KEY"),
        |layer| layer.chain = Some("-----BEGIN CERTIFICATE-----\nMAA\n".into()),
        |layer| layer.chain = layer.chain.as_ref().map(|chain| chain.repeat(9)),
        |layer| layer.log_entry = Some("{}".into()),
        |layer| layer.log_entry = Some(format!("{}x", layer.log_entry.as_ref().unwrap())),
        |layer| layer.timestamp = Some(b"{}".to_vec()),
        |layer| layer.payload = b"DSSEv1 1 a 9 b".to_vec(),
    ];
    for (place, alter) in alterations.into_iter().enumerate() {
        let mut layer = Layer::of("right");
        alter(&mut layer);
        println!("alteration {place}");
        unusable(&layer);
    }
}

#[test]
fn an_attestation_in_annotations_is_judged_as_an_envelope() {
    // What an envelope of the older format has is in a bundle of the first one too.
    let bundle = json("right/bundle-v0.1.json");
    let envelope = &bundle["dsseEnvelope"];
    let payload = decoded(&envelope["payload"]);
    let kind = envelope["payloadType"].as_str().unwrap();
    let mut encoding = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    encoding.extend(payload);
    let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
    let mut layer = Layer::of("right");
    layer.payload = encoding;
    layer.signature = decoded(&envelope["signatures"][0]["sig"]);
    let chain = &bundle["verificationMaterial"]["x509CertificateChain"]["certificates"];
    layer.certificate = pem::encode(&pem::Pem::new(
        "CERTIFICATE",
        decoded(&chain[0]["rawBytes"]),
    ));
    layer.chain = None;
    layer.timestamp = None;
    let id = decoded(&entry["logId"]["keyId"]);
    let log_id = Sha256Hash::try_from(id.as_slice()).unwrap().to_hex();
    layer.log_entry = Some(
        serde_json::json!({
            "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {
                "body": entry["canonicalizedBody"],
                "integratedTime": SIGNED,
                "logIndex": entry["logIndex"].as_str().unwrap().parse::<u64>().unwrap(),
                "logID": log_id,
            },
        })
        .to_string(),
    );
    let certified = layer.judge(&STRICT).unwrap();
    assert_eq!(certified.name, "ann@wharf.test");
    layer.signature = Layer::of("again").signature;
    wrong(&layer, "");
}
