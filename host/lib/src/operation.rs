//! The operations of the registry component, and what comes of them.

use wasmtime::component::{Accessor, ResourceAny};

use crate::bindings::client::{Guest, Referrer, Report};
use crate::bindings::types;
use crate::state::State;

/// An operation of the registry component.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    CheckCredential {
        registry: String,
    },
    Resolve {
        reference: String,
    },
    Pull {
        reference: String,
    },
    Push {
        manifest: String,
        reference: String,
    },
    Send {
        content: String,
        reference: String,
    },
    Copy {
        source: String,
        target: String,
    },
    Tags {
        repository: String,
    },
    Delete {
        reference: String,
    },
    Referrers {
        reference: String,
        artifact_type: Option<String>,
    },
}

/// What came of an operation.
pub(crate) enum Answer {
    Nothing,
    Descriptor(types::Descriptor),
    Report(Report),
    Tags(Vec<String>),
    Referrers(Vec<Referrer>),
}

impl Operation {
    /// What it is called in the audit, and what it is about.
    pub(crate) fn told(&self) -> (&'static str, &str) {
        match self {
            Self::CheckCredential { registry } => ("check-credential", registry),
            Self::Resolve { reference } => ("resolve", reference),
            Self::Pull { reference } => ("pull", reference),
            Self::Push { reference, .. } => ("push", reference),
            Self::Send { reference, .. } => ("send", reference),
            Self::Copy { target, .. } => ("copy", target),
            Self::Tags { repository } => ("tags", repository),
            Self::Delete { reference } => ("delete", reference),
            Self::Referrers { reference, .. } => ("referrers", reference),
        }
    }

    /// The manifest that it reads, writes or deletes by its name, or will once its content
    /// is there.
    pub(crate) fn manifest(&self) -> Option<&str> {
        match self {
            Self::Resolve { reference }
            | Self::Pull { reference }
            | Self::Push { reference, .. }
            | Self::Send { reference, .. }
            | Self::Delete { reference } => Some(reference),
            Self::Copy { target, .. } => Some(target),
            Self::CheckCredential { .. } | Self::Tags { .. } | Self::Referrers { .. } => None,
        }
    }

    /// Has the component do it. The outer error is a trap.
    pub(crate) async fn call(
        self,
        client: &Guest,
        accessor: &Accessor<State>,
        options: ResourceAny,
    ) -> wasmtime::Result<Result<Answer, types::Error>> {
        Ok(match self {
            Self::CheckCredential { registry } => client
                .call_check_credential(accessor, registry, options)
                .await?
                .map(|()| Answer::Nothing),
            Self::Resolve { reference } => client
                .call_resolve(accessor, reference, options)
                .await?
                .map(Answer::Descriptor),
            Self::Pull { reference } => client
                .call_pull(accessor, reference, options)
                .await?
                .map(Answer::Report),
            Self::Send { content, reference } => client
                .call_send(accessor, content, reference, options)
                .await?
                .map(Answer::Report),
            Self::Copy { source, target } => client
                .call_copy(accessor, source, target, options)
                .await?
                .map(Answer::Report),
            Self::Tags { repository } => client
                .call_tags(accessor, repository, options)
                .await?
                .map(Answer::Tags),
            Self::Delete { reference } => client
                .call_delete(accessor, reference, options)
                .await?
                .map(|()| Answer::Nothing),
            Self::Referrers {
                reference,
                artifact_type,
            } => client
                .call_referrers(accessor, reference, artifact_type, options)
                .await?
                .map(Answer::Referrers),
            Self::Push {
                manifest,
                reference,
            } => client
                .call_push(accessor, manifest, reference, options)
                .await?
                .map(Answer::Report),
        })
    }
}
