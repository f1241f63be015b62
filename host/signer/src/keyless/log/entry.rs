//! `TransparencyLogEntry` of `dev.sigstore.rekor.v1`, in protobuf's JSON.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An entry, as bundles have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    #[serde(default)]
    pub(super) log_index: Number,
    pub(super) log_id: LogId,
    pub(super) kind_version: KindVersion,
    #[serde(default, skip_serializing_if = "Number::is_zero")]
    pub(super) integrated_time: Number,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) inclusion_promise: Option<Promise>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) inclusion_proof: Option<Proof>,
    pub(super) canonicalized_body: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogId {
    pub(super) key_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KindVersion {
    pub(super) kind: String,
    pub(super) version: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Promise {
    pub(super) signed_entry_timestamp: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Proof {
    #[serde(default)]
    pub(super) log_index: Number,
    #[serde(default)]
    pub(super) root_hash: String,
    #[serde(default)]
    pub(super) tree_size: Number,
    #[serde(default)]
    pub(super) hashes: Vec<String>,
    pub(super) checkpoint: Checkpoint,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    pub(super) envelope: String,
}

/// A 64-bit integer: a string when protobuf writes it, and either when it reads it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Number(pub(super) i64);

impl Number {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(i64),
            Text(String),
        }
        match Option::<Either>::deserialize(deserializer)? {
            None => Ok(Self(0)),
            Some(Either::Number(number)) => Ok(Self(number)),
            Some(Either::Text(text)) => text.parse().map(Self).map_err(serde::de::Error::custom),
        }
    }
}

impl Entry {
    /// Whether it is of that kind, and about that signature; `place` is where its body has it.
    pub(super) fn check(
        &self,
        kind: &str,
        version: &str,
        place: &str,
        signature: &str,
    ) -> Result<(), String> {
        let KindVersion {
            kind: is,
            version: of,
        } = &self.kind_version;
        if is != kind || of != version {
            return Err("it is of another kind than what was asked for".to_owned());
        }
        let body: serde_json::Value = STANDARD
            .decode(&self.canonicalized_body)
            .ok()
            .and_then(|body| serde_json::from_slice(&body).ok())
            .ok_or("its body can't be read")?;
        if body["kind"] != kind || body["apiVersion"] != version {
            return Err("its body is of another kind than what was asked for".to_owned());
        }
        if body.pointer(place).and_then(serde_json::Value::as_str) != Some(signature) {
            return Err("it is about another signature".to_owned());
        }
        if self.inclusion_promise.is_none() && self.inclusion_proof.is_none() {
            return Err("nothing shows that it is in the log".to_owned());
        }
        Ok(())
    }
}
