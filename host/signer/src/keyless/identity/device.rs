use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::{
    IdentityToken, Invitation, Issuer,
    issuer::{Granted, SCOPE, is_as_safe, token},
    proof,
};
use crate::keyless::{Exchange, KeylessError, Step, call::Call};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// How long anyone may take to sign in, whatever the issuer says, in seconds.
const PATIENCE: u64 = 15 * 60;
/// How often the issuer is asked, in seconds (RFC 8628, section 3.2).
const PACE: u64 = 5;
const SLOWEST: u64 = 60;

#[derive(Deserialize)]
struct Begun {
    device_code: SecretString,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    interval: Option<u64>,
}

/// Signs in with a code that is entered on any device with a browser (RFC 8628), as the
/// client that the issuer knows by that name. `show` gets the address and the code, once.
pub async fn on_another_device(
    exchange: &dyn Exchange,
    issuer: &Issuer,
    client: &str,
    show: &(dyn Fn(Invitation<'_>) + Sync),
) -> Result<IdentityToken, KeylessError> {
    let endpoint = issuer
        .device_endpoint()
        .ok_or_else(|| KeylessError::NoSuchWay {
            service: issuer.address().to_owned(),
            way: "with a code on another device",
        })?;
    let verifier = proof::random()?;
    let challenge = proof::challenge(&verifier);
    let fields = [
        ("client_id", client),
        ("scope", SCOPE),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let answer = Call::form(Step::DeviceCode, endpoint.to_owned(), &fields)
        .answer(exchange)
        .await?;
    let begun: Begun = answer.json()?;
    let url = begun
        .verification_uri_complete
        .as_deref()
        .unwrap_or(&begun.verification_uri);
    // They are shown to a person, on a terminal perhaps.
    if !is_as_safe(url, issuer.address())
        || url.contains(char::is_control)
        || begun.user_code.contains(char::is_control)
        || begun.user_code.len() > 64
    {
        return Err(answer.unusable("its address or code can't be shown"));
    }
    show(Invitation::Enter {
        url,
        code: &begun.user_code,
    });
    let patience = Duration::from_secs(begun.expires_in.unwrap_or(PATIENCE).min(PATIENCE));
    let end = Instant::now() + patience;
    let mut pace = begun.interval.unwrap_or(PACE).clamp(1, SLOWEST);
    let code = begun.device_code.expose_secret();
    let fields = [
        ("grant_type", GRANT),
        ("client_id", client),
        ("scope", SCOPE),
        ("device_code", code),
        ("code_verifier", &verifier),
    ];
    let not_signed_in = |why: &str| KeylessError::NotSignedIn {
        service: issuer.address().to_owned(),
        why: why.to_owned(),
    };
    loop {
        sleep(Duration::from_secs(pace)).await;
        let answer = Call::form(
            Step::IdentityToken,
            issuer.token_endpoint().to_owned(),
            &fields,
        )
        .secret(code)
        .secret(&verifier)
        .answer(exchange)
        .await?;
        let granted: Granted = serde_json::from_slice(&answer.response.body).map_err(|_| {
            answer
                .body()
                .err()
                .unwrap_or_else(|| answer.unusable("it isn't JSON"))
        })?;
        match granted.error.as_deref() {
            None => {
                answer.body()?;
                return token(&answer, &granted, client);
            }
            Some("authorization_pending") => {}
            Some("slow_down") => pace = (pace + PACE).min(SLOWEST),
            Some("access_denied") => return Err(not_signed_in("it was denied")),
            Some("expired_token") => return Err(not_signed_in("the code has expired")),
            Some(_) => return Err(answer.refused()),
        }
        if Instant::now() >= end {
            return Err(not_signed_in("the code has expired"));
        }
    }
}
