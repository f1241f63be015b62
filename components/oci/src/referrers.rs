//! Manifests that refer to another, and where they are listed when a registry does
//! not list them itself (distribution-spec v1.1.1, "Listing Referrers" and "Referrers
//! Tag Schema").

use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;

use crate::json::{Node, bad};
use crate::{Descriptor, Digest, media_type};

/// A manifest that refers to another, as a list of such manifests has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// The manifest.
    pub content: Descriptor,
    /// What kind of artifact it is.
    pub artifact_type: Option<String>,
    /// The manifest's annotations.
    pub annotations: Vec<(String, String)>,
}

/// What can't be used as a list of referrers, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not a list of referrers: {0}")]
pub struct ReferrersError(String);

/// The tag under which a manifest's referrers are listed where the registry does not
/// do it. It fits the grammar of tags: a digest has 71 characters.
#[must_use]
pub fn tag(subject: &Digest) -> String {
    "sha256-".to_owned() + subject.hex()
}

/// Reads a list of referrers, or one page of it. Of the kind `wanted`, unless the
/// registry filtered by kind already (`filters` is its `OCI-Filters-Applied`).
pub fn read(
    body: &[u8],
    wanted: Option<&str>,
    filters: Option<&str>,
) -> Result<Vec<Referrer>, ReferrersError> {
    let list = index(body).map_err(ReferrersError)?;
    let entries = list.list("manifests").ok().flatten().unwrap_or_default();
    let read = entries.iter().map(Referrer::read);
    let mut referrers: Vec<Referrer> = read.collect::<Result<_, _>>().map_err(ReferrersError)?;
    let mut filters = filters.unwrap_or_default().split(',');
    let is_filtered = filters.any(|filter| filter.trim() == "artifactType");
    if let Some(wanted) = wanted.filter(|_| !is_filtered) {
        referrers.retain(|referrer| referrer.artifact_type.as_deref() == Some(wanted));
    }
    Ok(referrers)
}

/// What a manifest with these bytes refers to, if it refers to anything, and how it
/// is to be listed there.
pub fn of_manifest(
    bytes: &[u8],
    content: &Descriptor,
) -> Result<Option<(Descriptor, Referrer)>, ReferrersError> {
    let read = || {
        let manifest = Node::parse(bytes)?;
        let Some(subject) = manifest.get("subject") else {
            return Ok(None);
        };
        let artifact_type = match (manifest.text("artifactType")?, manifest.get("config")) {
            (None, Some(config)) => config.text("mediaType")?,
            (own, _) => own,
        };
        let referrer = Referrer {
            content: content.clone(),
            artifact_type: artifact_type.filter(|kind| !kind.is_empty()),
            annotations: manifest.texts("annotations")?,
        };
        Ok(Some((Descriptor::read(subject)?, referrer)))
    };
    read().map_err(ReferrersError)
}

/// A list of referrers with one more in it: from the bytes of the list, none when
/// there is none yet, to the bytes of the new one; none when it is in there already.
/// Nothing else of the list changes.
pub fn with(list: Option<&[u8]>, referrer: &Referrer) -> Result<Option<Vec<u8>>, ReferrersError> {
    let edit = || {
        let list = match list {
            Some(bytes) => index(bytes)?,
            None => empty(),
        };
        edited(list, |entries| {
            let digest = referrer.content.digest.as_str();
            let is_there = entries.iter().any(|entry| is(entry, digest));
            if !is_there {
                entries.push(referrer.node());
            }
            !is_there
        })
    };
    edit().map_err(ReferrersError)
}

/// A list of referrers without one; none when it is not in there.
pub fn without(list: &[u8], referrer: &Digest) -> Result<Option<Vec<u8>>, ReferrersError> {
    let edit = || {
        edited(index(list)?, |entries| {
            let before = entries.len();
            entries.retain(|entry| !is(entry, referrer.as_str()));
            entries.len() < before
        })
    };
    edit().map_err(ReferrersError)
}

impl Referrer {
    fn read(node: &Node) -> Result<Self, String> {
        Ok(Self {
            content: Descriptor::read(node)?,
            artifact_type: node.text("artifactType")?,
            annotations: node.texts("annotations")?,
        })
    }

    fn node(&self) -> Node {
        let text = |text: &str| Node::Text(text.to_owned());
        let member = |name: &str, value: Node| (name.to_owned(), value);
        let mut members = vec![
            member("mediaType", text(&self.content.media_type)),
            member("digest", text(self.content.digest.as_str())),
            member("size", Node::Number(self.content.size)),
        ];
        if let Some(kind) = &self.artifact_type {
            members.push(member("artifactType", text(kind)));
        }
        if !self.annotations.is_empty() {
            let pairs = self.annotations.iter();
            let pairs = pairs.map(|(key, value)| member(key, text(value)));
            members.push(member("annotations", Node::Object(pairs.collect())));
        }
        Node::Object(members)
    }
}

/// An image index, which lists of referrers are.
fn index(bytes: &[u8]) -> Result<Node, String> {
    let index = Node::parse(bytes)?;
    let media_type = index.text("mediaType")?;
    let is_index = media_type.is_none_or(|text| media_type::is_index(&text));
    if !is_index || index.number("schemaVersion")? != Some(2) || index.get("layers").is_some() {
        return Err("it is no image index".to_owned());
    }
    if index.list("manifests")?.is_none() {
        return Err(bad("manifests"));
    }
    Ok(index)
}

