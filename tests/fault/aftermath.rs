//! What a command must have led to, and what it must have left as it was.

use std::fs;

use wharf_tests::environment::files_below;
use wharf_tests::{Json, Output, serde_json};

use crate::scenario::{
    INVENTORIED, OLDER, Play, SMALL, Scenario, contents, listed, manifest_of, referrer,
};

impl Play<'_> {
    /// Checks that everything that was asked for is there and right.
    pub(crate) fn is_done(&self, output: &Output) -> Result<(), String> {
        let app = manifest_of(self.stage, SMALL);
        let says = |word: &str| {
            let said = output.stdout.contains(word);
            ensure(said, || format!("`{word}` is not in the answer"))
        };
        match self.scenario {
            Scenario::Login => {
                let kept = self.kept_logins();
                ensure(kept.contains(&self.server()), || {
                    "no login is kept".to_owned()
                })
            }
            Scenario::Push | Scenario::Copy | Scenario::CopyBytes => self.tag_leads_to(&app),
            Scenario::PushReferrers => {
                let referrer = referrer(self.stage);
                let listed = listed(self.stage, &self.repository)?;
                ensure(listed.contains(&referrer), || "it is not listed".to_owned())?;
                self.is_there(&referrer)
            }
            Scenario::Pull | Scenario::PullInParts => self.is_stored(&app),
            Scenario::PullReferrers => self.is_stored(&referrer(self.stage)),
            Scenario::Referrers | Scenario::ReferrersListed => says(&referrer(self.stage)),
            Scenario::Tags => says("1\n"),
            Scenario::Resolve => says(&app),
            Scenario::Delete => {
                let referrer = referrer(self.stage);
                let (registry, repository) = (&self.stage.registry, &self.repository);
                let there = registry.has_manifest(repository, &referrer);
                ensure(!there, || "it is still there".to_owned())?;
                let listed = listed(self.stage, repository)?;
                ensure(listed.is_empty(), || "it is still listed".to_owned())
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
            Scenario::Push | Scenario::Copy | Scenario::CopyBytes => {
                let tag = self.stage.registry.tagged(&self.repository, "1");
                if tag.is_some_and(|tag| tag == manifest_of(self.stage, OLDER)) {
                    return Ok(());
                }
            }
            Scenario::PushReferrers | Scenario::Delete => {}
            _ => return Ok(()),
        }
        self.tag_leads_to(&manifest_of(self.stage, SMALL))
    }

    /// Checks that a failure left nothing that looks like a success.
    pub(crate) fn is_not_done(&self, output: &Output) -> Result<(), String> {
        ensure(output.stdout.is_empty(), || {
            "it failed and has an answer".to_owned()
        })?;
        if self.scenario != Scenario::Login {
            return Ok(());
        }
        let kept = self.kept_logins();
        ensure(kept.is_empty(), || format!("a login is kept: {kept}"))
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

    /// A manifest and all of its content is in the store.
    fn is_stored(&self, manifest: &str) -> Result<(), String> {
        let contents = contents(self.stage, manifest)?;
        for digest in contents.iter().map(String::as_str).chain([manifest]) {
            let there = self.env.blob(digest).is_some();
            ensure(there, || format!("{digest} is not in the store"))?;
        }
        Ok(())
    }

    /// The tag leads to this manifest, and all of its content is there and right.
    fn tag_leads_to(&self, manifest: &str) -> Result<(), String> {
        let tag = self.stage.registry.tagged(&self.repository, "1");
        ensure(tag.as_deref() == Some(manifest), || {
            format!("the tag leads to {tag:?}, not {manifest}")
        })?;
        self.is_there(manifest)
    }

    /// A manifest and all of its content is in the repository and right.
    fn is_there(&self, manifest: &str) -> Result<(), String> {
        let (registry, repository) = (&self.stage.registry, &self.repository);
        ensure(registry.has_manifest(repository, manifest), || {
            format!("{manifest} is not at the registry")
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

    /// Checks that what was listed with what refers to the application still is, and
    /// that everything that is listed is there.
    pub(crate) fn keeps_list(&self) -> Result<(), String> {
        if self.scenario != Scenario::PushReferrers {
            return Ok(());
        }
        let listed_now = listed(self.stage, &self.repository)?;
        for known in listed(self.stage, INVENTORIED)? {
            ensure(listed_now.contains(&known), || {
                format!("{known} is no longer listed")
            })?;
        }
        let mut listed_now = listed_now.iter();
        listed_now.try_for_each(|manifest| self.is_there(manifest))
    }
}

/// The complaint, unless all is well.
pub(crate) fn ensure(well: bool, complaint: impl FnOnce() -> String) -> Result<(), String> {
    if well { Ok(()) } else { Err(complaint()) }
}
