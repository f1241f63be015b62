use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout, timeout_at},
};
use zeroize::Zeroizing;

use super::{
    IdentityToken, Invitation, Issuer,
    issuer::{Granted, SCOPE, token},
    proof,
};
use crate::keyless::{Exchange, KeylessError, Step, call::Call};

/// Where the browser is sent back to.
const PATH: &str = "/auth/callback";
/// How long a request's head may be, and how long it may take to come.
const HEAD: usize = 16 * 1024;
const HASTE: Duration = Duration::from_secs(10);

const SIGNED_IN: &str = "You are signed in. This page can be closed.";
const NOT_SIGNED_IN: &str = "You are not signed in. This page can be closed.";
const NOTHING_HERE: &str = "There is nothing here.";

/// Signs in with a browser on this machine (authorization code with PKCE, RFC 8252), as the
/// client that the issuer knows by that name. `show` gets the address to open, once; the
/// browser is waited for on a loopback address, for as long as `patience`.
pub async fn in_browser(
    exchange: &dyn Exchange,
    issuer: &Issuer,
    client: &str,
    patience: Duration,
    show: &(dyn Fn(Invitation<'_>) + Sync),
) -> Result<IdentityToken, KeylessError> {
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .map_err(KeylessError::Listen)?;
    let port = listener.local_addr().map_err(KeylessError::Listen)?.port();
    // By its name: issuers let no other address have any port.
    let back = format!("http://localhost:{port}{PATH}");
    let (state, nonce, verifier) = (proof::random()?, proof::random()?, proof::random()?);
    let challenge = proof::challenge(&verifier);
    let endpoint = issuer.authorization_endpoint();
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", &back),
            ("scope", SCOPE),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ])
        .finish();
    let joint = if endpoint.contains('?') { '&' } else { '?' };
    show(Invitation::Open {
        url: &format!("{endpoint}{joint}{query}"),
    });

    let not_signed_in = |why: String| KeylessError::NotSignedIn {
        service: issuer.address().to_owned(),
        why,
    };
    let code = timeout_at(Instant::now() + patience, sent_back(&listener, &state))
        .await
        .map_err(|_| not_signed_in(format!("{} s have passed", patience.as_secs())))?
        .map_err(KeylessError::Listen)?
        .map_err(not_signed_in)?;

    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("redirect_uri", &back),
        ("code", &code),
        ("code_verifier", &verifier),
    ];
    let answer = Call::form(
        Step::IdentityToken,
        issuer.token_endpoint().to_owned(),
        &fields,
    )
    .secret(&code)
    .secret(&verifier)
    .answer(exchange)
    .await?;
    let granted: Granted = answer.json()?;
    let token = token(&answer, &granted, client)?;
    if token.has_nonce(&nonce) {
        Ok(token)
    } else {
        Err(answer.unusable("the identity token is of another sign-in"))
    }
}

/// The code that the browser comes back with, or why it has none. Whatever else knocks is
/// sent away: any page in the browser, and any program on the machine, can.
async fn sent_back(
    listener: &TcpListener,
    state: &str,
) -> std::io::Result<Result<Zeroizing<String>, String>> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        let Ok(Some(target)) = timeout(HASTE, target(&mut stream)).await else {
            continue;
        };
        let outcome = outcome(&target, state);
        let (status, words) = match &outcome {
            Some(Ok(_)) => ("200 OK", SIGNED_IN),
            Some(Err(_)) => ("200 OK", NOT_SIGNED_IN),
            None => ("404 Not Found", NOTHING_HERE),
        };
        let page = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: \
             {}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n{words}",
            words.len()
        );
        // Whether the page is seen is of no matter.
        let _ = timeout(HASTE, async {
            stream.write_all(page.as_bytes()).await?;
            stream.shutdown().await
        })
        .await;
        if let Some(outcome) = outcome {
            return Ok(outcome);
        }
    }
}

/// What a request's first line asks for; none when it is no `GET` request.
async fn target(stream: &mut TcpStream) -> Option<Zeroizing<String>> {
    let mut head = Zeroizing::new(vec![0; HEAD]);
    let mut length = 0;
    // To the end of the head: an answer that comes earlier is lost by some browsers.
    while !head[..length]
        .windows(4)
        .any(|window| window == b"\r\n\r\n")
    {
        match stream.read(&mut head[length..]).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => length += read,
        }
    }
    let line = head[..length].split(|byte| *byte == b'\r').next()?;
    let mut parts = std::str::from_utf8(line).ok()?.split(' ');
    match (parts.next()?, parts.next()?) {
        ("GET", target) => Some(Zeroizing::new(target.to_owned())),
        _ => None,
    }
}

/// What a target says, if it is that of this sign-in.
fn outcome(target: &str, state: &str) -> Option<Result<Zeroizing<String>, String>> {
    let (path, query) = target.split_once('?')?;
    let field = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.into_owned())
    };
    if path != PATH || field("state").as_deref() != Some(state) {
        return None;
    }
    if let Some(error) = field("error") {
        let why = field("error_description").unwrap_or(error);
        let why: String = why
            .chars()
            .filter(|char| !char.is_control())
            .take(200)
            .collect();
        return Some(Err(why));
    }
    field("code").map(|code| Ok(Zeroizing::new(code)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_this_sign_in_is_answered() {
        let code =
            |target| outcome(target, "s").map(|outcome| outcome.map(|code| code.to_string()));
        assert_eq!(
            code("/auth/callback?code=a%2Bb&state=s"),
            Some(Ok("a+b".to_owned()))
        );
        assert_eq!(
            code("/auth/callback?error=access_denied&error_description=no+way&state=s"),
            Some(Err("no way".to_owned()))
        );
        for other in [
            "/auth/callback?code=a&state=t",
            "/auth/callback?code=a",
            "/auth/callback",
            "/favicon.ico",
            "/?code=a&state=s",
            "/auth/callback?state=s",
        ] {
            assert_eq!(code(other), None, "{other}");
        }
    }

    #[tokio::test]
    async fn whoever_else_knocks_is_sent_away() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let ask = async |request: &str| {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let knocks = async {
            let icon = ask("GET /favicon.ico HTTP/1.1\r\nhost: x\r\n\r\n").await;
            assert!(icon.starts_with("HTTP/1.1 404"), "{icon}");
            let forged = ask("GET /auth/callback?code=evil&state=t HTTP/1.1\r\n\r\n").await;
            assert!(forged.starts_with("HTTP/1.1 404"), "{forged}");
            drop(TcpStream::connect(address).await.unwrap());
            let post = ask("POST /auth/callback?code=evil&state=s HTTP/1.1\r\n\r\n").await;
            assert_eq!(post, "");
            let right = ask("GET /auth/callback?code=good&state=s HTTP/1.1\r\n\r\n").await;
            assert!(right.ends_with(SIGNED_IN), "{right}");
        };
        let (code, ()) = tokio::join!(sent_back(&listener, "s"), knocks);
        assert_eq!(*code.unwrap().unwrap(), "good");
    }

    proptest! {
        #[test]
        fn any_target_is_read(target in "\\PC{0,200}") {
            let _ = outcome(&target, "s");
        }
    }
}
