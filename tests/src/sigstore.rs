//! A Sigstore of the tests' own: `tests/servers/sigstore`, which `cargo xtask peers
//! sigstore` builds.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::process::Running;
use crate::{http, peers};

/// Fulcio, Rekor in both versions, a timestamp authority and an issuer of identity tokens,
/// each over plain HTTP on a port of its own. They stop when this is dropped.
pub struct Sigstore {
    child: Child,
    directory: TempDir,
    told: Json,
}

impl Sigstore {
    /// Starts it, and waits until it listens.
    pub fn start() -> Self {
        let program = peers::program("sigstore", "sigstore");
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let mut child = Command::new(&program)
            .arg("serve")
            .arg(directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("`{}` does not start: {error}", program.display()));
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let read = output.read_line(&mut line);
        let told = serde_json::from_str(&line).unwrap_or_default();
        let sigstore = Self {
            child,
            directory,
            told,
        };
        // Only now, so that it ends when it does not listen.
        assert!(read.is_ok() && sigstore.told.is_object(), "{line:?}");
        sigstore
    }

    /// Writes signatures into a directory, with options of the program: a folder for each
    /// right or wrong one, such as `right` and `no-sct`, beside a `trusted_root.json` and
    /// the `foreign_root.json` that only the foreign ones are right by.
    pub fn make(directory: &Path, digest: &str, options: &[&str]) {
        let mut command = Command::new(peers::program("sigstore", "sigstore"));
        command.arg("make").arg(directory);
        command.args(["--digest", digest]).args(options);
        let _ = Running::start(command, Vec::new(), Duration::from_mins(1))
            .finish()
            .success();
    }

    /// Writes a repository of trusted roots (TUF) into a directory: its `root.json` to begin
    /// with, and a folder to be served for each state that it may be in. `first` has the
    /// `first_trusted_root.json` that stands beside it; `later` has this one's files, and a
    /// root with a new key; the others are wrong in one point, and would come after it.
    pub fn repository(&self, directory: &Path) {
        let mut command = Command::new(peers::program("sigstore", "sigstore"));
        command.arg("tuf").arg(directory);
        command.arg(self.trusted_root()).arg(self.signing_config());
        let _ = Running::start(command, Vec::new(), Duration::from_mins(1))
            .finish()
            .success();
    }

    /// The address of Fulcio.
    pub fn fulcio(&self) -> &str {
        self.said("fulcio")
    }

    /// The address of Rekor, version 1.
    pub fn rekor_v1(&self) -> &str {
        self.said("rekor_v1")
    }

    /// The address of Rekor, version 2.
    pub fn rekor_v2(&self) -> &str {
        self.said("rekor_v2")
    }

    /// The address that gives timestamps, with its path.
    pub fn timestamp(&self) -> &str {
        self.said("timestamp")
    }

    /// The address of the issuer, which is its name in certificates.
    pub fn issuer(&self) -> &str {
        self.said("issuer")
    }

    /// `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN` of a job of GitHub.
    pub fn github(&self) -> (&str, &str) {
        let token = self.said("github_request_token");
        (self.said("github_request_url"), token)
    }

    /// The file that names all of them to a verifier.
    pub fn trusted_root(&self) -> PathBuf {
        self.said("trusted_root").into()
    }

    /// The file that names all of them to a signer, the log in both versions.
    pub fn signing_config(&self) -> PathBuf {
        self.said("signing_config").into()
    }

    /// The same with the log in version 1 alone.
    pub fn signing_config_v1(&self) -> PathBuf {
        self.said("signing_config_v1").into()
    }

    /// Where the files are: also `fulcio.pem`, `rekor.pub` and `ct.pub`, for older clients.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// An identity token for `ann@wharf.test`, with these claims in place of the usual ones;
    /// one that is null is left out, and `age` makes it as many seconds old (it is good for
    /// ten minutes).
    pub fn token(&self, claims: &Json) -> String {
        self.token_at("/tests/token", claims)
    }

    /// The same, signed by a key that is not the issuer's.
    pub fn forged_token(&self, claims: &Json) -> String {
        self.token_at("/tests/token?key=other", claims)
    }

