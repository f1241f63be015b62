//! The use of a credential without the sight of it.
//!
//! A guest that asks gets a stand-in. The secret is put in its place when a
//! request leaves, and only where it belongs:
//!
//! ```text
//!   password        Authorization: Basic     to the registry or its token server
//!   ready token     Authorization: Bearer    to the registry
//!   identity token  a form's refresh_token   to the token server
//!                   Authorization: Basic     to the token server, as `<token>`
//! ```
//!
//! Anywhere else a stand-in goes out as it is, and is worth nothing.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use wasmtime::component::{Accessor, HasSelf};
use wharf_oci::problem::clean;
use wharf_oci::{Registry, Repository, percent};

use super::grant::Purpose;
use crate::audit::Refusal;
use crate::bindings::credentials::{self, Credential as Lent, Error, UserPassword};
use crate::blocking::blocking;
use crate::credentials::{Credential, CredentialSource, Secret, SourceKind};
use crate::state::State;

/// The stand-ins of one call, shared between the capability that hands them out
/// and the one that sends.
#[derive(Clone, Default)]
pub(crate) struct StandIns(Arc<Mutex<Option<Issued>>>);

/// A call has to do with one registry, and so with one credential at most.
struct Issued {
    credential: Credential,
    stand_in: String,
}

/// What the credentials interface of one call has to do with.
pub(crate) struct Vault {
    /// The one registry that may be asked about; none for calls without a network.
    pub(crate) registry: Option<Registry>,
    pub(crate) source: Arc<dyn CredentialSource>,
    pub(crate) stand_ins: StandIns,
}

impl StandIns {
    fn lend(&self, credential: Credential) -> Result<Lent, Error> {
        let mut issued = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stand_in = match &*issued {
            Some(same) if same.credential == credential => same.stand_in.clone(),
            _ => random_text()?,
        };
        let lent = match &credential {
            Credential::UserPassword { username, .. } => Lent::UserPassword(UserPassword {
                username: username.clone(),
                password: stand_in.clone(),
            }),
            Credential::IdentityToken(_) => Lent::IdentityToken(stand_in.clone()),
            Credential::RegistryToken(_) => Lent::RegistryToken(stand_in.clone()),
        };
        *issued = Some(Issued {
            credential,
            stand_in,
        });
        Ok(lent)
    }

