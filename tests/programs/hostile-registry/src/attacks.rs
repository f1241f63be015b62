//! The attacks, one function each.

use crate::requests::Sent;
use crate::wharf::oci::content_store::{self, Error as StoreError};
use crate::wharf::oci::credentials::{self, Credential};
use crate::wharf::oci::types::Descriptor;
use crate::wit_stream;
use crate::{floods, leaks, led, origins};

/// Runs the attack that the reference's tag names.
pub async fn run(reference: &str) -> String {
    let Some((registry, rest)) = reference.split_once('/') else {
        return "unusable reference: no repository".to_owned();
    };
    let Some((port, attack)) = rest.split_once(':') else {
        return "unusable reference: no tag".to_owned();
    };
    let elsewhere = format!("127.0.0.1:{port}");
    let place = Place {
        registry,
        elsewhere: &elsewhere,
        repository: port,
    };
    if let Some(told) = origins::run(attack, &place).await {
        return told;
    }
    if let Some(told) = led::run(attack, &place).await {
        return told;
    }
    if let Some(told) = leaks::run(attack, &place).await {
        return told;
    }
    if let Some(told) = floods::run(attack, &place).await {
        return told;
    }
    match attack {
        "other-credential" => other_credential().await,
        "other-repository" => other_repository(registry).await,
        "digest-path" => digest_path().await,
        "name-path" => name_path().await,
        "name-of-another" => name_of_another(&place),
        "note-path" => note_path(),
        "put-wrong-digest" => put_wrong_digest().await,
        "ingest-wrong-digest" => ingest_wrong_digest().await,
        "ingest-too-long" => ingest_too_long().await,
        other => format!("unknown attack `{other}`"),
    }
}

/// Where an attack is.
pub struct Place<'a> {
    /// The registry of the call, host and port.
    pub registry: &'a str,
    /// A server that was not granted, host and port.
    pub elsewhere: &'a str,
    /// The repository of the call.
    pub repository: &'a str,
}

/// The credential of a registry other than the one of the call.
async fn other_credential() -> String {
    match credentials::get("other.example".to_owned(), None, vec!["pull".to_owned()]).await {
        Ok(Some(_)) => "SUCCEEDED: the credential of another registry was given".to_owned(),
        Ok(None) => "refused: no credential was given".to_owned(),
        Err(error) => format!("refused: {error:?}"),
    }
}

/// The credential of a repository other than the one of the call, at its registry.
async fn other_repository(registry: &str) -> String {
    let repository = Some("other/repository".to_owned());
    match credentials::get(registry.to_owned(), repository, vec!["pull".to_owned()]).await {
        Ok(Some(_)) => "SUCCEEDED: the credential of another repository was given".to_owned(),
        Ok(None) => "refused: no credential was given".to_owned(),
        Err(error) => format!("refused: {error:?}"),
    }
}

/// Digests that are paths. Each would leave the store, or name another file of it.
async fn digest_path() -> String {
    let mut refusals = Vec::new();
    for digest in [
        "sha256:../../x",
        "sha256:/etc/passwd",
        "sha256/../../index.json:x",
        "../../x",
        "sha256:..",
        "sha256:.",
        "sha256:",
        "",
        "sha256:0123\0",
        "SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
    ] {
        if let Ok(Some(size)) = content_store::stat(digest) {
            return format!("SUCCEEDED: stat of `{digest}` told {size} bytes");
        }
        if let Ok(Some(content)) = content_store::get(digest) {
            return format!("SUCCEEDED: get of `{digest}` gave {} bytes", content.len());
        }
        if content_store::read(digest.to_owned(), None).await.is_ok() {
            return format!("SUCCEEDED: read of `{digest}` gave a stream");
        }
        if content_store::put(b"x", Some(digest)).is_ok() {
            return format!("SUCCEEDED: put as `{digest}`");
        }
        let described = Descriptor {
            media_type: "application/octet-stream".to_owned(),
            digest: digest.to_owned(),
            size: 1,
        };
        match content_store::receive(described).await {
            Ok(_) => return format!("SUCCEEDED: receive of `{digest}`"),
            Err(error) => refusals.push(format!("{error:?}")),
        }
    }
    format!("refused: {}", refusals.join("; "))
}

