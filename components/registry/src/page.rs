//! Listings that come in pages.

use alloc::string::{String, ToString as _};

use wharf_oci::page::Pages;
use wharf_oci::request::Operation;
use wharf_oci::{Repository, limit};

use crate::bindings::Error;
use crate::failure::Fault;
use crate::http::Outgoing;
use crate::reply::Reply;
use crate::session::Session;

/// How much of a page was of use.
pub(crate) struct Read {
    /// How many items it has.
    pub(crate) items: usize,
    /// How many of them other pages did not have.
    pub(crate) new: usize,
}

/// Reads a listing from its first page to its last: `read` takes the items of a page.
/// The first answer may have one of the statuses `accepted`; false when it is not 200.
pub(crate) async fn each(
    session: &Session,
    repository: &Repository,
    listing: &Operation,
    accepted: &[u16],
    read: &mut dyn FnMut(&Reply) -> Result<Read, String>,
) -> Result<bool, Fault> {
    let mut pages = Pages::new();
    let mut request = session.request("GET", repository, listing)?;
    let mut accepted = accepted;
    let mut count = 0;
    loop {
        let reply = session.exchange(request, accepted).await?;
        if reply.status != 200 {
            return Ok(false);
        }
        accepted = &[200];
        let page = read(&reply).map_err(|why| {
            let is_web_page = reply.body.trim_ascii_start().starts_with(b"<");
            reply.unusable(if is_web_page {
                "a web page instead of a list"
            } else {
                &why
            })
        })?;
        count += page.new;
        if count > limit::ITEMS {
            return Err(Error::LimitExceeded(
                "the list at ".to_string() + &reply.url.redacted() + " has too many items",
            )
            .into());
        }
        let links = reply.header_values("link");
        let next = pages
            .after(&reply.url, links, page.items, page.new)
            .map_err(|error| reply.unusable(&error.to_string()))?;
        match next {
            Some(next) => request = Outgoing::new("GET", next),
            None => return Ok(true),
        }
    }
}
