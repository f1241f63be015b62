//! The manifests of a layout, as they are printed.

use serde::Serialize;
use wharf_host::Member;

/// A manifest of a layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    /// None when it is known by its digest alone.
    name: Option<String>,
    digest: String,
    media_type: String,
    /// Of the manifest itself, in bytes.
    size: u64,
    /// The digest of what it refers to, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
}

impl Shown {
    pub(super) fn of(member: &Member) -> Self {
        Self {
            name: member.name.clone(),
            digest: member.target.digest.to_string(),
            media_type: member.target.media_type.clone(),
            size: member.target.size,
            subject: member.subject.as_ref().map(ToString::to_string),
        }
    }

    /// `r.example/app:1 with digest sha256:…`
    pub(super) fn text(&self) -> String {
        match (&self.name, &self.subject) {
            (Some(name), _) => format!("{name} with digest {}", self.digest),
            (None, Some(subject)) => format!("{}, which refers to {subject}", self.digest),
            (None, None) => self.digest.clone(),
        }
    }
}
