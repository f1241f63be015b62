//! The pages of a listing: which comes next, and when there have been enough.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::json::{Node, bad};
use crate::link::{self, LinkError};
use crate::reference::ReferenceError;
use crate::{Tag, Url, limit};

/// The way through the pages of one listing. It ends, whatever the registry answers.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    count: usize,
    empty: usize,
}

/// Why a listing is not read to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The next page can't be asked for.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A page repeats what others had, and there is said to be another one.
    #[error("the pages of its list repeat themselves")]
    Repeated,
    /// More than [`limit::PAGES`], or [`limit::EMPTY_PAGES`] with nothing in them.
    #[error("its list has too many pages")]
    TooMany,
}

impl Pages {
    /// None seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the page after `page` is, by the `Link` headers that came with it; none
    /// when it was the last. `items` of it were read, of which `new` were not known.
    pub fn after<'a>(
        &mut self,
        page: &Url,
        links: impl IntoIterator<Item = &'a str>,
        items: usize,
        new: usize,
    ) -> Result<Option<Url>, PageError> {
        let next = link::follow(page, links)?;
        if next.is_none() {
            return Ok(None);
        }
        if items > 0 && new == 0 {
            return Err(PageError::Repeated);
        }
        self.count += 1;
        self.empty += usize::from(items == 0);
        if self.count >= limit::PAGES || self.empty > limit::EMPTY_PAGES {
            return Err(PageError::TooMany);
        }
        Ok(next)
    }
}

/// Why an answer is not a page of tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its answer is not a list of tags: {0}")]
pub struct TagsError(String);

/// Reads one page of a repository's tags (distribution-spec v1.1.1, "Listing Tags").
/// A repository without tags may have `null` in their place.
pub fn tags(body: &[u8]) -> Result<Vec<Tag>, TagsError> {
    let read = || {
        let answer = Node::parse(body)?;
        answer.text("name")?.ok_or_else(|| bad("name"))?;
        let tags = answer.list("tags")?.unwrap_or_default();
        let tags = tags.iter().map(|tag| match tag {
            Node::Text(tag) => tag
                .parse()
                .map_err(|error: ReferenceError| error.to_string()),
            _ => Err(bad("tags")),
        });
        tags.collect::<Result<Vec<Tag>, String>>()
    };
    read().map_err(TagsError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn pages_end() {
        let mut pages = Pages::new();
        let first = url("https://r.example/list");
        let next = |n: usize| format!("</list?last={n}>; rel=next");
        let second = pages.after(&first, [&*next(1)], 1, 1).unwrap().unwrap();
        assert_eq!(second, url("https://r.example/list?last=1"));
        assert_eq!(
            pages.after(&second, [&*next(2)], 1, 0),
            Err(PageError::Repeated)
        );
        let third = pages.after(&second, [&*next(2)], 0, 0).unwrap().unwrap();
        assert_eq!(pages.after(&third, [], 1, 0), Ok(None));
        let mut empty = pages.clone();
        let end =
            (0..=limit::EMPTY_PAGES).find_map(|_| empty.after(&third, [&*next(2)], 0, 0).err());
        assert_eq!(end, Some(PageError::TooMany));
        let mut page = third;
        let end = (3..).find_map(|n| match pages.after(&page, [&*next(n)], 1, 1) {
            Ok(next) => {
                page = next.unwrap();
                None
            }
            Err(error) => Some(error),
        });
        assert_eq!(end, Some(PageError::TooMany));
    }

    #[test]
    fn a_page_of_tags() {
        let read = |text: &str| tags(text.as_bytes());
        let found = read(r#"{"name":"a","tags":["v1","latest"]}"#).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(read(r#"{"name":"a","tags":null}"#), Ok(Vec::new()));
        for text in [
            "",
            "<html>",
            "[]",
            "{}",
            r#"{"name":"a","tags":["../x"]}"#,
            r#"{"name":"a","tags":[""]}"#,
            r#"{"name":"a","tags":"v1"}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = tags(&body);
        }
    }
}
