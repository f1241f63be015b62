//! What is done while something goes wrong.

use wharf_tests::attached::{attach, list_under_tag, tag_of};
use wharf_tests::environment::Run;
use wharf_tests::proxy::{Exchange, Fate};
use wharf_tests::{Json, TestEnv, json, serde_json};

use crate::stage::{Files, Kind, Stage, Step, files_of, put};
use crate::{QUICK, older_app, small_app};

/// A command, in a certain situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// `wharf registry login`.
    Login,
    /// `wharf registry push` to a tag that another application has.
    Push,
    /// The same of an application that is there, and of what refers to it, which is
    /// not: its place is in a list under a tag, with something else in it.
    PushReferrers,
    /// `wharf registry pull` into an empty store.
    Pull,
    /// The same, but the largest blob comes in two parts.
    PullInParts,
    /// `wharf registry pull --referrers` of an application that the store has.
    PullReferrers,
    /// `wharf registry copy` from one repository of the registry to another, to a tag
    /// that another application has.
    Copy,
    /// The same, but the registry takes nothing over.
    CopyBytes,
    /// `wharf registry referrers` where they are listed under a tag.
    Referrers,
    /// The same where the registry lists them.
    ReferrersListed,
    /// `wharf registry tags`.
    Tags,
    /// `wharf registry resolve`.
    Resolve,
    /// `wharf registry delete` of what refers to the application.
    Delete,
}

/// A scenario in a place.
pub(crate) struct Play<'a> {
    pub(crate) scenario: Scenario,
    pub(crate) stage: &'a Stage,
    pub(crate) env: TestEnv,
    pub(crate) repository: String,
}

/// An application and what refers to it, as repository `small`; and as `inventoried`
/// with something else that refers to it; and another application as `older`. Each as
/// tag `1`.
pub(crate) const SMALL: &str = "small";
pub(crate) const INVENTORIED: &str = "inventoried";
pub(crate) const OLDER: &str = "older";

const SIGNATURE: &str = "application/vnd.example.signature";
const INVENTORY: &str = "application/vnd.example.inventory";

impl Scenario {
    /// All of them.
    pub(crate) const ALL: [Self; 13] = [
        Self::Login,
        Self::Push,
        Self::PushReferrers,
        Self::Pull,
        Self::PullInParts,
        Self::PullReferrers,
        Self::Copy,
        Self::CopyBytes,
        Self::Referrers,
        Self::ReferrersListed,
        Self::Tags,
        Self::Resolve,
        Self::Delete,
    ];

    /// Whether it leaves a tag behind.
    pub(crate) fn sends(self) -> bool {
        matches!(
            self,
            Self::Push | Self::PushReferrers | Self::Copy | Self::CopyBytes
        )
    }

    /// Whether it leaves something in the store.
    fn fetches(self) -> bool {
        matches!(self, Self::Pull | Self::PullInParts | Self::PullReferrers)
    }

    /// Whether it leaves anything behind that another attempt could stumble over.
    pub(crate) fn leaves_something(self) -> bool {
        self.sends() || self.fetches() || matches!(self, Self::Login | Self::Delete)
    }

    /// Whether a request is what it is about. The others are in another scenario, as
    /// they are here.
    pub(crate) fn is_about(self, step: &Step, largest: &str) -> bool {
        let is_on_the_way_in = step.anonymous || step.kind == Kind::Token;
        match self {
            Self::PullInParts => {
                step.kind == Kind::BlobRange
                    || (step.kind == Kind::BlobGet && step.subject == largest)
            }
            Self::CopyBytes => matches!(
                step.kind,
                Kind::Mount | Kind::BlobGet | Kind::Start | Kind::StartWhole | Kind::UploadPut
            ),
            Self::PushReferrers | Self::PullReferrers | Self::Tags | Self::Resolve => {
                !is_on_the_way_in
            }
            _ => true,
        }
    }

