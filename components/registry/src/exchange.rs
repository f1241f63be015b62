//! A request to a registry and the whole of its small answer. Most of what is asked of a registry is
//! this, and having it in one place keeps the component small.

use alloc::boxed::Box;

use wharf_oci::request::Operation;
use wharf_oci::{Repository, limit};

use crate::failure::{self, Fault};
use crate::http::{Incoming, Outgoing};
use crate::reply::Reply;
use crate::session::Session;
use crate::work::Work;

impl Session {
    /// A request for an operation on a repository.
    pub(crate) fn request(
        &self,
        method: &'static str,
        repository: &Repository,
        operation: &Operation,
    ) -> Result<Outgoing, Fault> {
        Ok(Outgoing::new(method, self.url(repository, operation)?))
    }

    /// Sends a request. A status that is not among those `accepted` is an error.
    pub(crate) fn exchange<'a>(
        &'a self,
        outgoing: Outgoing,
        accepted: &'a [u16],
    ) -> Work<'a, Reply> {
        Box::pin(self.exchanged(outgoing, accepted))
    }

    async fn exchanged(&self, outgoing: Outgoing, accepted: &[u16]) -> Result<Reply, Fault> {
        if outgoing.method != "GET" {
            let incoming = self.taken(outgoing, accepted).await?;
            return Ok(Reply::to(&incoming));
        }
        let ask = || -> Work<'_, Incoming> {
            let mut request = Outgoing::new("GET", outgoing.url.clone());
            request.headers.clone_from(&outgoing.headers);
            Box::pin(self.taken(request, accepted))
        };
        self.wire.whole(limit::MANIFEST_BYTES, &ask).await
    }

    /// Sends a request, and sees to it that its status is one of those `accepted`.
    async fn taken(&self, outgoing: Outgoing, accepted: &[u16]) -> Result<Incoming, Fault> {
        let incoming = if matches!(outgoing.method, "GET" | "HEAD") {
            self.read(outgoing).await?
        } else {
            self.send(outgoing).await?
        };
        if accepted.contains(&incoming.status) {
            Ok(incoming)
        } else {
            Err(failure::answered(incoming).await)
        }
    }
}
