//! `Link` headers: where the next page of a listing is (RFC 8288;
//! distribution-spec v1.1.1, "Listing Tags").

use alloc::string::{String, ToString as _};

use crate::url::UrlError;
use crate::{Url, limit};

/// Why a link to a next page is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// It is no address.
    #[error("the next page's address is not valid: {0}")]
    Address(#[from] UrlError),
    /// It leads away from the registry (GHSA-h7vf-4x9w-h99v).
    #[error("the next page is said to be at another origin: {0}")]
    Origin(String),
}

/// Where the page after `page` is, by one of the `Link` headers that came with it;
/// none when they name no next page.
pub fn follow<'a>(
    page: &Url,
    headers: impl IntoIterator<Item = &'a str>,
) -> Result<Option<Url>, LinkError> {
    let Some(target) = headers.into_iter().find_map(next) else {
        return Ok(None);
    };
    let url = page.join(target)?;
    if url.origin() == page.origin() {
        Ok(Some(url))
    } else {
        Err(LinkError::Origin(url.origin().to_string()))
    }
}

/// The target of the first link in a header whose relation is `next`, as it stands
/// there. What does not fit the grammar ends the header.
#[must_use]
pub fn next(header: &str) -> Option<&str> {
    if header.len() > limit::URL_BYTES {
        return None;
    }
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (target, after) = rest.strip_prefix('<')?.split_once('>')?;
        let (is_next, after) = parameters(after);
        if is_next {
            return Some(target.trim());
        }
        rest = after;
    }
}

/// Whether one of a link's parameters says that it leads to the next page, and what
/// follows behind the parameters.
fn parameters(mut rest: &str) -> (bool, &str) {
    let mut is_next = None;
    loop {
        rest = rest.trim_start();
        let Some(parameter) = rest.strip_prefix(';') else {
            return (is_next.unwrap_or(false), rest);
        };
        let end = parameter.find(['=', ';', ',']).unwrap_or(parameter.len());
        let (name, after) = parameter.split_at(end);
        rest = after;
        let Some(value) = after.strip_prefix('=') else {
            continue;
        };
        let (value, after) = value_of(value.trim_start());
        rest = after;
        // The first one counts (RFC 8288 §3.3).
        if is_next.is_none() && name.trim().eq_ignore_ascii_case("rel") {
            let mut relations = value.split([' ', '\t']);
            is_next = Some(relations.any(|relation| relation.eq_ignore_ascii_case("next")));
        }
    }
}

/// A parameter's value, quoted or not, and what follows behind it.
fn value_of(text: &str) -> (&str, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',', ' ', '\t']).unwrap_or(text.len());
        return text.split_at(end);
    };
    let mut escaped = false;
    for (at, byte) in quoted.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return (&quoted[..at], &quoted[at + 1..]),
            _ => {}
        }
    }
    (quoted, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_forms_that_registries_use() {
        for (header, target) in [
            ("</x?n=2&last=b>; rel=\"next\"", Some("/x?n=2&last=b")),
            ("</x>; rel=next", Some("/x")),
            ("</x>;rel = \"prev next\"", Some("/x")),
            ("</a>; rel=prev, </b>; rel=next", Some("/b")),
            ("</a,b;c>; title=\"x; \\\" , y\"; REL=NEXT", Some("/a,b;c")),
            ("</a>; rel=prev; rel=next", None),
            ("</a>; title=next", None),
            ("</a>; rel=nextly", None),
            ("</a>", None),
            ("/a; rel=next", None),
            ("", None),
            ("<", None),
            ("</a>; rel=\"next", Some("/a")),
        ] {
            assert_eq!(next(header), target, "{header}");
        }
    }

    #[test]
    fn a_next_page_is_at_the_same_origin() {
        let page: Url = "https://r.example/v2/a/tags/list?n=1".parse().unwrap();
        let follow = |header: &str| {
            let next = follow(&page, [header])?;
            Ok::<_, LinkError>(next.map(|url| url.to_string()))
        };
        assert_eq!(
            follow("</v2/a/tags/list?n=1&last=x>; rel=next"),
            Ok(Some(page.to_string() + "&last=x"))
        );
        assert_eq!(follow("</x>; rel=prev"), Ok(None));
        for elsewhere in [
            "https://other.example/x",
            "http://r.example/x",
            "https://r.example:444/x",
            "//other.example/x",
        ] {
            let header = format!("<{elsewhere}>; rel=next");
            assert!(
                matches!(follow(&header), Err(LinkError::Origin(_))),
                "{elsewhere}"
            );
        }
        assert!(follow("<file:///etc/passwd>; rel=next").is_err());
    }

    proptest! {
        #[test]
        fn never_panics_and_gives_a_part(header in "[<>;,=\" \\\\a-z/ä]{0,60}") {
            if let Some(target) = next(&header) {
                prop_assert!(header.contains(target));
            }
        }

        #[test]
        fn what_is_written_is_found(path in "/[a-z0-9?=&,;]{0,30}", title in "[a-z,;<> ]{0,20}") {
            let header = format!("</other>; rel=prev, <{path}>; title=\"{title}\"; rel=\"next\"");
            prop_assert_eq!(next(&header), Some(path.as_str()));
        }
    }
}