    /// What becomes of one of its requests: what a fault does to it, and what happens
    /// in this scenario also without one.
    pub(crate) fn fate(
        self,
        step: &Step,
        exchange: &Exchange,
        largest: &str,
        fault: Option<Fate>,
    ) -> Option<Fate> {
        if self == Self::CopyBytes && step.kind == Kind::Mount {
            let (path, _) = exchange.target.split_once('?')?;
            let fate = fault.unwrap_or(Fate::Forward);
            return Some(Fate::At(path.to_owned(), Box::new(fate)));
        }
        let cut = self == Self::PullInParts
            && step.kind == Kind::BlobGet
            && step.subject == largest
            && step.nth == 1;
        fault.or_else(|| cut.then_some(Fate::CutAnswer(PART)))
    }
}

/// How much of the largest blob comes in the first part, in bytes.
const PART: u64 = 20_000;

/// Fills a new stage: applications to pull, and to be replaced, and what refers to them.
pub(crate) fn furnish(stage: &mut Stage) {
    let env = stage.environment();
    let (front, lists, open) = (&stage.front, &stage.lists, stage.open.address());
    for (app, server, repository) in [
        (small_app(), front, SMALL),
        (small_app(), front, INVENTORIED),
        (older_app(), front, OLDER),
        (small_app(), lists, SMALL),
    ] {
        let directory = app.write(&env.work()).display().to_string();
        let reference = format!("{}/{repository}:1", server.address());
        let push = ["registry", "push", &reference, "-f", &directory];
        let _ = env.command(push).run().success();
    }
    let subject = subject(stage);
    for (server, repository, kind) in [
        (open, SMALL, SIGNATURE),
        (open, INVENTORIED, INVENTORY),
        (&*lists.address(), SMALL, SIGNATURE),
    ] {
        let attached = attach(server, repository, &subject, kind);
        if server == open {
            list_under_tag(server, repository, &subject, &[&attached]);
        }
    }
    stage.with_app = pulled(stage, &[]);
    stage.with_referrers = pulled(stage, &["--referrers"]);
    stage.take();
}

/// The files of a store into which the application was pulled.
fn pulled(stage: &Stage, options: &[&str]) -> Files {
    let env = stage.environment();
    let reference = format!("{}/{SMALL}:1", stage.front.address());
    let pull = ["registry", "pull", &reference];
    let _ = env.command(pull.iter().chain(options)).run().success();
    files_of(&env, "cache")
}

/// The descriptor of the application's manifest.
fn subject(stage: &Stage) -> Json {
    let digest = manifest_of(stage, SMALL);
    let bytes = stage.registry.blob(&digest).expect("it was pushed");
    json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": digest,
        "size": bytes.len(),
    })
}

impl<'a> Play<'a> {
    /// A scenario, ready to be run; `name` is like no other of the stage.
    pub(crate) fn new(scenario: Scenario, stage: &'a Stage, name: &str) -> Self {
        let env = if scenario == Scenario::Login {
            crate::environment()
        } else {
            stage.environment()
        };
        let based_on = match scenario {
            Scenario::Push | Scenario::Copy | Scenario::CopyBytes => Some(OLDER),
            Scenario::PushReferrers => Some(INVENTORIED),
            Scenario::Delete => Some(SMALL),
            _ => None,
        };
        let mut repository = SMALL;
        if let Some(based_on) = based_on {
            stage.registry.copy_repository(based_on, name);
            repository = name;
        }
        match scenario {
            Scenario::Push => drop(small_app().write(&env.work())),
            Scenario::PushReferrers => {
                small_app().write(&env.work());
                put(&env, &stage.with_referrers);
            }
            Scenario::PullReferrers => put(&env, &stage.with_app),
            _ => {}
        }
        Self {
            scenario,
            stage,
            env,
            repository: repository.to_owned(),
        }
    }

    /// The command, before it is run, with more arguments.
    pub(crate) fn command(&self, more: &[&str]) -> Run {
        let arguments = self.arguments();
        let arguments = arguments.iter().map(String::as_str);
        self.env.command(arguments.chain(more.iter().copied()))
    }