fn empty() -> Node {
    let member = |name: &str, value: Node| (name.to_owned(), value);
    Node::Object(vec![
        member("schemaVersion", Node::Number(2)),
        member("mediaType", Node::Text(media_type::IMAGE_INDEX.to_owned())),
        member("manifests", Node::List(Vec::new())),
    ])
}

/// The bytes of a list after a change, none when nothing changed.
fn edited(
    mut list: Node,
    change: impl FnOnce(&mut Vec<Node>) -> bool,
) -> Result<Option<Vec<u8>>, String> {
    let Node::Object(members) = &mut list else {
        return Err(bad("manifests"));
    };
    let entries = members.iter_mut().find(|(name, _)| name == "manifests");
    let Some((_, Node::List(entries))) = entries else {
        return Err(bad("manifests"));
    };
    if !change(entries) {
        return Ok(None);
    }
    let mut written = String::new();
    if list.write(&mut written) {
        Ok(Some(written.into_bytes()))
    } else {
        Err("it has a number that can't be kept as it is".to_string())
    }
}

fn is(entry: &Node, digest: &str) -> bool {
    matches!(entry.get("digest"), Some(Node::Text(text)) if text == digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn referrer(kind: Option<&str>) -> Referrer {
        Referrer {
            content: Descriptor::new(media_type::IMAGE_MANIFEST, DIGEST.parse().unwrap(), 7),
            artifact_type: kind.map(str::to_owned),
            annotations: vec![("a\"".into(), "b\n".into())],
        }
    }

    #[test]
    fn a_referrer_is_listed_once_and_removed_again() {
        let signature = referrer(Some("application/x.signature"));
        let list = with(None, &signature).unwrap().unwrap();
        assert_eq!(read(&list, None, None), Ok(vec![signature.clone()]));
        assert_eq!(with(Some(&list), &signature), Ok(None));
        let digest = signature.content.digest;
        let emptied = without(&list, &digest).unwrap().unwrap();
        assert_eq!(read(&emptied, None, None), Ok(vec![]));
        assert_eq!(without(&emptied, &digest), Ok(None));
    }

    #[test]
    fn nothing_else_of_a_list_changes() {
        let other = DIGEST.replace("44136", "00000");
        let list = format!(
            r#"{{"schemaVersion":2,"x":[null,true],"manifests":[{{"mediaType":"a/b","digest":"{other}","size":1,"urls":["u"],"platform":{{"os":"o"}}}}],"annotations":{{"k":"v"}}}}"#
        );
        let longer = with(Some(list.as_bytes()), &referrer(None))
            .unwrap()
            .unwrap();
        let digest = DIGEST.parse().unwrap();
        let shorter = without(&longer, &digest).unwrap().unwrap();
        assert_eq!(std::str::from_utf8(&shorter), Ok(&*list));
        let inexact = list.replace("[null,true]", "1.5");
        assert!(with(Some(inexact.as_bytes()), &referrer(None)).is_err());
    }

    #[test]
    fn filtered_here_unless_there() {
        let list = with(None, &referrer(Some("a/b"))).unwrap().unwrap();
        let count = |wanted, filters| read(&list, wanted, filters).unwrap().len();
        assert_eq!(count(Some("a/b"), None), 1);
        assert_eq!(count(Some("c/d"), None), 0);
        assert_eq!(count(Some("c/d"), Some("other")), 0);
        assert_eq!(count(Some("c/d"), Some("other, artifactType")), 1);
    }

    #[test]
    fn what_a_manifest_refers_to() {
        let content = referrer(None).content;
        let config = format!(r#""config":{{"mediaType":"c/d","digest":"{DIGEST}","size":2}}"#);
        let subject = format!(r#""subject":{{"mediaType":"a/b","digest":"{DIGEST}","size":3}}"#);
        let of = |text: String| of_manifest(text.as_bytes(), &content);
        assert_eq!(of(format!("{{{config}}}")), Ok(None));
        let kind = |text: String| of(text).unwrap().unwrap().1.artifact_type;
        assert_eq!(
            kind(format!("{{{config},{subject}}}")).as_deref(),
            Some("c/d")
        );
        assert_eq!(
            kind(format!(r#"{{{config},{subject},"artifactType":"e/f"}}"#)).as_deref(),
            Some("e/f")
        );
        assert_eq!(kind(format!("{{{subject}}}")), None);
        assert!(of(r#"{"subject":{}}"#.into()).is_err());
    }

    #[test]
    fn the_tag_is_one() {
        let tag = tag(&DIGEST.parse().unwrap());
        assert!(tag.parse::<crate::Tag>().is_ok(), "{tag}");
    }

    #[test]
    fn what_is_no_list() {
        for text in [
            "",
            "<html>",
            "[]",
            "{}",
            r#"{"schemaVersion":2}"#,
            r#"{"schemaVersion":2,"manifests":{}}"#,
            r#"{"schemaVersion":2,"manifests":[],"layers":[]}"#,
            r#"{"schemaVersion":2,"manifests":[{}]}"#,
            r#"{"schemaVersion":2,"manifests":[],"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#,
        ] {
            assert!(read(text.as_bytes(), None, None).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(body in "[\\[\\]{}:,\"a-z0-9 ]{0,80}") {
            let _ = read(body.as_bytes(), Some("a"), None);
            let _ = of_manifest(body.as_bytes(), &referrer(None).content);
            let _ = with(Some(body.as_bytes()), &referrer(None));
        }
    }
}
