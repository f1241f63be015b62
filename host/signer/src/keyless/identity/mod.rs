//! Who signs: identity tokens (`OpenID` Connect), and where they come from.

mod ambient;
mod browser;
mod device;
mod issuer;
mod proof;
mod token;

pub use ambient::Ambient;
pub use browser::in_browser;
pub use device::on_another_device;
pub use issuer::{Invitation, Issuer};
pub use token::IdentityToken;

/// The name under which Sigstore's issuers know clients, and the audience of their tokens.
pub const CLIENT_ID: &str = "sigstore";
