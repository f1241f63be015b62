//! What a command must have led to, and what it must have left as it was.

use std::fs;

use wharf_tests::environment::files_below;
use wharf_tests::{Json, Output, serde_json};

use crate::play::{FURTHER_TAG, Play};
use crate::scenario::Scenario;
use crate::world::INVENTORIED;

impl Play<'_> {
    /// Checks that everything that was asked for is there and right.
    pub(crate) fn is_done(&self, output: &Output) -> Result<(), String> {
        let world = &self.stage.world;
        let (app, referrer) = (&world.app, &world.referrer);
        let says = |word: &str| {
            let said = output.stdout.contains(word);
            ensure(said, || format!("`{word}` is not in the answer"))
        };
        match self.scenario {
            Scenario::Login | Scenario::LoginBasic => {
                let server = self.stage.address(self.scenario.door());
                let kept = self.kept_logins();
                ensure(kept.contains(&server), || "no login is kept".to_owned())
            }
            Scenario::Push
            | Scenario::PushAgain
            | Scenario::PushInParts
            | Scenario::Copy
            | Scenario::CopyBytes => self.tag_leads_to("1", app),
            Scenario::Tag => self.tag_leads_to(FURTHER_TAG, app),
            Scenario::PushReferrers => {
                let listed = world.listed(&self.repository)?;
                ensure(listed.contains(referrer), || "it is not listed".to_owned())?;
                self.is_there(referrer)
            }
            Scenario::Pull | Scenario::PullAgain | Scenario::PullInParts => self.is_stored(app),
            Scenario::PullReferrers => self.is_stored(app).and(self.is_stored(referrer)),
            Scenario::Referrers | Scenario::ReferrersListed => says(referrer),
            Scenario::Tags => says("1\n"),
            Scenario::Resolve => says(app),
            Scenario::Inspect => says(app).and(says("/...")),
            Scenario::Save => self.is_saved(app).and(self.is_saved(referrer)),
            Scenario::Delete => {
                let there = world.registry.has_manifest(&self.repository, referrer);
                ensure(!there, || "it is still there".to_owned())?;
                let listed = world.listed(&self.repository)?;
                ensure(listed.is_empty(), || "it is still listed".to_owned())
            }
            Scenario::DeleteTag => {
                let tag = world.registry.tagged(&self.repository, "1");
                ensure(tag.is_none(), || "it is still there".to_owned())
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
        let Some(_) = self.scenario.based_on() else {
            return Ok(());
        };
        let world = &self.stage.world;
        let tag = world.registry.tagged(&self.repository, "1");
        if self.scenario.replaces() && tag.as_ref() == Some(&world.older) {
            return Ok(());
        }
        if self.scenario == Scenario::DeleteTag && tag.is_none() {
            return self.is_there(&world.app);
        }
        self.tag_leads_to("1", &world.app)?;
        let further = world.registry.tagged(&self.repository, FURTHER_TAG);
        ensure(further.is_none_or(|tag| tag == world.app), || {
            format!("the tag {FURTHER_TAG} leads to something else")
        })
    }

    /// Checks that a failure left nothing that looks like a success.
    pub(crate) fn is_not_done(&self, output: &Output) -> Result<(), String> {
        ensure(output.stdout.is_empty(), || {
            "it failed and has an answer".to_owned()
        })?;
        let left: Vec<_> = files_below(&self.env.work())
            .into_iter()
            .filter(|file| !file.starts_with(self.env.work().join("app")))
            .collect();
        ensure(left.is_empty(), || format!("{left:?} is left"))?;
        if !self.scenario.logs_in() {
            return Ok(());
        }
        let kept = self.kept_logins();
        ensure(kept.is_empty(), || format!("a login is kept: {kept}"))
    }

    /// Whether another attempt led to what was asked for, or found that the first one
    /// had.
    pub(crate) fn is_done_at_last(&self, again: &Output) -> Result<(), String> {
        if self.scenario.deletes() && again.status.code() == Some(4) {
            // No list of what is gone is of use to anyone.
            return self.is_unharmed();
        }
        ensure(again.status.success(), || format!("then again: {again:?}"))?;
        self.is_done(again)
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
        let contents = self.stage.world.contents(manifest).iter();
        for digest in contents.map(String::as_str).chain([manifest]) {
            let there = self.env.blob(digest).is_some();
            ensure(there, || format!("{digest} is not in the store"))?;
        }
        Ok(())
    }

    /// A manifest and all of its content is in the file that was saved.
    fn is_saved(&self, manifest: &str) -> Result<(), String> {
        let saved = fs::read(self.saved()).map_err(|error| error.to_string())?;
        let saved = String::from_utf8_lossy(&saved);
        let contents = self.stage.world.contents(manifest).iter();
        for digest in contents.map(String::as_str).chain([manifest]) {
            let place = digest.replace("sha256:", "blobs/sha256/");
            let there = saved.contains(&place);
            ensure(there, || format!("{digest} is not in what was saved"))?;
        }
        Ok(())
    }

    /// The tag leads to this manifest, and all of its content is there and right.
    fn tag_leads_to(&self, tag: &str, manifest: &str) -> Result<(), String> {
        let leads = self.stage.world.registry.tagged(&self.repository, tag);
        ensure(leads.as_deref() == Some(manifest), || {
            format!("the tag {tag} leads to {leads:?}, not {manifest}")
        })?;
        self.is_there(manifest)
    }

    /// A manifest and all of its content is in the repository and right.
    fn is_there(&self, manifest: &str) -> Result<(), String> {
        let (world, repository) = (&self.stage.world, &self.repository);
        let registry = &world.registry;
        ensure(registry.has_manifest(repository, manifest), || {
            format!("{manifest} is not at the registry")
        })?;
        for digest in world.contents(manifest) {
            let content = registry.blob(digest).unwrap_or_default();
            let right = wharf_tests::digest(&content) == *digest;
            ensure(right && registry.has(repository, digest), || {
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
        let world = &self.stage.world;
        let listed_now = world.listed(&self.repository)?;
        for known in world.listed(INVENTORIED)? {
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
