//! What is done while something goes wrong, and what it must have led to.

use std::fs;

use wharf_tests::environment::{Run, files_below};
use wharf_tests::proxy::Fate;
use wharf_tests::{Json, TestEnv, serde_json};

use crate::stage::{Kind, Stage, Step};
use crate::{QUICK, older_app, small_app};

/// A command, in a certain situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// `wharf registry login`.
    Login,
    /// `wharf registry push` to a tag that another application has.
    Push,
    /// `wharf registry pull` into an empty store.
    Pull,
    /// The same, but the largest blob comes in two parts.
    PullInParts,
    /// `wharf registry copy` from one repository of the registry to another, to a tag
    /// that another application has.
    Copy,
}

/// A scenario in a place.
pub(crate) struct Play<'a> {
    pub(crate) scenario: Scenario,
    pub(crate) stage: &'a Stage,
    pub(crate) env: TestEnv,
    repository: String,
}

/// The repositories that every stage has, with one application each, as tag `1`.
const SMALL: &str = "small";
const OLDER: &str = "older";

impl Scenario {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [
        Self::Login,
        Self::Push,
        Self::Pull,
        Self::PullInParts,
        Self::Copy,
    ];

    /// What becomes of its requests also without a fault.
    pub(crate) fn base(self, step: &Step, largest: &str) -> Option<Fate> {
        let cut = self == Self::PullInParts
            && step.kind == Kind::BlobGet
            && step.subject == largest
            && step.nth == 1;
        cut.then_some(Fate::CutAnswer(PART))
    }
}

/// How much of the largest blob comes in the first part, in bytes.
const PART: u64 = 20_000;

/// Fills a new stage: applications to pull, and to be replaced.
pub(crate) fn furnish(stage: &Stage) {
    let env = stage.environment();
    for (app, repository) in [(small_app(), SMALL), (older_app(), OLDER)] {
        let directory = app.write(&env.work());
        let reference = format!("{}/{repository}:1", stage.front.address());
        let directory = directory.display().to_string();
        let _ = env
            .command(["registry", "push", &reference, "-f", &directory])
            .run()
            .success();
    }
    stage.take();
}

impl<'a> Play<'a> {
    /// A scenario, ready to be run; `name` is like no other of the stage.
    pub(crate) fn new(scenario: Scenario, stage: &'a Stage, name: &str) -> Self {
        let (env, repository) = match scenario {
            Scenario::Login => (crate::environment(), String::new()),
            Scenario::Push => {
                let env = stage.environment();
                small_app().write(&env.work());
                stage.registry.copy_repository(OLDER, name);
                (env, name.to_owned())
            }
            Scenario::Copy => {
                stage.registry.copy_repository(OLDER, name);
                (stage.environment(), name.to_owned())
            }
            Scenario::Pull | Scenario::PullInParts => (stage.environment(), SMALL.to_owned()),
        };
        Self {
            scenario,
            stage,
            env,
            repository,
        }
    }

    /// The command, before it is run.
    pub(crate) fn command(&self) -> Run {
        self.env.command(self.arguments())
    }

    /// Whether a blob is where it is to be brought.
    pub(crate) fn has(&self, digest: &str) -> bool {
        match self.scenario {
            Scenario::Login => false,
            Scenario::Push | Scenario::Copy => self.stage.registry.has(&self.repository, digest),
            Scenario::Pull | Scenario::PullInParts => self.env.blob(digest).is_some(),
        }
    }

    fn arguments(&self) -> Vec<String> {
        let server = self.stage.front.address();
        let reference = format!("{server}/{}:1", self.repository);
        let source = format!("{server}/{SMALL}:1");
        let words: Vec<&str> = match self.scenario {
            Scenario::Login => vec!["login", &server, "-u", "ann", "--password-stdin"],
            Scenario::Push => vec!["push", &reference, "-f", "app"],
            Scenario::Pull | Scenario::PullInParts => vec!["pull", &reference],
            Scenario::Copy => vec!["copy", &source, &reference],
        };
        ["registry"]
            .into_iter()
            .chain(words)
            .chain(QUICK)
            .map(str::to_owned)
            .collect()
    }

    /// Checks that everything that was asked for is there and right.
    pub(crate) fn is_done(&self) -> Result<(), String> {
        match self.scenario {
            Scenario::Login => {
                let server = self.stage.front.address();
                let kept = self.kept_logins();
                ensure(kept.contains(&server), || "no login is kept".to_owned())
            }
            Scenario::Push | Scenario::Copy => self.tag_leads_to(&manifest_of(self.stage, SMALL)),
            Scenario::Pull | Scenario::PullInParts => {
                let manifest = manifest_of(self.stage, SMALL);
                for digest in contents(self.stage, &manifest)? {
                    let there = self.env.blob(&digest).is_some();
                    ensure(there, || format!("{digest} is not in the store"))?;
                }
                ensure(self.env.blob(&manifest).is_some(), || {
                    "the manifest is not in the store".to_owned()
                })
            }
        }
    }

