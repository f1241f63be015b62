//! Every command, at each kind of registry, with each kind of authentication.

use wharf_tests::{Authority, Registry, TestEnv, TokenServer};

use crate::{environment, greeting, json};

/// Someone who uses a registry in every way there is.
struct Tour<'a> {
    env: TestEnv,
    registry: &'a Registry,
    /// Whether it wants to know who one is.
    login: bool,
}

impl Tour<'_> {
    fn run(&self, arguments: &str) -> wharf_tests::Output {
        self.env.run(arguments).success()
    }

    /// What a command answers as JSON.
    fn ask(&self, arguments: &str) -> wharf_tests::Json {
        json(&self.run(&format!("{arguments} --format json")).stdout)
    }

    fn all(&self) {
        let at = self.registry.address();
        if self.login {
            let login = format!("registry login {at} -u ann --password-stdin");
            let login = self.env.command(login.split(' ')).input("secret");
            let _ = login.run().success();
            let who = self.ask(&format!("registry whoami {at}"));
            assert_eq!(who["username"], "ann", "{who:#}");
        }
        greeting("app").write(&self.env.work());

        let push = format!("registry push {at}/team/app:1 -f app");
        let planned = self.ask(&format!("{push} --dry-run"));
        assert!(self.registry.tags("team/app").is_empty());
        let digest = self.run(&push).digest();
        assert_eq!(planned["digest"], digest);
        assert_eq!(self.run(&push).digest(), digest);

        let resolved = self.run(&format!("registry resolve {at}/team/app:1"));
        assert_eq!(resolved.digest(), digest);
        let shown = self.ask(&format!("registry inspect {at}/team/app:1"));
        assert_eq!(shown["manifest"]["digest"], digest);
        let _ = self.run(&format!("registry tag {at}/team/app:1 2 latest"));
        let tags = self.run(&format!("registry tags {at}/team/app")).stdout;
        let mut tags: Vec<_> = tags.lines().collect();
        tags.sort_unstable();
        assert_eq!(tags, ["1", "2", "latest"]);
        let none = self.run(&format!("registry referrers {at}/team/app:1"));
        assert!(none.stdout.contains("Nothing refers to it"));

        self.env.empty_store();
        for name in ["team/app:latest".to_owned(), format!("team/app@{digest}")] {
            let pulled = self.run(&format!("registry pull {at}/{name} --referrers"));
            assert_eq!(pulled.digest(), digest);
        }
        self.env.verify_store();

        let copy = format!("registry copy -r {at}/team/app:1 {at}/release/app:1");
        assert_eq!(self.run(&copy).digest(), digest);
        let _ = self.run(&format!("registry save {at}/release/app:1 -o app.tar"));
        self.env.empty_store();
        let _ = self.run("registry load app.tar");
        let loaded = format!("registry push {at}/loaded/app:1 -f {digest}");
        assert_eq!(self.run(&loaded).digest(), digest);
        assert_eq!(self.registry.tags("loaded/app"), ["1"]);

        let delete = format!("registry delete --force {at}/loaded/app@{digest}");
        let _ = self.run(&delete);
        let gone = format!("registry resolve {at}/loaded/app:1");
        let _ = self.env.run(&gone).code(4);

        if self.login {
            let _ = self.run(&format!("registry logout {at}"));
            let pull = format!("registry resolve {at}/team/app:1");
            let _ = self.env.run(&pull).code(3);
        }
    }
}

fn everything_works(newer: bool) {
    let settings = || {
        if newer {
            Registry::settings().distribution3()
        } else {
            Registry::settings()
        }
    };
    let authority = Authority::new();
    let trusting = || environment().variable("SSL_CERT_FILE", authority.file());

    Tour {
        env: environment(),
        registry: &settings().start(),
        login: false,
    }
    .all();
    Tour {
        env: environment(),
        registry: &settings().user("ann", "secret").start(),
        login: true,
    }
    .all();
    Tour {
        env: trusting(),
        registry: &settings().tls(&authority).user("ann", "secret").start(),
        login: true,
    }
    .all();
    let tokens = TokenServer::settings(&authority)
        .user("ann", "secret")
        .tls()
        .start();
    Tour {
        env: trusting(),
        registry: &settings().tls(&authority).tokens(&tokens).start(),
        login: true,
    }
    .all();
}

#[test]
fn every_command_works_at_distribution_2_with_each_authentication() {
    everything_works(false);
}

#[test]
fn every_command_works_at_distribution_3_with_each_authentication() {
    everything_works(true);
}
