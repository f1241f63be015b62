//! Calls of the trust component. All that it is lent is the use of a key, where there is
//! one to sign with.

use std::sync::OnceLock;

use wasmtime::component::{Accessor, HasSelf};

use super::{broken, finished, linker_with_maps, store};
use crate::bindings::signing::{Artifact, Proof, Signed, Statement};
use crate::bindings::trust::{Trust, TrustPre};
use crate::bindings::verification::{Evidence, Format, Requirement, Verdict};
use crate::bindings::{signer, types};
use crate::engine::registry_engine;
use crate::error::Error;
use crate::state::State;

const TRUST: &str = "the trust component";

/// What the trust component is asked.
pub(crate) enum Question {
    Check(Requirement),
    Verify {
        subject: types::Descriptor,
        repository: Option<String>,
        evidence: Vec<Evidence>,
        requirement: Requirement,
        now: u64,
    },
    Sign(Statement, Format),
    Bundle(Signed, Proof),
    BundleArtifact {
        subject: types::Descriptor,
        bundle: Vec<u8>,
        created: Option<u64>,
    },
    LegacyArtifact {
        present: Option<Vec<u8>>,
        signed: Signed,
        proof: Proof,
    },
}

/// What it answers.
pub(crate) enum Answer {
    Nothing,
    Verdict(Verdict),
    Signed(Signed),
    Bundle(Vec<u8>),
    Artifact(Artifact),
}

/// Asks the trust component.
pub(crate) async fn ask(state: State, question: Question) -> Result<Answer, Error> {
    let pre = trust_pre().map_err(|error| broken(TRUST, &error))?;
    let mut store = store(pre.engine(), state);
    let answered = async {
        let instance = pre.instantiate_async(&mut store).await?;
        store
            .run_concurrent(async |accessor| question.put(&instance, accessor).await)
            .await?
    };
    let answered = answered.await;
    finished(TRUST, store, answered)
}

impl Question {
    async fn put(
        self,
        instance: &Trust,
        accessor: &Accessor<State>,
    ) -> wasmtime::Result<Result<Answer, types::Error>> {
        let verification = instance.wharf_oci_verification();
        let signing = instance.wharf_oci_signing();
        Ok(match self {
            Self::Check(requirement) => {
                let checked = verification.call_check(accessor, requirement).await?;
                checked.map(|()| Answer::Nothing)
            }
            Self::Verify {
                subject,
                repository,
                evidence,
                requirement,
                now,
            } => {
                let verified = verification
                    .call_verify(accessor, subject, repository, evidence, requirement, now)
                    .await?;
                verified.map(Answer::Verdict)
            }
            Self::Sign(statement, format) => {
                let signed = signing.call_sign(accessor, statement, format).await?;
                signed.map(Answer::Signed)
            }
            Self::Bundle(signed, proof) => {
                let bundle = signing.call_bundle(accessor, signed, proof).await?;
                bundle.map(Answer::Bundle)
            }
            Self::BundleArtifact {
                subject,
                bundle,
                created,
            } => {
                let made = signing.call_bundle_artifact(accessor, subject, bundle, created);
                made.await?.map(Answer::Artifact)
            }
            Self::LegacyArtifact {
                present,
                signed,
                proof,
            } => {
                let made = signing.call_legacy_artifact(accessor, present, signed, proof);
                made.await?.map(Answer::Artifact)
            }
        })
    }
}

fn trust_pre() -> wasmtime::Result<&'static TrustPre<State>> {
    static PRE: OnceLock<TrustPre<State>> = OnceLock::new();
    if let Some(pre) = PRE.get() {
        return Ok(pre);
    }
    let engine = registry_engine()?;
    let component = wharf_artifacts::trust(&engine)?;
    let mut linker = linker_with_maps(&engine)?;
    signer::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    types::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    let pre = TrustPre::new(linker.instantiate_pre(&component)?)?;
    Ok(PRE.get_or_init(|| pre))
}