    /// An `Authorization` header with the secret in its place; none when there is
    /// nothing to replace.
    pub(crate) fn reveal(&self, purpose: Purpose, header: &HeaderValue) -> Option<HeaderValue> {
        let issued = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let issued = issued.as_ref()?;
        let (scheme, value) = header.to_str().ok()?.split_once(' ')?;
        let text = match (&issued.credential, purpose) {
            (
                Credential::UserPassword { username, password },
                Purpose::Registry | Purpose::Token,
            ) if scheme.eq_ignore_ascii_case("basic") => {
                let pair = STANDARD.decode(value.trim()).ok()?;
                if pair != format!("{username}:{}", issued.stand_in).into_bytes() {
                    return None;
                }
                let pair = format!("{username}:{}", password.reveal());
                format!("Basic {}", STANDARD.encode(pair))
            }
            // How token servers that know no POST are shown a refresh token.
            (Credential::IdentityToken(token), Purpose::Token)
                if scheme.eq_ignore_ascii_case("basic") =>
            {
                let pair = STANDARD.decode(value.trim()).ok()?;
                if pair != format!("<token>:{}", issued.stand_in).into_bytes() {
                    return None;
                }
                let pair = format!("<token>:{}", token.reveal());
                format!("Basic {}", STANDARD.encode(pair))
            }
            (Credential::RegistryToken(token), Purpose::Registry)
                if scheme.eq_ignore_ascii_case("bearer") && value.trim() == issued.stand_in =>
            {
                format!("Bearer {}", token.reveal())
            }
            _ => return None,
        };
        let mut header = HeaderValue::try_from(text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// A text without the stand-in, wherever it stands in it.
    pub(crate) fn hide(&self, text: String) -> String {
        match self.issued() {
            Some(stand_in) if text.contains(&stand_in) => text.replace(&stand_in, "…"),
            _ => text,
        }
    }

    /// The stand-in that was lent, if any was.
    pub(crate) fn issued(&self) -> Option<String> {
        let issued = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        issued.as_ref().map(|issued| issued.stand_in.clone())
    }

    /// The form of a token request with the secret in its place; none when there
    /// is nothing to replace.
    pub(crate) fn reveal_form(&self, form: &str) -> Option<String> {
        let issued = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let issued = issued.as_ref()?;
        let (field, secret): (&str, &Secret) = match &issued.credential {
            Credential::UserPassword { password, .. } => ("password", password),
            Credential::IdentityToken(token) => ("refresh_token", token),
            Credential::RegistryToken(_) => return None,
        };
        let pair = format!("{field}={}", issued.stand_in);
        if !form.split('&').any(|own| own == pair) {
            return None;
        }
        let revealed = format!("{field}={}", percent::encode(secret.reveal()));
        let pairs: Vec<&str> = form
            .split('&')
            .map(|own| if own == pair { revealed.as_str() } else { own })
            .collect();
        Some(pairs.join("&"))
    }
}

impl credentials::Host for State {}

impl<T: Send> credentials::HostWithStore<T> for HasSelf<State> {
    async fn get(
        accessor: &Accessor<T, Self>,
        registry: String,
        repository: Option<String>,
        _actions: Vec<String>,
    ) -> wasmtime::Result<Result<Option<Lent>, Error>> {
        let (concerned, own, source, stand_ins, watch) = accessor.with(|mut access| {
            let state = access.get();
            let vault = &state.vault;
            (
                state.repository.clone(),
                vault.registry.clone(),
                vault.source.clone(),
                vault.stand_ins.clone(),
                state.watch.clone(),
            )
        });
        let refused = |why: String| -> wasmtime::Result<Result<Option<Lent>, Error>> {
            let outcome = Err(Refusal::Sandbox(why.clone()));
            let asked = clean(&registry, 100);
            watch.asked_credential(&outcome, &asked, None, None)?;
            Ok(Err(Error::Refused(why)))
        };
        let Some(own) = own.filter(|own| own.as_str() == registry) else {
            return refused(format!(
                "the credential for `{}` is not lent to a call that does not concern it",
                clean(&registry, 100)
            ));
        };
        // The call's repository, whatever the guest says: others may have credentials
        // of their own.
        if repository
            .as_ref()
            .is_some_and(|asked| concerned.as_ref().is_none_or(|own| own.as_str() != asked))
        {
            return refused(
                "the credential for another repository than the call's is not lent".to_owned(),
            );
        }
        // Helpers are programs: they may take their time.
        let policies = watch.policies().clone();
        let asked = concerned.clone();
        let found = blocking(move || {
            source.look(&own, asked.as_ref(), &|kind| {
                policies.credential(kind).is_ok()
            })
        });
        let found = match found.await? {
            Ok(found) => found,
            Err(error) => {
                let outcome = Err(Refusal::Sandbox("looking for it failed".to_owned()));
                let concerned = concerned.as_ref().map(Repository::as_str);
                watch.asked_credential(&outcome, &registry, concerned, None)?;
                return Ok(Err(Error::Failed(error.to_string())));
            }
        };
        let kind = found.as_ref().map(|found| found.kind);
        let outcome = match (&found, watch.policies().withheld()) {
            // Whether there would have been one elsewhere was not looked at.
            (None, Some(withheld)) => Err(Refusal::Policy(withheld)),
            _ => Ok(()),
        };
        let concerned = concerned.as_ref().map(Repository::as_str);
        let source = kind.map_or("none", SourceKind::as_str);
        watch.asked_credential(&outcome, &registry, concerned, Some(source))?;
        Ok(match found {
            None => Ok(None),
            Some(found) => stand_ins.lend(found.credential).map(Some),
        })
    }
}

/// 128 bits that nobody can guess, as hexadecimal digits: they pass through
/// headers and forms unchanged.
fn random_text() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Failed(format!("the system gives no random numbers: {error}")))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password() -> (StandIns, String) {
        let stand_ins = StandIns::default();
        let credential = Credential::UserPassword {
            username: "ada".into(),
            password: Secret::new("hunter2".into()),
        };
        match stand_ins.lend(credential) {
            Ok(Lent::UserPassword(pair)) => (stand_ins, pair.password),
            _ => panic!("not a password"),
        }
    }

