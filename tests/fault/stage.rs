//! Where a case plays: a registry with a token server, proxies before both that do
//! what the script says, and another origin with the same content.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wharf_tests::environment::files_below;
use wharf_tests::proxy::{Exchange, Fate};
use wharf_tests::{Authority, Proxy, ReferrersRegistry, Registry, TestEnv, TokenServer};

use crate::environment;

/// What stands between the command and the world.
pub(crate) struct Stage {
    /// Before the registry.
    pub(crate) front: Proxy,
    /// Before the token server.
    pub(crate) realm: Proxy,
    /// Another origin: before a registry of the same content that asks for nothing.
    pub(crate) elsewhere: Proxy,
    /// Before a registry that lists referrers itself, and lets anyone do anything.
    pub(crate) lists: Proxy,
    /// The registry itself.
    pub(crate) registry: Registry,
    /// The same content without anything before it, for anyone.
    pub(crate) open: Registry,
    /// A store with the application of the scenarios.
    pub(crate) with_app: Files,
    /// The same with what refers to the application.
    pub(crate) with_referrers: Files,
    script: Arc<Script>,
    login: Files,
    _tokens: TokenServer,
    _listing: ReferrersRegistry,
}

/// Files of an environment, with their places in it.
pub(crate) type Files = Vec<(PathBuf, Vec<u8>)>;

/// What a request asks for, by its address: the same in every run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    pub(crate) kind: Kind,
    /// Whether it carried no credential and no token, where one is asked for.
    pub(crate) anonymous: bool,
    /// The digest that it is about, if it is about one.
    pub(crate) subject: String,
    /// Which of those with the same address it is, counted from 1.
    pub(crate) nth: usize,
}

/// The kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Probe,
    Token,
    ManifestHead,
    ManifestGet,
    ManifestPut,
    BlobHead,
    BlobGet,
    BlobRange,
    /// Asks to take a blob over from another repository.
    Mount,
    /// Begins an upload and brings the blob.
    StartWhole,
    Start,
    UploadPut,
    UploadState,
    UploadPatch,
    UploadCancel,
    /// Asks the registry for referrers.
    Referrers,
    /// Fetches the list of referrers that is under a tag.
    ListGet,
    ListPut,
    Tags,
    ManifestDelete,
    Other,
}

type Rule = dyn Fn(&Step, &Exchange) -> Option<Fate> + Send;

#[derive(Default)]
struct Script(Mutex<State>);

#[derive(Default)]
struct State {
    seen: HashMap<Step, usize>,
    rule: Option<Box<Rule>>,
}

impl Stage {
    /// Starts everything.
    pub(crate) fn new() -> Self {
        let authority = Authority::new();
        let tokens = TokenServer::settings(&authority)
            .user(USER, PASSWORD)
            .start();
        let script = Arc::new(Script::default());
        let judge = |asks: bool| {
            let script = script.clone();
            move |exchange: &Exchange| script.judge(exchange, asks)
        };
        let realm = Proxy::with_fates(&tokens.address(), judge(true));
        let registry = Registry::settings()
            .tokens(&tokens)
            .realm(&format!("http://{}/token", realm.address()))
            .start();
        let front = Proxy::with_fates(registry.address(), judge(true));
        let open = Registry::settings().beside(&registry).start();
        let elsewhere = Proxy::start(open.address());
        let listing = ReferrersRegistry::start();
        let lists = Proxy::with_fates(listing.address(), judge(false));
        let mut stage = Self {
            front,
            realm,
            elsewhere,
            lists,
            registry,
            open,
            with_app: Files::new(),
            with_referrers: Files::new(),
            script,
            login: Files::new(),
            _tokens: tokens,
            _listing: listing,
        };
        stage.login = stage.logged_in();
        stage
    }

    /// The files that a login leaves.
    fn logged_in(&self) -> Files {
        let env = environment();
        let server = self.front.address();
        let login = ["registry", "login", &server, "-u", USER, "--password-stdin"];
        let _ = env.command(login).input(PASSWORD).run().success();
        self.take();
        files_of(&env, "config")
    }

    /// A new environment, in which the user is logged in.
    pub(crate) fn environment(&self) -> TestEnv {
        let env = environment();
        put(&env, &self.login);
        env
    }

    /// From now on, `rule` decides what becomes of requests. They are counted anew.
    pub(crate) fn play(&self, rule: impl Fn(&Step, &Exchange) -> Option<Fate> + Send + 'static) {
        *self.script.lock() = State {
            seen: HashMap::new(),
            rule: Some(Box::new(rule)),
        };
    }