    fn token_at(&self, path: &str, claims: &Json) -> String {
        let url = format!("{}{path}", self.issuer());
        let answer = http::request("POST", &url, &[], claims.to_string().as_bytes())
            .expect("the issuer answers");
        let said: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
        let token = said["token"].as_str();
        token
            .unwrap_or_else(|| panic!("{}", answer.text()))
            .to_owned()
    }

    /// Does what a browser does with this address of the issuer: agrees, and follows the way
    /// back if there is one.
    pub fn browse(&self, url: &str) {
        assert!(url.starts_with(self.issuer()), "{url}");
        let answer = http::get(url).expect("the issuer answers");
        match answer.header("location") {
            Some(back) => {
                let _ = http::get(back).expect("whoever waits for the browser answers");
            }
            None => assert_eq!(answer.status, 200, "{}", answer.text()),
        }
    }

    /// Every request until now: `service` (`fulcio`, `rekor-v1`, `rekor-v2`, `timestamp`,
    /// `issuer`), `method`, `path`, `headers` and `body` (in base64 if `binary`).
    pub fn requests(&self) -> Vec<Json> {
        let text = fs::read_to_string(self.said("requests")).expect("they are kept");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("each is JSON"))
            .collect()
    }

    fn said(&self, name: &str) -> &str {
        let value = self.told[name].as_str();
        value.unwrap_or_else(|| panic!("{name} is not told: {}", self.told))
    }
}

impl Drop for Sigstore {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::shelf::ShelvedApp;
    use crate::{Registry, TestEnv, peer};

    #[test]
    fn its_services_answer() {
        let sigstore = Sigstore::start();
        let discovery = format!("{}/.well-known/openid-configuration", sigstore.issuer());
        assert_eq!(http::get(&discovery).unwrap().status, 200);
        let (url, token) = sigstore.github();
        let url = format!("{url}&audience=sigstore");
        let authorization = format!("Bearer {token}");
        let headers = [("Authorization", authorization.as_str())];
        assert_eq!(http::get(&url).unwrap().status, 401);
        let given = http::request("GET", &url, &headers, b"").unwrap();
        assert_eq!(given.status, 200, "{}", given.text());
        let requests = sigstore.requests();
        let paths: Vec<_> = requests.iter().map(|request| &request["path"]).collect();
        assert_eq!(paths.len(), 3, "{paths:?}");
        for service in [sigstore.fulcio(), sigstore.rekor_v1(), sigstore.rekor_v2()] {
            assert_eq!(http::get(service).unwrap().status, 404);
        }
    }

    #[test]
    fn cosign_verifies_what_it_made() {
        let env = TestEnv::new("unused");
        let directory = env.work();
        fs::write(directory.join("blob"), "wharf").unwrap();
        Sigstore::make(&directory.join("made"), &crate::digest(b"wharf"), &[]);
        let identity = "--certificate-identity ann@wharf.test \
                        --certificate-oidc-issuer https://issuer.wharf.test";
        let _ = peer::cosign(
            &directory,
            &format!(
                "verify-blob-attestation --bundle made/right/bundle.json --trusted-root \
                 made/trusted_root.json {identity} --type https://sigstore.dev/cosign/sign/v1 blob"
            ),
        );
    }

    #[test]
    fn cosign_signs_with_it() {
        let sigstore = Sigstore::start();
        let registry = Registry::start();
        let env = TestEnv::new("unused");
        let directory = env.work();
        let app = ShelvedApp::new();
        app.shelf.publish(registry.address(), "app");
        let reference = format!("{}/app:1", registry.address());
        let token = sigstore.token(&json!({}));
        for config in [sigstore.signing_config(), sigstore.signing_config_v1()] {
            let sign = format!(
                "sign --yes --allow-http-registry --identity-token {token} --signing-config {} \
                 --trusted-root {} {}/app@{}",
                config.display(),
                sigstore.trusted_root().display(),
                registry.address(),
                app.digest,
            );
            let _ = peer::cosign(&directory, &sign);
        }
        let verify = format!(
            "verify --allow-http-registry --trusted-root {} --certificate-identity \
             ann@wharf.test --certificate-oidc-issuer {} {reference}",
            sigstore.trusted_root().display(),
            sigstore.issuer(),
        );
        let _ = peer::cosign(&directory, &verify);
    }
}
