//! Signing: what is said of a manifest is signed by a key that no guest sees, and published
//! beside the manifest.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use wharf_oci::{Descriptor, Digest, Reference};

use super::Format;
use super::evidence::Kind;
use super::verify::{Look, given};
use crate::bindings::signing::{self, Artifact, Signed, Statement};
use crate::call::unexpected;
use crate::error::Error;
use crate::push::PushOptions;
use crate::session::registry::Asked;
use crate::session::trust::{Answer, Question, ask};
use crate::wharf::Wharf;

pub use crate::bindings::signing::{Predicate, Proof};

/// How often the tag of the legacy format is written, when others write it at the same time.
const WRITES: usize = 16;

/// A private key, or the use of one.
pub trait SigningKey: Send + Sync {
    /// The public key, in PEM (`SubjectPublicKeyInfo`). Fails with words for people.
    fn public_key(&self) -> Result<String, String>;

    /// The signature over a message, as `signer.sign` in the WIT says. May take its time.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String>;
}

/// Proves who made a signature, and when.
pub trait Prover: Send + Sync {
    /// The proof of a signature over a message: of the statement in a bundle, or of a
    /// payload of the legacy format.
    fn prove<'a>(
        &'a self,
        made: &'a Made,
    ) -> Pin<Box<dyn Future<Output = Result<Proof, Error>> + Send + 'a>>;
}

/// How something is signed.
#[derive(Clone)]
pub struct Signing {
    /// What signs.
    pub key: Arc<dyn SigningKey>,
    /// What proves whose key that is; without it the public key has to be known.
    pub prover: Option<Arc<dyn Prover>>,
    /// How the signature is written down: in each of these formats.
    pub formats: Vec<Format>,
    /// Annotations of the signature.
    pub annotations: Vec<(String, String)>,
    /// What is attested; none for a signature.
    pub predicate: Option<Predicate>,
    /// When it was made, in seconds since 1970-01-01T00:00:00Z, where that is to be said.
    pub created: Option<u64>,
}

/// A signature, before it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Made {
    /// For which format.
    pub format: Format,
    /// What was signed: a statement as JSON, or a payload of the legacy format.
    pub payload: Vec<u8>,
    /// The bytes that the signature is over.
    pub message: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// A signature with what proves whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proved {
    /// The signature.
    pub made: Made,
    /// Whose it is.
    pub proof: Proof,
}

impl Wharf {
    /// What a reference leads to, be it an index or not: what is to be signed. It is in the
    /// store, or at the registry; what a mirror says is nothing to sign.
    pub async fn to_sign(&self, reference: &Reference) -> Result<Descriptor, Error> {
        self.subject_of(reference, Look::Registry, false).await
    }

    /// Signs a manifest, without publishing that: one signature for each format. The legacy
    /// format needs the reference's repository.
    pub async fn sign(
        &self,
        reference: Option<&Reference>,
        subject: &Descriptor,
        signing: &Signing,
    ) -> Result<Vec<Proved>, Error> {
        let mut all = Vec::new();
        for format in &signing.formats {
            let statement = Statement {
                subject: given(subject),
                repository: reference
                    .map(|it| format!("{}/{}", it.registry, it.repository))
                    .unwrap_or_default(),
                annotations: signing.annotations.clone(),
                predicate: signing.predicate.clone(),
            };
            let mut state = self.state_without_files();
            state.signer = Some(signing.key.clone());
            let told = ("sign", subject.digest.as_str());
            state.watch.begins(told, None, Ok(()))?;
            let question = Question::Sign(statement, *format);
            let Answer::Signed(signed) = self.overseer().in_time(ask(state, question)).await?
            else {
                return Err(unexpected());
            };
            let made = Made {
                format: signed.format,
                payload: signed.payload,
                message: signed.message,
                signature: signed.signature,
            };
            let proof = match &signing.prover {
                Some(prover) => prover.prove(&made).await?,
                None => Proof {
                    public_key: Some(signing.key.public_key().map_err(Error::InvalidInput)?),
                    certificates: Vec::new(),
                    log_entries: Vec::new(),
                    timestamps: Vec::new(),
                },
            };
            all.push(Proved { made, proof });
        }
        Ok(all)
    }

