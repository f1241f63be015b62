//! What other programs make of a registry's content.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::manifest::OciManifest;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};

use crate::peers;
use crate::process::{Output, Running};

/// Content as `oci-client` pulled it.
#[derive(Debug)]
pub struct Pulled {
    /// The digest that it told for the manifest.
    pub digest: String,
    /// The config's content.
    pub config: Vec<u8>,
    /// Media type, promised digest and content of each layer, in order.
    pub layers: Vec<(String, String, Vec<u8>)>,
}

/// Runs `skopeo`, which must succeed.
pub fn skopeo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    let mut command = Command::new("skopeo");
    command.args(arguments);
    // Nothing of this user's credentials.
    command.env("REGISTRY_AUTH_FILE", "/nonexistent/auth.json");
    let present = Command::new("skopeo").arg("--version").output().is_ok();
    assert!(
        present,
        "`skopeo` does not start; on Debian and Ubuntu, `apt-get install skopeo` installs it"
    );
    Running::start(command, Vec::new(), Duration::from_mins(2))
        .finish()
        .success()
}

/// Runs `cosign` in a directory, which is also its home, with keys whose password is
/// empty. It must succeed.
pub fn cosign(directory: &Path, arguments: &str) -> Output {
    cosign_of("cosign", directory, arguments).success()
}

/// The same of version 2, which signs in the older format.
pub fn cosign2(directory: &Path, arguments: &str) -> Output {
    cosign_of("cosign2", directory, arguments).success()
}

/// What `cosign` makes of something that it may refuse.
pub fn cosign_says(directory: &Path, arguments: &str) -> Output {
    cosign_of("cosign", directory, arguments)
}

/// What version 2 makes of something that it may refuse.
pub fn cosign2_says(directory: &Path, arguments: &str) -> Output {
    cosign_of("cosign2", directory, arguments)
}

fn cosign_of(peer: &str, directory: &Path, arguments: &str) -> Output {
    let mut command = Command::new(peers::program(peer, "cosign"));
    command
        .args(arguments.split_whitespace())
        .current_dir(directory)
        .env("HOME", directory)
        .env("DOCKER_CONFIG", directory)
        .env("COSIGN_PASSWORD", "")
        // Nothing here is to be asked of the public services.
        .env("HTTPS_PROXY", "http://127.0.0.1:9");
    Running::start(command, Vec::new(), Duration::from_mins(2)).finish()
}

/// Runs `image-policy`, which is `clients/image-policy`, in a directory: the library of
/// Podman, Skopeo and CRI-O verifies or signs an image. `$COSIGN_PASSWORD` is empty. It
/// ends with 1 if the policy refuses the image.
pub fn image_policy(directory: &Path, arguments: &str) -> Output {
    let mut command = Command::new(peers::program("image-policy", "image-policy"));
    command
        .args(arguments.split_whitespace())
        .current_dir(directory)
        .env("HOME", directory)
        .env("COSIGN_PASSWORD", "")
        .env("HTTPS_PROXY", "http://127.0.0.1:9");
    Running::start(command, Vec::new(), Duration::from_mins(2)).finish()
}

/// Pulls a reference over plain HTTP with the crate `oci-client`.
pub fn oci_client_pull(reference: &str) -> Pulled {
    // Its HTTP client looks for a provider even when it needs none. An error says
    // that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    runtime.block_on(async {
        let client = Client::new(ClientConfig {
            protocol: ClientProtocol::Http,
            ..ClientConfig::default()
        });
        let reference: Reference = reference.parse().expect("it is a reference");
        let anonymous = RegistryAuth::Anonymous;
        let (manifest, digest) = client
            .pull_manifest(&reference, &anonymous)
            .await
            .expect("the manifest can be pulled");
        let OciManifest::Image(manifest) = manifest else {
            panic!("it is not an image manifest: {manifest:?}");
        };
        let mut config = Vec::new();
        client
            .pull_blob(&reference, &manifest.config, &mut config)
            .await
            .expect("the config can be pulled");
        let mut layers = Vec::new();
        for layer in &manifest.layers {
            let mut content = Vec::new();
            client
                .pull_blob(&reference, layer, &mut content)
                .await
                .expect("the layer can be pulled");
            layers.push((layer.media_type.clone(), layer.digest.clone(), content));
        }
        Pulled {
            digest,
            config,
            layers,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Server;
    use crate::shelf::ShelvedApp;
    use crate::{Authority, Registry, TestEnv};

    #[test]
    fn peers_read_the_shelf() {
        let app = ShelvedApp::new();
        let shelf = app.shelf.clone();
        let server = Server::start(move |request| shelf.answer(request));
        let reference = format!("{}/app:1", server.address());
        let pulled = oci_client_pull(&reference);
        assert_eq!(pulled.digest, app.digest);
        assert_eq!(pulled.layers.len(), 3);
        for (_, digest, content) in &pulled.layers {
            assert_eq!(*digest, crate::digest(content));
        }
        let image = format!("docker://{reference}");
        let raw = skopeo(["inspect", "--raw", "--tls-verify=false", &image]);
        assert_eq!(crate::digest(raw.stdout.as_bytes()), app.digest);
    }

    #[test]
    fn podman_verifies_what_cosign2_signs() {
        let registry = Registry::start();
        let app = ShelvedApp::new();
        app.shelf.publish(registry.address(), "app");
        let env = TestEnv::new("unused");
        let address = registry.address();
        let verify = format!("verify {address}/app:1 --key cosign.pub");
        let _ = cosign2(&env.work(), "generate-key-pair");
        let _ = image_policy(&env.work(), &verify)
            .code(1)
            .says(&["no signature exists"]);
        let sign = "sign --key cosign.key --tlog-upload=false --allow-http-registry --yes";
        let _ = cosign2(&env.work(), &format!("{sign} {address}/app@{}", app.digest));
        let _ = image_policy(&env.work(), &verify).success();
    }

    #[test]
    fn cosign_verifies_what_podman_signs() {
        let registry = Registry::start();
        ShelvedApp::new().shelf.publish(registry.address(), "app");
        let env = TestEnv::new("unused");
        let reference = format!("{}/app:1", registry.address());
        let _ = cosign(&env.work(), "generate-key-pair");
        let options = "--key cosign.key --passphrase-env COSIGN_PASSWORD";
        let _ = image_policy(&env.work(), &format!("sign {reference} {options}")).success();
        let verify = "verify --key cosign.pub --insecure-ignore-tlog --allow-http-registry";
        for verified in [cosign_says, cosign2_says] {
            let _ = verified(&env.work(), &format!("{verify} {reference}")).success();
        }
    }

    #[test]
    fn a_registry_under_tls_with_passwords_takes_an_image() {
        let app = ShelvedApp::new();
        let server = Server::start(move |request| app.shelf.answer(request));
        let authority = Authority::new();
        let registry = Registry::settings()
            .tls(&authority)
            .user("ann", "secret")
            .start();
        let certificates = authority.certificate_directory();
        let from = format!("docker://{}/app:1", server.address());
        let to = format!("docker://{}/copied:1", registry.address());
        let _ = skopeo([
            OsStr::new("copy"),
            OsStr::new("--insecure-policy"),
            OsStr::new("--src-tls-verify=false"),
            OsStr::new("--preserve-digests"),
            OsStr::new("--dest-creds=ann:secret"),
            OsStr::new("--dest-cert-dir"),
            certificates.as_os_str(),
            OsStr::new(&from),
            OsStr::new(&to),
        ]);
        assert_eq!(registry.tags("copied"), ["1"]);
        assert!(registry.blobs().contains(&app.digest));
    }
}