/// Names that are paths: they may be kept as names, and must not be found as files.
async fn name_path() -> String {
    let mut outcomes = Vec::new();
    for name in ["../../x", "/tmp/x", "..", "", "a/../../../x:latest", "x\0y"] {
        let target = Descriptor {
            media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
            digest: format!("sha256:{}", "0".repeat(64)),
            size: 1,
        };
        match content_store::set_name(name, &target) {
            Ok(()) => outcomes.push(format!("`{name}` was taken")),
            Err(error) => outcomes.push(format!("`{name}`: {error:?}")),
        }
    }
    if outcomes
        .iter()
        .any(|outcome| outcome.ends_with("was taken"))
    {
        // Whether a file appeared outside of the store, only the test can see.
        return format!("sent: {}", outcomes.join("; "));
    }
    format!("refused: {}", outcomes.join("; "))
}

/// Names of other registries and repositories, which the next call would believe.
fn name_of_another(place: &Place<'_>) -> String {
    let target = Descriptor {
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        digest: format!("sha256:{}", "0".repeat(64)),
        size: 1,
    };
    let own = place.registry;
    let mut refusals = Vec::new();
    for name in [
        format!("other.example/{}:1", place.repository),
        format!("{own}/other:1"),
        format!("{own}/{}/more:1", place.repository),
    ] {
        match content_store::set_name(&name, &target) {
            Ok(()) => return format!("SUCCEEDED: `{name}` was named"),
            Err(error) => refusals.push(format!("{error:?}")),
        }
        if content_store::find_name(&name).is_ok() {
            return format!("SUCCEEDED: `{name}` was looked up");
        }
    }
    format!("refused: {}", refusals.join("; "))
}

/// Notes about what is no digest.
fn note_path() -> String {
    let mut refusals = Vec::new();
    for digest in ["../../x", "sha256:../x", "/tmp/x"] {
        match content_store::remember(digest, "x") {
            Ok(()) => return format!("SUCCEEDED: a note about `{digest}` was taken"),
            Err(error) => refusals.push(format!("{error:?}")),
        }
    }
    format!("refused: {}", refusals.join("; "))
}

/// Small content under a digest that is not its own.
async fn put_wrong_digest() -> String {
    let digest = format!("sha256:{}", "1".repeat(64));
    match content_store::put(b"poison", Some(&digest)) {
        Err(StoreError::Mismatch(mismatch)) => {
            if let Ok(Some(_)) = content_store::stat(&digest) {
                return "SUCCEEDED: refused, and yet it is there".to_owned();
            }
            format!("refused: {mismatch:?}")
        }
        Err(error) => format!("refused: {error:?}"),
        Ok(digest) => format!("SUCCEEDED: stored as `{digest}`"),
    }
}

/// Streamed content under a digest that is not its own.
async fn ingest_wrong_digest() -> String {
    ingest(b"poison", 6, "wrong bytes are there under the digest").await
}

/// More bytes than were promised.
async fn ingest_too_long() -> String {
    ingest(&[7; 100_000], 6, "more bytes than promised are there").await
}

async fn ingest(bytes: &[u8], size: u64, success: &str) -> String {
    let digest = format!("sha256:{}", "2".repeat(64));
    let described = Descriptor {
        media_type: "application/octet-stream".to_owned(),
        digest: digest.clone(),
        size,
    };
    let ingest = match content_store::receive(described).await {
        Ok(Some(ingest)) => ingest,
        Ok(None) => return "SUCCEEDED: it is said to be there already".to_owned(),
        Err(error) => return format!("refused: {error:?}"),
    };
    let (mut writer, reader) = wit_stream::new();
    let bytes = bytes.to_vec();
    wit_bindgen::spawn_local(async move {
        writer.write_all(bytes).await;
    });
    let written = ingest.write(0, reader).await;
    let finished = ingest.finish().await;
    drop(ingest);
    if let Ok(Some(_)) = content_store::stat(&digest) {
        return format!("SUCCEEDED: {success}");
    }
    match (written, finished) {
        (_, Ok(())) => "SUCCEEDED: the store took it".to_owned(),
        (written, Err(error)) => format!("refused: {error:?} after {written:?}"),
    }
}

/// The user name, and what stands in for the password.
pub async fn stand_in(registry: &str) -> Result<(String, String), String> {
    match credentials::get(registry.to_owned(), None, vec!["pull".to_owned()]).await {
        Ok(Some(Credential::UserPassword(pair))) => Ok((pair.username, pair.password)),
        other => Err(format!(
            "unusable: this attack needs a user name and a password, not {other:?}"
        )),
    }
}

/// What came of a request that must not be answered.
pub fn told(sent: Sent, success: &str) -> String {
    match sent {
        Sent::Answered(status) => format!("SUCCEEDED: {success} ({status})"),
        Sent::Failed(reason) => format!("refused: {reason}"),
    }
}