    /// Whether a blob is where it is to be brought.
    pub(crate) fn has(&self, digest: &str) -> bool {
        if self.scenario.sends() {
            self.stage.registry.has(&self.repository, digest)
        } else {
            self.env.blob(digest).is_some()
        }
    }

    /// The server that it is about.
    pub(crate) fn server(&self) -> String {
        match self.scenario {
            Scenario::ReferrersListed => self.stage.lists.address(),
            _ => self.stage.front.address(),
        }
    }

    fn arguments(&self) -> Vec<String> {
        let server = self.server();
        let repository = format!("{server}/{}", self.repository);
        let reference = format!("{repository}:1");
        let source = format!("{server}/{SMALL}:1");
        let deleted = format!("{repository}@{}", referrer(self.stage));
        let words: Vec<&str> = match self.scenario {
            Scenario::Login => vec!["login", &server, "-u", "ann", "--password-stdin"],
            Scenario::Push | Scenario::PushReferrers => vec!["push", &reference, "-f", "app"],
            Scenario::Pull | Scenario::PullInParts => vec!["pull", &reference],
            Scenario::PullReferrers => vec!["pull", &reference, "--referrers"],
            Scenario::Copy | Scenario::CopyBytes => vec!["copy", &source, &reference],
            Scenario::Referrers | Scenario::ReferrersListed => vec!["referrers", &reference],
            Scenario::Tags => vec!["tags", &repository],
            Scenario::Resolve => vec!["resolve", &reference],
            Scenario::Delete => vec!["delete", "--force", &deleted],
        };
        ["registry"]
            .into_iter()
            .chain(words)
            .chain(QUICK)
            .map(str::to_owned)
            .collect()
    }
}

/// The manifest of one of the repositories that every stage has.
pub(crate) fn manifest_of(stage: &Stage, repository: &str) -> String {
    let tagged = stage.registry.tagged(repository, "1");
    tagged.expect("the stage is furnished")
}

/// The digests of the manifests that are listed under the tag for what refers to the
/// application.
pub(crate) fn listed(stage: &Stage, repository: &str) -> Result<Vec<String>, String> {
    let tag = tag_of(&manifest_of(stage, SMALL));
    let list = stage.registry.tagged(repository, &tag);
    let list = list.ok_or("there is no list of referrers")?;
    let bytes = stage.registry.blob(&list).unwrap_or_default();
    let index: Json = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let entries = index["manifests"].as_array().into_iter().flatten();
    let digests = entries.filter_map(|entry| entry["digest"].as_str());
    Ok(digests.map(str::to_owned).collect())
}

/// The digest of the manifest that refers to the application.
pub(crate) fn referrer(stage: &Stage) -> String {
    let listed = listed(stage, SMALL).expect("the stage is furnished");
    listed.into_iter().next().expect("something is listed")
}

/// The digest of the largest blob of the application that is pushed and pulled.
pub(crate) fn largest(stage: &Stage) -> String {
    let blobs = contents(stage, &manifest_of(stage, SMALL)).expect("it is a manifest");
    let size = |digest: &String| stage.registry.blob(digest).map_or(0, |blob| blob.len());
    blobs.into_iter().max_by_key(size).expect("it has blobs")
}

/// The digests of the blobs that are pushed and pulled.
pub(crate) fn moved(stage: &Stage) -> Vec<String> {
    let manifests = [manifest_of(stage, SMALL), referrer(stage)].into_iter();
    manifests
        .flat_map(|manifest| contents(stage, &manifest).expect("it is a manifest"))
        .collect()
}

/// The digests that a manifest of the registry names.
pub(crate) fn contents(stage: &Stage, manifest: &str) -> Result<Vec<String>, String> {
    let bytes = stage.registry.blob(manifest).unwrap_or_default();
    if wharf_tests::digest(&bytes) != manifest {
        return Err(format!("the manifest {manifest} is broken"));
    }
    let manifest: Json = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let layers = manifest["layers"].as_array().into_iter().flatten();
    Ok([&manifest["config"]]
        .into_iter()
        .chain(layers)
        .filter_map(|descriptor| Some(descriptor["digest"].as_str()?.to_owned()))
        .collect())
}
