//! The import `signer`: the use, and not the sight, of a private key.

use wasmtime::component::{Accessor, HasSelf};

use crate::bindings::signer;
use crate::blocking::blocking;
use crate::state::State;

const NONE: &str = "there is no key to sign with in this call";

impl signer::Host for State {
    fn public_key(&mut self) -> wasmtime::Result<Result<String, String>> {
        Ok(match &self.signer {
            Some(key) => key.public_key(),
            None => Err(NONE.to_owned()),
        })
    }
}

impl<T: Send> signer::HostWithStore<T> for HasSelf<State> {
    async fn sign(
        accessor: &Accessor<T, Self>,
        message: Vec<u8>,
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        let key = accessor.with(|mut access| access.get().signer.clone());
        let Some(key) = key else {
            return Ok(Err(NONE.to_owned()));
        };
        Ok(blocking(move || key.sign(&message)).await?)
    }
}