    /// Checks that nothing wrong is anywhere, whatever happened.
    pub(crate) fn is_unharmed(&self) -> Result<(), String> {
        for file in self.env.blobs() {
            let content = fs::read(&file).map_err(|error| error.to_string())?;
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let right = wharf_tests::digest(&content) == format!("sha256:{name}");
            ensure(right, || format!("{name} in the store is something else"))?;
        }
        self.names_lead_somewhere()?;
        match self.scenario {
            Scenario::Push | Scenario::Copy => {
                let tag = self.stage.registry.tagged(&self.repository, "1");
                let older = manifest_of(self.stage, OLDER);
                match tag {
                    Some(tag) if tag == older => Ok(()),
                    _ => self.tag_leads_to(&manifest_of(self.stage, SMALL)),
                }
            }
            _ => Ok(()),
        }
    }

    /// Checks that a failure left nothing that looks like a success.
    pub(crate) fn is_not_done(&self) -> Result<(), String> {
        match self.scenario {
            Scenario::Login => {
                let kept = self.kept_logins();
                ensure(kept.is_empty(), || format!("a login is kept: {kept}"))
            }
            _ => Ok(()),
        }
    }

    fn kept_logins(&self) -> String {
        files_below(&self.env.root().join("config"))
            .iter()
            .filter_map(|file| fs::read_to_string(file).ok())
            .collect()
    }

    /// Every name of the store leads to a manifest that is there, and says so.
    fn names_lead_somewhere(&self) -> Result<(), String> {
        for file in files_below(&self.env.cache()) {
            // The lock of the table has its name.
            if !file.ends_with("index.json") || file.ends_with("locks/index.json") {
                continue;
            }
            let text = fs::read_to_string(&file).map_err(|error| error.to_string())?;
            let index: Json = serde_json::from_str(&text).map_err(|error| error.to_string())?;
            for entry in index["manifests"].as_array().into_iter().flatten() {
                let digest = entry["digest"].as_str().unwrap_or_default();
                let there = self.env.blob(digest).is_some();
                ensure(there, || format!("a name leads to {digest}: not there"))?;
                let media_type = entry["mediaType"].as_str().unwrap_or_default();
                ensure(media_type.contains("manifest"), || {
                    format!("a manifest is called {media_type}")
                })?;
            }
        }
        Ok(())
    }

    /// The tag leads to this manifest, and all of its content is there and right.
    fn tag_leads_to(&self, manifest: &str) -> Result<(), String> {
        let (registry, repository) = (&self.stage.registry, &self.repository);
        let tag = registry.tagged(repository, "1");
        ensure(tag.as_deref() == Some(manifest), || {
            format!("the tag leads to {tag:?}, not {manifest}")
        })?;
        for digest in contents(self.stage, manifest)? {
            let content = registry.blob(&digest).unwrap_or_default();
            let right = wharf_tests::digest(&content) == digest;
            ensure(right && registry.has(repository, &digest), || {
                format!("{digest} is not at the registry as it should be")
            })?;
        }
        Ok(())
    }
}

/// The manifest of one of the repositories that every stage has.
fn manifest_of(stage: &Stage, repository: &str) -> String {
    let tagged = stage.registry.tagged(repository, "1");
    tagged.expect("the stage is furnished")
}

/// The digest of the largest blob of the application that is pushed and pulled.
pub(crate) fn largest(stage: &Stage) -> String {
    let blobs = contents_of_small(stage);
    let size = |digest: &String| stage.registry.blob(digest).map_or(0, |blob| blob.len());
    blobs.into_iter().max_by_key(size).expect("it has blobs")
}

/// The digests of the blobs of the application that is pushed and pulled.
pub(crate) fn contents_of_small(stage: &Stage) -> Vec<String> {
    contents(stage, &manifest_of(stage, SMALL)).expect("it is a manifest")
}

/// The digests that a manifest of the registry names.
fn contents(stage: &Stage, manifest: &str) -> Result<Vec<String>, String> {
    let bytes = stage.registry.blob(manifest).unwrap_or_default();
    let right = wharf_tests::digest(&bytes) == manifest;
    ensure(right, || format!("the manifest {manifest} is broken"))?;
    let manifest: Json = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let layers = manifest["layers"].as_array().into_iter().flatten();
    Ok([&manifest["config"]]
        .into_iter()
        .chain(layers)
        .filter_map(|descriptor| Some(descriptor["digest"].as_str()?.to_owned()))
        .collect())
}

/// The complaint, unless all is well.
pub(crate) fn ensure(well: bool, complaint: impl FnOnce() -> String) -> Result<(), String> {
    if well { Ok(()) } else { Err(complaint()) }
}
