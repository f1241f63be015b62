//! Small answers, read as a whole.

use alloc::string::String;
use alloc::vec::Vec;

use wharf_oci::Url;

use crate::failure::{self, Fault};
use crate::http::Incoming;

/// An answer with all that is read of it.
pub(crate) struct Reply {
    /// The request's method.
    pub(crate) method: &'static str,
    /// The answer's status.
    pub(crate) status: u16,
    /// Who answered.
    pub(crate) url: Url,
    /// The whole body, where it is read.
    pub(crate) body: Vec<u8>,
    headers: Vec<(&'static str, String)>,
}

/// The headers that anybody asks a [`Reply`] for.
const HEADERS: [&str; 8] = [
    "content-length",
    "content-type",
    "date",
    "docker-content-digest",
    "etag",
    "link",
    "oci-filters-applied",
    "oci-subject",
];

impl Reply {
    /// A header's first value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.header_values(name).next()
    }

    /// All of a header's values.
    pub(crate) fn header_values(&self, name: &str) -> impl Iterator<Item = &str> {
        let headers = self.headers.iter();
        headers.filter_map(move |(known, value)| (*known == name).then_some(&**value))
    }

    /// The answer without its body.
    pub(crate) fn to(incoming: &Incoming) -> Self {
        let mut headers = Vec::new();
        for name in HEADERS {
            let values = incoming.header_values(name).into_iter();
            headers.extend(values.map(|value| (name, value)));
        }
        Self {
            method: incoming.method,
            status: incoming.status,
            url: incoming.url.clone(),
            body: Vec::new(),
            headers,
        }
    }

    /// What is wrong with it, as an error.
    pub(crate) fn unusable(&self, why: &str) -> Fault {
        failure::network(self.method, &self.url, Some(self.status), why)
    }
}
