//! Private keys of this machine, as what signs.

use wharf_signer::PrivateKey;

use super::SigningKey;

impl SigningKey for PrivateKey {
    fn public_key(&self) -> Result<String, String> {
        Ok(self.public_pem())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        Self::sign(self, message).map_err(|problem| problem.to_string())
    }
}
