//! Sending large files while the rest of an application is still packed.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;
use wharf_oci::{Descriptor, Digest, Reference};

use crate::call::unexpected;
use crate::capability::grant::Access;
use crate::error::Error;
use crate::operation::{Answer, Operation};
use crate::pack::PackOptions;
use crate::report::{Outcome, Packed, Report, Transfer};
use crate::session::registry::Asked;
use crate::wharf::Wharf;

/// From which size on, in bytes, a file is worth a call of its own.
pub(crate) const AHEAD_BYTES: u64 = 4 * 1024 * 1024;

/// How many are sent at once.
const AT_ONCE: usize = 4;

impl Wharf {
    /// [`Wharf::pack`] for an application that is to be pushed to the repository of a
    /// reference: large files that the store did not have are sent there at once, while
    /// others are still packed. [`Packed::sent`] tells which arrived.
    ///
    /// Where sending fails nothing more is sent, and it is no error: the push that
    /// follows will say what is wrong, or sends them.
    pub async fn pack_and_send(
        &self,
        path: &Path,
        options: &PackOptions,
        reference: &Reference,
    ) -> Result<Packed, Error> {
        let (sender, receiver) = unbounded_channel();
        let packing = self.pack_telling(path, options, Some(sender));
        let (packed, sent) = tokio::join!(packing, self.send_ahead(receiver, reference));
        Ok(Packed { sent, ..packed? })
    }

    /// Sends what it is told of, until nothing more comes or one can't be sent.
    async fn send_ahead(
        &self,
        mut content: UnboundedReceiver<Descriptor>,
        reference: &Reference,
    ) -> Vec<Digest> {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut sending = JoinSet::new();
        let mut sent = Vec::new();
        let mut failed = false;
        while !failed {
            tokio::select! {
                content = content.recv() => {
                    let Some(content) = content else { break };
                    let (wharf, reference) = (self.clone(), reference.clone());
                    let places = Arc::clone(&places);
                    sending.spawn(async move {
                        let _place = places.acquire().await;
                        wharf.send(content, &reference).await
                    });
                }
                Some(done) = sending.join_next() => match done {
                    Ok(Ok(arrived)) => sent.extend(arrived),
                    _ => failed = true,
                },
            }
        }
        content.close();
        while let Some(done) = sending.join_next().await {
            if let Ok(Ok(arrived)) = done {
                sent.extend(arrived);
            }
        }
        sent
    }

    /// Sends one piece of content; tells its digest when it had to move.
    async fn send(
        &self,
        content: Descriptor,
        reference: &Reference,
    ) -> Result<Option<Digest>, Error> {
        let operation = Operation::Send {
            content: content.digest.to_string(),
            reference: reference.to_string(),
        };
        let asked = Asked::default();
        match self
            .about(reference, Access::Write, operation, asked)
            .await?
        {
            Answer::Report(report) => {
                let report = Report::try_from(report)?;
                let moved = |transfer: &Transfer| transfer.outcome == Outcome::Moved;
                Ok(report.transfers.iter().any(moved).then_some(content.digest))
            }
            _ => Err(unexpected()),
        }
    }
}
