//! Secrets stay where they belong.

use std::fs;

use wharf_tests::environment::files_below;
use wharf_tests::proxy::Exchange;
use wharf_tests::{Output, http};

use crate::aftermath::ensure;
use crate::play::Play;
use crate::step::{Door, Kind, Step};
use crate::world::{PASSWORD, USER};

impl Play<'_> {
    /// Checks that the password went to the token server, and to the registry that
    /// wants it, a token to the registry, and nothing of both to anybody else.
    pub(crate) fn keeps_secrets(
        &self,
        output: &Output,
        went: &[(Step, Exchange)],
    ) -> Result<(), String> {
        let basic = http::basic(USER, PASSWORD);
        let mut secrets = vec![PASSWORD.to_owned(), basic.replace("Basic ", "")];
        for (step, exchange) in went {
            let Some(authorization) = exchange.header("authorization") else {
                continue;
            };
            let wants_it = step.kind == Kind::Token || step.door == Door::Passwords;
            let right = wants_it && authorization == basic
                || step.kind != Kind::Token && authorization.starts_with("Bearer ");
            ensure(right, || format!("{step:?} told {authorization}"))?;
            if let Some(token) = authorization.strip_prefix("Bearer ") {
                secrets.push(token.to_owned());
            }
        }
        for exchange in self.stage.elsewhere.take_all() {
            let headers = format!("{:?} {}", exchange.headers, exchange.target);
            let told = exchange.authorized || secrets.iter().any(|secret| headers.contains(secret));
            ensure(!told, || format!("another origin was told: {headers}"))?;
        }
        let kept = self.small_files();
        for secret in &secrets {
            let shown = output.stderr.contains(secret) || output.stdout.contains(secret);
            ensure(!shown, || "a secret is shown".to_owned())?;
            let written = kept.iter().any(|text| text.contains(secret));
            ensure(!written, || "a secret is written to disk".to_owned())?;
        }
        Ok(())
    }

    /// What is written where no secret belongs, apart from content.
    fn small_files(&self) -> Vec<String> {
        ["cache", "tmp", "work", "state", "data"]
            .iter()
            .flat_map(|name| files_below(&self.env.root().join(name)))
            .filter(|file| file.metadata().is_ok_and(|file| file.len() < SMALL_BYTES))
            .filter_map(|file| fs::read(file).ok())
            .map(|content| String::from_utf8_lossy(&content).into_owned())
            .collect()
    }
}

/// Larger files are programs.
pub(crate) const SMALL_BYTES: u64 = 10_000;
