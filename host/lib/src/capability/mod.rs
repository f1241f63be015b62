//! What is lent to a guest, one module a capability. Default deny: nothing is
//! lent that is not in here, and each decides by itself, whatever the guest says.

pub(crate) mod content_files;
pub(crate) mod content_store;
pub(crate) mod credentials;
mod denial;
pub(crate) mod grant;
pub(crate) mod http;
mod metered;
pub(crate) mod progress;
pub(crate) mod reach;
mod signer;
pub(crate) mod sources;
pub(crate) mod stream;