    /// The Sigstore bundle of a signature for that format.
    pub async fn bundle(&self, proved: &Proved) -> Result<Vec<u8>, Error> {
        let question = Question::Bundle(signed(&proved.made), proved.proof.clone());
        match ask(self.state_without_files(), question).await? {
            Answer::Bundle(bundle) => Ok(bundle),
            _ => Err(unexpected()),
        }
    }

    /// Publishes a signature beside the manifest that it is of, and tells its own manifest.
    pub async fn publish(
        &self,
        reference: &Reference,
        subject: &Descriptor,
        proved: &Proved,
        created: Option<u64>,
    ) -> Result<Descriptor, Error> {
        let _work = self.at_work().await?;
        match proved.made.format {
            Format::Bundle => {
                let bundle = self.bundle(proved).await?;
                self.attach(reference, subject, bundle, created).await
            }
            Format::Legacy => self.publish_legacy(reference, subject, proved).await,
        }
    }

    /// Publishes a Sigstore bundle beside the manifest that it is of, and tells its own
    /// manifest.
    pub async fn attach(
        &self,
        reference: &Reference,
        subject: &Descriptor,
        bundle: Vec<u8>,
        created: Option<u64>,
    ) -> Result<Descriptor, Error> {
        let _work = self.at_work().await?;
        let question = Question::BundleArtifact {
            subject: given(subject),
            bundle,
            created,
        };
        let Answer::Artifact(artifact) = ask(self.state_without_files(), question).await? else {
            return Err(unexpected());
        };
        published(self, reference, &subject.digest, artifact).await
    }

    /// Publishes a signature of the legacy format that was made elsewhere, in the form that
    /// the key's kind has, and tells the manifest that has all of them.
    pub async fn attach_legacy(
        &self,
        reference: &Reference,
        subject: &Descriptor,
        payload: Vec<u8>,
        signature: Vec<u8>,
    ) -> Result<Descriptor, Error> {
        let _work = self.at_work().await?;
        let proved = Proved {
            made: Made {
                format: Format::Legacy,
                message: payload.clone(),
                payload,
                signature,
            },
            proof: Proof {
                public_key: None,
                certificates: Vec::new(),
                log_entries: Vec::new(),
                timestamps: Vec::new(),
            },
        };
        self.publish_legacy(reference, subject, &proved).await
    }

    /// Adds a signature to the manifest under the tag that has all of them. Others may
    /// write it at the same time, and what they read before, they write after: so it is
    /// read again, and once more after a while, until the signature stays there.
    async fn publish_legacy(
        &self,
        reference: &Reference,
        subject: &Descriptor,
        proved: &Proved,
    ) -> Result<Descriptor, Error> {
        let kind = Kind::of(&proved.made);
        let tagged = kind.reference(reference, &subject.digest)?;
        let mut own = None;
        let mut is_settled = false;
        let mut wait = Duration::ZERO;
        for _ in 0..WRITES {
            let read = Instant::now();
            let present = self.fetched(&tagged).await?;
            let bytes = match &present {
                Some(manifest) => self.stored(&manifest.digest).await?,
                None => None,
            };
            let layers = bytes.as_deref().map(layers_of).unwrap_or_default();
            if let (Some(present), Some(own)) = (&present, &own)
                && layers.contains(own)
            {
                if is_settled {
                    return Ok(present.clone());
                }
                is_settled = true;
                tokio::time::sleep(wait).await;
                continue;
            }
            is_settled = false;
            let question = Question::LegacyArtifact {
                present: bytes,
                signed: signed(&proved.made),
                proof: proved.proof.clone(),
            };
            let Answer::Artifact(artifact) = ask(self.state_without_files(), question).await?
            else {
                return Err(unexpected());
            };
            own = layers_of(&artifact.manifest)
                .into_iter()
                .find(|layer| !layers.contains(layer));
            let manifest = self.stored_artifact(artifact).await?;
            if own.is_none() {
                // The same key has said the same.
                return Ok(manifest);
            }
            self.sent(&manifest, &tagged).await?;
            wait = settling(read.elapsed());
        }
        Err(Error::Other(format!(
            "{tagged} was overwritten {WRITES} times by somebody else; sign again later"
        )))
    }