    /// The requests to the registry and to the token server so far, with what they
    /// ask for, and forgets them.
    pub(crate) fn take(&self) -> Vec<(Step, Exchange)> {
        let mut seen = HashMap::new();
        let mut exchanges = self.front.take();
        exchanges.extend(self.realm.take());
        let asked = exchanges.into_iter().map(|one| (one, true));
        let open = self.lists.take().into_iter().map(|one| (one, false));
        asked
            .chain(open)
            .map(|(exchange, asks)| (Step::of(&exchange, asks, &mut seen), exchange))
            .collect()
    }
}

/// The files below a folder of an environment.
pub(crate) fn files_of(env: &TestEnv, folder: &str) -> Files {
    let files = files_below(&env.root().join(folder)).into_iter();
    let read = files.map(|file| {
        let content = fs::read(&file).expect("it can be read");
        let place = file.strip_prefix(env.root()).expect("it lies below");
        (place.to_owned(), content)
    });
    read.collect()
}

/// Puts files into an environment.
pub(crate) fn put(env: &TestEnv, files: &Files) {
    for (place, content) in files {
        let file = env.root().join(place);
        let parent = file.parent().expect("it lies in a directory");
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&file, content))
            .expect("it can be written");
    }
}

impl Script {
    fn judge(&self, exchange: &Exchange, asks: bool) -> Fate {
        let mut state = self.lock();
        let step = Step::of(exchange, asks, &mut state.seen);
        state
            .rule
            .as_ref()
            .and_then(|rule| rule(&step, exchange))
            .unwrap_or(Fate::Forward)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Step {
    /// What is asked for; of a server that `asks` who is there, or not.
    fn of(exchange: &Exchange, asks: bool, seen: &mut HashMap<Self, usize>) -> Self {
        let kind = Kind::of(exchange);
        let target = exchange
            .target
            .replace("%3A", ":")
            .replace("sha256-", "sha256:");
        let digest = target.find("sha256:").map_or("", |at| &target[at..]);
        // Which blob is the first to be sent with its start is a matter of luck.
        let lucky = matches!(kind, Kind::Start | Kind::StartWhole | Kind::Other);
        let mut step = Self {
            kind,
            anonymous: asks && !exchange.authorized && kind != Kind::Token,
            subject: if lucky {
                String::new()
            } else {
                digest.chars().take(DIGEST_CHARS).collect()
            },
            nth: 0,
        };
        let count = seen.entry(step.clone()).or_default();
        *count += 1;
        step.nth = *count;
        step
    }
}

impl Kind {
    fn of(exchange: &Exchange) -> Self {
        let (path, query) = exchange
            .target
            .split_once('?')
            .unwrap_or((&exchange.target, ""));
        let part = |part: &str| path.contains(part);
        match exchange.method.as_str() {
            _ if path == "/token" => Self::Token,
            "GET" if path == "/v2/" => Self::Probe,
            "GET" if part("/manifests/sha256-") => Self::ListGet,
            "PUT" if part("/manifests/sha256-") => Self::ListPut,
            "GET" if part("/referrers/") => Self::Referrers,
            "GET" if path.ends_with("/tags/list") => Self::Tags,
            "DELETE" if part("/manifests/") => Self::ManifestDelete,
            "HEAD" if part("/manifests/") => Self::ManifestHead,
            "GET" if part("/manifests/") => Self::ManifestGet,
            "PUT" if part("/manifests/") => Self::ManifestPut,
            "POST" if part("/blobs/uploads/") && query.contains("mount=") => Self::Mount,
            "POST" if part("/blobs/uploads/") && query.contains("digest=") => Self::StartWhole,
            "POST" if part("/blobs/uploads/") => Self::Start,
            "GET" if part("/blobs/uploads/") => Self::UploadState,
            "PUT" if part("/blobs/uploads/") => Self::UploadPut,
            "PATCH" if part("/blobs/uploads/") => Self::UploadPatch,
            "DELETE" if part("/blobs/uploads/") => Self::UploadCancel,
            "HEAD" if part("/blobs/sha256:") => Self::BlobHead,
            "GET" if part("/blobs/sha256:") && exchange.header("range").is_some() => {
                Self::BlobRange
            }
            "GET" if part("/blobs/sha256:") => Self::BlobGet,
            _ => Self::Other,
        }
    }
}

/// Who is logged in.
pub(crate) const USER: &str = "ann";

/// With which password. Nothing else looks like it.
pub(crate) const PASSWORD: &str = "p4ssw0rd-of-ann-a91c";

/// `sha256:` and hexadecimal.
const DIGEST_CHARS: usize = 7 + 64;
