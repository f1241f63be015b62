//! Private keys.

mod algorithm;
mod decode;
mod encrypted;
mod error;
mod pair;
mod private;
mod sealed;
mod source;

pub use algorithm::Algorithm;
pub use error::{KeyError, KeyProblem};
pub use pair::{Existing, KeyPair, WriteError, generate};
pub use private::PrivateKey;
pub use source::{KeySource, UnknownKeySource};