    /// Sees to it that a manifest stays on the list of what refers to another, where a
    /// registry has that list under a tag: others may write it at the same time, and leave
    /// out what they did not see.
    async fn stays_listed(
        &self,
        at: &Reference,
        subject: &Digest,
        began: Instant,
    ) -> Result<(), Error> {
        let tag = wharf_oci::referrers::tag(subject);
        let list = Reference {
            tag: tag.parse().ok(),
            digest: None,
            ..at.clone()
        };
        match self.resolve_asked(&list, Asked::whole(), false).await {
            Err(Error::NotFound(_)) => return Ok(()),
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        let Some(own) = &at.digest else { return Ok(()) };
        let mut wait = settling(began.elapsed());
        for _ in 0..WRITES {
            tokio::time::sleep(wait).await;
            let again = Instant::now();
            let listed = self.referrers(&at.at_digest(subject.clone()), None).await?;
            if listed.iter().any(|one| one.content.digest == *own) {
                return Ok(());
            }
            self.push_aside(own, at).await?;
            wait = settling(again.elapsed());
        }
        Err(Error::Other(format!(
            "{list} was overwritten {WRITES} times by somebody else; sign again later"
        )))
    }

    /// Stores an artifact, and tells its manifest.
    async fn stored_artifact(&self, artifact: Artifact) -> Result<Descriptor, Error> {
        for blob in artifact.blobs {
            self.keep(blob).await?;
        }
        let size = artifact.manifest.len() as u64;
        let digest = self.keep(artifact.manifest).await?;
        Ok(Descriptor::new(&artifact.media_type, digest, size))
    }

    async fn push_aside(&self, manifest: &Digest, to: &Reference) -> Result<(), Error> {
        let asked = Asked {
            is_aside: true,
            ..Asked::default()
        };
        let options = PushOptions::default();
        let pushed = self.push_asked(manifest, to, &options, asked).await;
        pushed.map(drop)
    }

    /// Sends a manifest of the store, and notes what it is in the store too.
    async fn sent(&self, manifest: &Descriptor, to: &Reference) -> Result<(), Error> {
        self.push_aside(&manifest.digest, to).await?;
        self.keep_name(to.to_string(), manifest).await
    }
}

/// Stores an artifact that refers to another and sends it, by its digest.
pub(super) async fn published(
    wharf: &Wharf,
    reference: &Reference,
    subject: &Digest,
    artifact: Artifact,
) -> Result<Descriptor, Error> {
    let _work = wharf.at_work().await?;
    let began = Instant::now();
    let manifest = wharf.stored_artifact(artifact).await?;
    let at = reference.at_digest(manifest.digest.clone());
    wharf.sent(&manifest, &at).await?;
    wharf.stays_listed(&at, subject, began).await?;
    Ok(manifest)
}

/// The layers of a manifest as they stand there, annotations and all.
fn layers_of(manifest: &[u8]) -> Vec<Value> {
    let parsed = serde_json::from_slice(manifest);
    match parsed
        .ok()
        .as_mut()
        .and_then(|it: &mut Value| it.get_mut("layers"))
    {
        Some(Value::Array(layers)) => std::mem::take(layers),
        _ => Vec::new(),
    }
}

/// How long to wait until whoever read before something was written has written too, if they
/// take as long as that took here.
fn settling(took: Duration) -> Duration {
    took * 3 + Duration::from_millis(50 + u64::from(chance()))
}

impl Kind {
    /// Where a signature of the legacy format is written down.
    fn of(made: &Made) -> Self {
        // What is signed of an attestation is an envelope's content, and of a signature the
        // payload itself.
        if made.message == made.payload {
            Self::Signature
        } else {
            Self::Attestation
        }
    }
}

fn signed(made: &Made) -> Signed {
    signing::Signed {
        format: made.format,
        payload: made.payload.clone(),
        message: made.message.clone(),
        signature: made.signature.clone(),
    }
}

/// Up to 255.
fn chance() -> u8 {
    let mut byte = [0];
    // Without it, all wait equally long, and some once more.
    let _ = getrandom::fill(&mut byte);
    let [byte] = byte;
    byte
}