    fn basic(username: &str, password: &str) -> HeaderValue {
        let pair = STANDARD.encode(format!("{username}:{password}"));
        HeaderValue::try_from(format!("Basic {pair}")).unwrap()
    }

    #[test]
    fn a_password_is_put_where_it_belongs_and_nowhere_else() {
        let (stand_ins, stand_in) = password();
        assert!(!stand_in.contains("hunter2"));
        let sent = basic("ada", &stand_in);
        for purpose in [Purpose::Registry, Purpose::Token] {
            assert_eq!(
                stand_ins.reveal(purpose, &sent),
                Some(basic("ada", "hunter2"))
            );
        }
        for purpose in [Purpose::Redirect, Purpose::ForeignUpload] {
            assert_eq!(stand_ins.reveal(purpose, &sent), None);
        }
        let registry = Purpose::Registry;
        for other in [
            basic("eve", &stand_in),
            basic("ada", &format!("{stand_in}x")),
            HeaderValue::try_from(format!("Bearer {stand_in}")).unwrap(),
            HeaderValue::try_from(stand_in.clone()).unwrap(),
            HeaderValue::from_static("Basic %%%"),
        ] {
            assert_eq!(stand_ins.reveal(registry, &other), None, "{other:?}");
        }
    }

    #[test]
    fn tokens_have_places_of_their_own() {
        let stand_ins = StandIns::default();
        let refresh = Credential::IdentityToken(Secret::new("re fresh&".into()));
        let Ok(Lent::IdentityToken(stand_in)) = stand_ins.lend(refresh) else {
            panic!("not an identity token");
        };
        let form = format!("grant_type=refresh_token&refresh_token={stand_in}&scope=x");
        assert_eq!(
            stand_ins.reveal_form(&form).as_deref(),
            Some("grant_type=refresh_token&refresh_token=re%20fresh%26&scope=x")
        );
        assert_eq!(stand_ins.reveal_form(&format!("scope={stand_in}")), None);
        let bearer = HeaderValue::try_from(format!("Bearer {stand_in}")).unwrap();
        assert_eq!(stand_ins.reveal(Purpose::Registry, &bearer), None);
        let sent = basic("<token>", &stand_in);
        assert_eq!(stand_ins.reveal(Purpose::Registry, &sent), None);
        let revealed = basic("<token>", "re fresh&");
        assert_eq!(stand_ins.reveal(Purpose::Token, &sent), Some(revealed));

        let ready = Credential::RegistryToken(Secret::new("ready".into()));
        let Ok(Lent::RegistryToken(stand_in)) = stand_ins.lend(ready) else {
            panic!("not a registry token");
        };
        let bearer = HeaderValue::try_from(format!("Bearer {stand_in}")).unwrap();
        assert!(stand_ins.reveal(Purpose::Registry, &bearer).is_some());
        assert_eq!(stand_ins.reveal(Purpose::Token, &bearer), None);
    }

    #[test]
    fn the_same_credential_has_the_same_stand_in() {
        let (stand_ins, first) = password();
        let credential = Credential::UserPassword {
            username: "ada".into(),
            password: Secret::new("hunter2".into()),
        };
        let Ok(Lent::UserPassword(again)) = stand_ins.lend(credential) else {
            panic!("not a password");
        };
        assert_eq!(again.password, first);
    }
}
