//! Signatures as others made them, as they are made here, and as attackers make them.
#![expect(clippy::unwrap_used, reason = "what fails here is a test")]

mod attacks;
mod cosign;
mod hostile;
mod keyless;
mod making;
mod sample;
mod threshold;
