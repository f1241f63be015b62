//! What a push or a pull moved, as it is printed.

use indicatif::DecimalBytes;
use serde::Serialize;
use wharf_host::{Descriptor, Outcome, Report};

/// One piece of content that the operation concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transferred {
    digest: String,
    media_type: String,
    /// In bytes.
    size: u64,
    /// `moved`, `present`, `mounted`, `unknown` or `other`.
    outcome: &'static str,
}

/// Every transfer of a report.
pub(super) fn transferred(report: &Report) -> Vec<Transferred> {
    let transfers = report.transfers.iter();
    transfers
        .map(|transfer| Transferred {
            digest: transfer.content.digest.to_string(),
            media_type: transfer.content.media_type.clone(),
            size: transfer.content.size,
            outcome: match transfer.outcome {
                Outcome::Moved => "moved",
                Outcome::Present => "present",
                Outcome::Mounted => "mounted",
                _ => "other",
            },
        })
        .collect()
}

/// Content that would be moved unless it is there, which is not known.
pub(super) fn unknown(content: Vec<Descriptor>) -> Vec<Transferred> {
    let content = content.into_iter().map(|content| Transferred {
        digest: content.digest.to_string(),
        media_type: content.media_type,
        size: content.size,
        outcome: "unknown",
    });
    content.collect()
}

/// `3 parts (12.3 MB) fetched, 2 parts (1.0 MB) already here`, with the words for what
/// moved and what was there before; what the registry took over on its own is told
/// only where there is some.
pub(super) fn summary(transfers: &[Transferred], moved: &str, present: &str) -> String {
    let count = |outcome: &str| {
        let those = transfers.iter().filter(|part| part.outcome == outcome);
        those.fold((0_u64, 0_u64), |(parts, bytes), part| {
            (parts + 1, bytes.saturating_add(part.size))
        })
    };
    let told = |(parts, bytes): (u64, u64), what: &str| {
        let noun = if parts == 1 { "part" } else { "parts" };
        format!("{parts} {noun} ({}) {what}", DecimalBytes(bytes))
    };
    let unknown = count("unknown");
    if unknown.0 > 0 {
        return told(unknown, &format!("{moved}, unless {present}"));
    }
    let mut told_of = vec![told(count("moved"), moved), told(count("present"), present)];
    let mounted = count("mounted");
    if mounted.0 > 0 {
        told_of.push(told(mounted, "taken over within the registry"));
    }
    told_of.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(size: u64, outcome: &'static str) -> Transferred {
        Transferred {
            digest: "sha256:…".to_owned(),
            media_type: "application/wasm".to_owned(),
            size,
            outcome,
        }
    }

    #[test]
    fn counts_parts_and_bytes_of_each_outcome() {
        let parts = [
            part(1_500_000, "moved"),
            part(500, "present"),
            part(1, "present"),
        ];
        assert_eq!(
            summary(&parts, "fetched", "already here"),
            "1 part (1.50 MB) fetched, 2 parts (501 B) already here"
        );
        assert_eq!(
            summary(&[part(2, "mounted")], "sent", "already there"),
            "0 parts (0 B) sent, 0 parts (0 B) already there, \
             1 part (2 B) taken over within the registry"
        );
        assert_eq!(
            summary(&[part(2, "unknown")], "to send", "already there"),
            "1 part (2 B) to send, unless already there"
        );
        assert_eq!(
            summary(&[], "sent", "already there"),
            "0 parts (0 B) sent, 0 parts (0 B) already there"
        );
    }

    #[test]
    fn json_has_the_documented_keys() {
        assert_eq!(
            serde_json::to_string(&part(7, "moved")).unwrap(),
            r#"{"digest":"sha256:…","mediaType":"application/wasm","size":7,"outcome":"moved"}"#
        );
    }
}
