//! How much may be fetched of what anybody may have put beside a manifest.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::Error;

/// A number of bytes, of which what is fetched at the same time takes its part before it is
/// fetched.
pub(super) struct Allowance {
    whole: usize,
    left: AtomicUsize,
}

impl Allowance {
    /// So many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            whole: bytes,
            left: AtomicUsize::new(bytes),
        }
    }

    /// Takes some of it. Once more was wanted than there is, there is nothing left, so that
    /// what is found does not depend on how the rest is divided.
    pub(super) fn take(&self, bytes: u64) -> Result<(), Error> {
        let take = |left: usize| {
            let bytes = usize::try_from(bytes).ok()?;
            left.checked_sub(bytes).filter(|left| *left > 0)
        };
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if taken.is_ok() {
            return Ok(());
        }
        self.left.store(0, Ordering::Relaxed);
        Err(Error::LimitExceeded(format!(
            "what may be signatures has more than {} bytes, and the rest is not looked at",
            self.whole
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_once_more_was_wanted_than_there_is() {
        let allowance = Allowance::new(10);
        assert!(allowance.take(6).is_ok());
        assert!(allowance.take(3).is_ok());
        assert!(allowance.take(0).is_ok());
        for bytes in [u64::MAX, 1, 0] {
            assert!(matches!(
                allowance.take(bytes),
                Err(Error::LimitExceeded(said)) if said.contains("10 bytes")
            ));
        }
    }
}
