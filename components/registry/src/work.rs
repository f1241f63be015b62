//! Several pieces of work at once. All kinds of work are of one type behind a pointer, so
//! that what waits for them is in the component once and not for each kind.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::pin::Pin;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::bindings::Outcome;
use crate::failure::Fault;

/// Work with a result.
pub(crate) type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + 'a>>;

/// Does several pieces of work, at most so many at once. The results are in the order of
/// the work; the first error ends it.
pub(crate) fn all<'a>(work: Vec<Work<'a, Outcome>>, at_once: usize) -> Work<'a, Vec<Outcome>> {
    Box::pin(stream::iter(work).buffered(at_once).try_collect())
}
