//! What all stages of a test share: registries with the same content, a token server,
//! and what is in the content.

use std::collections::HashMap;
use std::sync::Arc;

use wharf_tests::attached::{attach, list_under_tag, tag_of};
use wharf_tests::memory::lie_in_memory;
use wharf_tests::{Authority, Json, ReferrersRegistry, Registry, TokenServer, json, serde_json};

use crate::attempts::Attempts;
use crate::{environment, older_app, small_app};

/// What all stages share.
pub(crate) struct World {
    /// Holds the content, and lets anyone do anything.
    pub(crate) registry: Registry,
    /// The same content, by distribution 3.1.
    pub(crate) newer: Registry,
    /// The same content, for whoever has the password.
    pub(crate) passwords: Registry,
    /// A registry that lists referrers itself.
    pub(crate) lists: ReferrersRegistry,
    pub(crate) tokens: TokenServer,
    /// The digests of the application's manifest, of the other application's, and of
    /// the manifest that refers to the application.
    pub(crate) app: String,
    pub(crate) older: String,
    pub(crate) referrer: String,
    /// The application's largest blob.
    pub(crate) largest: String,
    pub(crate) attempts: Attempts,
    /// By manifest: the digests of config and layers.
    contents: HashMap<String, Vec<String>>,
    /// Vouches for tokens, for as long as registries are started that look at them.
    _authority: Authority,
}

/// An application and what refers to it, as repository `small`; and as `inventoried`
/// with something else that refers to it; and another application as `older`. Each as
/// tag `1`.
pub(crate) const SMALL: &str = "small";
pub(crate) const INVENTORIED: &str = "inventoried";
pub(crate) const OLDER: &str = "older";

const SIGNATURE: &str = "application/vnd.example.signature";
const INVENTORY: &str = "application/vnd.example.inventory";

/// Who is logged in.
pub(crate) const USER: &str = "ann";

/// With which password. Nothing else looks like it.
pub(crate) const PASSWORD: &str = "p4ssw0rd-of-ann-a91c";

impl World {
    /// Starts the registries, and fills them: applications to pull, and to be replaced,
    /// and what refers to them.
    pub(crate) fn new() -> Arc<Self> {
        lie_in_memory();
        let authority = Authority::new();
        let tokens = TokenServer::settings(&authority)
            .user(USER, PASSWORD)
            .start();
        let registry = Registry::start();
        let newer = Registry::settings()
            .distribution3()
            .beside(&registry)
            .start();
        let passwords = Registry::settings()
            .user(USER, PASSWORD)
            .beside(&registry)
            .start();
        let lists = ReferrersRegistry::start();
        let env = environment();
        let open = registry.address();
        for (app, server, repository) in [
            (small_app(), open, SMALL),
            (small_app(), open, INVENTORIED),
            (older_app(), open, OLDER),
            (small_app(), lists.address(), SMALL),
        ] {
            let directory = app.write(&env.work()).display().to_string();
            let reference = format!("{server}/{repository}:1");
            let push = ["registry", "push", &reference, "-f", &directory];
            let _ = env.command(push).run().success();
        }
        let tagged = |repository| registry.tagged(repository, "1").expect("it was pushed");
        let (app, older) = (tagged(SMALL), tagged(OLDER));
        let subject = json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": app,
            "size": registry.blob(&app).map_or(0, |manifest| manifest.len()),
        });
        let attached = |server, repository, kind| {
            let attached = attach(server, repository, &subject, kind);
            if server == open {
                list_under_tag(server, repository, &subject, &[&attached]);
            }
            let digest = attached["digest"].as_str();
            digest.expect("it was attached").to_owned()
        };
        let referrer = attached(open, SMALL, SIGNATURE);
        attached(lists.address(), SMALL, SIGNATURE);
        let inventory = attached(open, INVENTORIED, INVENTORY);
        let contents: HashMap<_, _> = [&app, &older, &referrer, &inventory]
            .into_iter()
            .map(|manifest| (manifest.clone(), contents(&registry, manifest)))
            .collect();
        let size = |digest: &&String| registry.blob(digest).map_or(0, |blob| blob.len());
        let largest = contents[&app].iter().max_by_key(size);
        let largest = largest.expect("it has blobs").clone();
        Arc::new(Self {
            registry,
            newer,
            passwords,
            lists,
            tokens,
            app,
            older,
            referrer,
            largest,
            attempts: Attempts::default(),
            contents,
            _authority: authority,
        })
    }

    /// The digests of config and layers of one of the manifests.
    pub(crate) fn contents(&self, manifest: &str) -> &[String] {
        &self.contents[manifest]
    }

    /// The digests of the blobs that are pushed and pulled.
    pub(crate) fn moved(&self) -> Vec<String> {
        let manifests = [&self.app, &self.referrer].into_iter();
        let contents = manifests.flat_map(|manifest| self.contents(manifest));
        contents.cloned().collect()
    }

    /// The digests of the manifests that are listed under the tag for what refers to
    /// the application.
    pub(crate) fn listed(&self, repository: &str) -> Result<Vec<String>, String> {
        let list = self.registry.tagged(repository, &tag_of(&self.app));
        let list = list.ok_or("there is no list of referrers")?;
        let index = read(&self.registry, &list)?;
        let entries = index["manifests"].as_array().into_iter().flatten();
        let digests = entries.filter_map(|entry| entry["digest"].as_str());
        Ok(digests.map(str::to_owned).collect())
    }
}

/// The digests that a manifest of the registry names.
fn contents(registry: &Registry, manifest: &str) -> Vec<String> {
    let manifest = read(registry, manifest).expect("it was pushed");
    let layers = manifest["layers"].as_array().into_iter().flatten();
    let descriptors = [&manifest["config"]].into_iter().chain(layers);
    let digests = descriptors.filter_map(|descriptor| descriptor["digest"].as_str());
    digests.map(str::to_owned).collect()
}

/// A manifest or an index of the registry.
fn read(registry: &Registry, digest: &str) -> Result<Json, String> {
    let bytes = registry.blob(digest).unwrap_or_default();
    if wharf_tests::digest(&bytes) != digest {
        return Err(format!("{digest} is broken at the registry"));
    }
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
}
