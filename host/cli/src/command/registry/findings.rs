//! Signatures as they are printed.

use std::collections::BTreeMap;

use serde::Serialize;
use wharf_host::time;
use wharf_host::trust::{Finding, Format, Worth};

/// One signature, and what was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::command) struct Found {
    /// `accepted`, `foreign`, `wrong` or `unusable`.
    outcome: &'static str,
    /// Which of the signers that were asked for made it.
    accepted_as: Vec<String>,
    /// Why it does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Who made it, as was proved.
    by: Option<String>,
    /// `bundle` or `legacy`.
    format: &'static str,
    /// The manifest that it stands in.
    manifest: Option<String>,
    /// When it was made, as was proved.
    time: Option<String>,
    /// The repository that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<String>,
    /// What kind of attestation it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    predicate_type: Option<String>,
    annotations: BTreeMap<String, String>,
    checked: Vec<String>,
    unchecked: Vec<String>,
    /// What an attestation says.
    #[serde(skip_serializing_if = "Option::is_none")]
    predicate: Option<serde_json::Value>,
}

impl Found {
    /// What is printed of a signature.
    pub(in crate::command) fn of(finding: Finding) -> Self {
        let (outcome, accepted_as, reason) = match finding.outcome {
            Worth::Accepted(names) => ("accepted", names, None),
            Worth::Foreign(why) => ("foreign", Vec::new(), Some(why)),
            Worth::Wrong(why) => ("wrong", Vec::new(), Some(why)),
            Worth::Unusable(why) => ("unusable", Vec::new(), Some(why)),
        };
        let predicate = match (&finding.predicate, finding.payload) {
            (Some(_), Some(payload)) => serde_json::from_slice(&payload)
                .ok()
                .and_then(|statement: serde_json::Value| statement.get("predicate").cloned()),
            _ => None,
        };
        Self {
            outcome,
            accepted_as,
            reason,
            by: finding.by,
            format: match finding.format {
                Format::Bundle => "bundle",
                Format::Legacy => "legacy",
            },
            manifest: finding.manifest,
            time: finding.time.map(time::to_rfc3339),
            repository: finding.repository,
            predicate_type: finding.predicate,
            annotations: finding.annotations.into_iter().collect(),
            checked: finding.checked,
            unchecked: finding.unchecked,
            predicate,
        }
    }

    /// What is printed of all, in lines.
    pub(in crate::command) fn lines(all: &[Self]) -> Vec<String> {
        let mut lines = Vec::new();
        for found in all {
            let by = found.by.as_deref().unwrap_or("somebody");
            let what = match &found.predicate_type {
                Some(kind) => format!("attestation of {kind}"),
                None => "signature".to_owned(),
            };
            match &found.reason {
                None => lines.push(format!("- {what} by {by}")),
                Some(reason) => lines.push(format!("- not counted: {what} by {by}: {reason}")),
            }
            if let Some(manifest) = &found.manifest {
                lines.push(format!("  {} {manifest}", found.format));
            }
            if let Some(time) = &found.time {
                lines.push(format!("  made at {time}"));
            }
            if let Some(repository) = &found.repository {
                lines.push(format!("  made for {repository}"));
            }
            let annotations = found.annotations.iter();
            lines.extend(annotations.map(|(key, value)| format!("  {key}={value}")));
            lines.extend(
                found
                    .checked
                    .iter()
                    .map(|what| format!("  checked: {what}")),
            );
            let unchecked = found.unchecked.iter();
            lines.extend(unchecked.map(|what| format!("  not checked: {what}")));
        }
        lines
    }
}
