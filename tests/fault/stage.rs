//! Where a case plays: proxies before the registries and the token server that do what
//! a script says, and another origin with the same content.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wharf_tests::environment::files_below;
use wharf_tests::proxy::{Exchange, Fate};
use wharf_tests::{Proxy, Registry, TestEnv};

use crate::environment;
use crate::step::{Door, Step};
use crate::world::{PASSWORD, SMALL, USER, World};

/// What stands between the command and the world.
pub(crate) struct Stage {
    pub(crate) world: Arc<World>,
    /// Before the registry that wants tokens.
    pub(crate) front: Proxy,
    /// Before the token server.
    pub(crate) realm: Proxy,
    /// Before a registry that lists referrers itself, and lets anyone do anything.
    pub(crate) lists: Proxy,
    /// Before one that tells what an upload holds, for anyone.
    pub(crate) newer: Proxy,
    /// Before one that wants a password.
    pub(crate) passwords: Proxy,
    /// Another origin: before a registry of the same content that asks for nothing.
    pub(crate) elsewhere: Proxy,
    /// A store with the application of the scenarios.
    pub(crate) with_app: Files,
    /// The same with what refers to the application.
    pub(crate) with_referrers: Files,
    script: Arc<Script>,
    login: Files,
    /// Behind the front.
    _guarded: Registry,
}

/// Files of an environment, with their places in it.
pub(crate) type Files = Vec<(PathBuf, Vec<u8>)>;

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
    pub(crate) fn new(world: Arc<World>) -> Self {
        let script = Arc::new(Script::default());
        let before = |upstream: &str, door: Door| {
            let script = script.clone();
            Proxy::with_fates(upstream, move |exchange| script.judge(exchange, door))
        };
        let realm = before(&world.tokens.address(), Door::Realm);
        let guarded = Registry::settings()
            .tokens(&world.tokens)
            .realm(&format!("http://{}/token", realm.address()))
            .beside(&world.registry)
            .start();
        let mut stage = Self {
            front: before(guarded.address(), Door::Front),
            realm,
            lists: before(world.lists.address(), Door::Lists),
            newer: before(world.newer.address(), Door::Newer),
            passwords: before(world.passwords.address(), Door::Passwords),
            elsewhere: Proxy::start(world.registry.address()),
            with_app: Files::new(),
            with_referrers: Files::new(),
            script,
            login: Files::new(),
            _guarded: guarded,
            world,
        };
        stage.login = stage.logged_in();
        stage.with_app = stage.pulled(&[]);
        stage.with_referrers = stage.pulled(&["--referrers"]);
        stage.take();
        stage
    }

    /// The address of a server.
    pub(crate) fn address(&self, door: Door) -> String {
        self.proxy(door).address()
    }

    fn proxy(&self, door: Door) -> &Proxy {
        match door {
            Door::Front => &self.front,
            Door::Realm => &self.realm,
            Door::Lists => &self.lists,
            Door::Newer => &self.newer,
            Door::Passwords => &self.passwords,
        }
    }

    /// The files that a login leaves.
    fn logged_in(&self) -> Files {
        let env = environment();
        for server in [&self.front, &self.lists, &self.newer] {
            let server = server.address();
            let login = ["registry", "login", &server, "-u", USER, "--password-stdin"];
            let login = env.command(login.into_iter().chain(["--skip-check"]));
            let _ = login.input(PASSWORD).run().success();
        }
        files_of(&env, "config")
    }

    /// The files of a store into which the application was pulled.
    fn pulled(&self, options: &[&str]) -> Files {
        let env = self.environment();
        let reference = format!("{}/{SMALL}:1", self.front.address());
        let pull = ["registry", "pull", &reference];
        let _ = env.command(pull.iter().chain(options)).run().success();
        files_of(&env, "cache")
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

    /// The requests to the registries and to the token server so far, with what they
    /// ask for, and forgets them. The commands that sent them have ended, so that none is
    /// still on its way and taken for one of the next.
    pub(crate) fn take(&self) -> Vec<(Step, Exchange)> {
        let mut seen = HashMap::new();
        let mut taken = Vec::new();
        for door in Door::ALL {
            for exchange in self.proxy(door).take_all() {
                let step = Step::of(&exchange, door, &mut seen);
                taken.push((step, exchange));
            }
        }
        taken
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
    fn judge(&self, exchange: &Exchange, door: Door) -> Fate {
        let mut state = self.lock();
        let step = Step::of(exchange, door, &mut state.seen);
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
