//! What a registry has, as it lies on its disk (distribution, "filesystem storage
//! driver").

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Registry;
use crate::environment::files_below;

impl Registry {
    /// The blobs that it has, as digests, in order.
    pub fn blobs(&self) -> Vec<String> {
        let blobs = self
            .directory
            .path()
            .join("data/docker/registry/v2/blobs/sha256");
        let mut digests: Vec<_> = entries(&blobs)
            .iter()
            .flat_map(|group| entries(group))
            .filter_map(|blob| Some(format!("sha256:{}", blob.file_name()?.to_str()?)))
            .collect();
        digests.sort();
        digests
    }

    /// The content of a blob, of a manifest too.
    pub fn blob(&self, digest: &str) -> Option<Vec<u8>> {
        let hex = digest.strip_prefix("sha256:")?;
        let file = self
            .directory
            .path()
            .join("data/docker/registry/v2/blobs/sha256")
            .join(hex.get(..2)?)
            .join(hex)
            .join("data");
        fs::read(file).ok()
    }

    /// Whether a repository has a blob, so that it may be read there.
    pub fn has(&self, repository: &str, digest: &str) -> bool {
        let hex = digest.trim_start_matches("sha256:");
        self.repository(repository)
            .join("_layers/sha256")
            .join(hex)
            .join("link")
            .exists()
    }

    /// Whether a repository has a manifest.
    pub fn has_manifest(&self, repository: &str, digest: &str) -> bool {
        let hex = digest.trim_start_matches("sha256:");
        self.repository(repository)
            .join("_manifests/revisions/sha256")
            .join(hex)
            .join("link")
            .exists()
    }

    /// The digest that a tag leads to.
    pub fn tagged(&self, repository: &str, tag: &str) -> Option<String> {
        let tags = self.repository(repository).join("_manifests/tags");
        fs::read_to_string(tags.join(tag).join("current/link")).ok()
    }

    /// Gives a new repository what another one has.
    pub fn copy_repository(&self, from: &str, to: &str) {
        let (from, to) = (self.repository(from), self.repository(to));
        for file in files_below(&from) {
            let place = to.join(file.strip_prefix(&from).expect("it lies below"));
            fs::create_dir_all(place.parent().expect("it lies in a directory"))
                .and_then(|()| fs::copy(&file, &place))
                .expect("it can be copied");
        }
    }

    /// The files that say what a repository has, without uploads that are under way,
    /// with what they say, in order.
    pub fn links(&self, repository: &str) -> Vec<(PathBuf, String)> {
        let repository = self.repository(repository);
        let uploads = repository.join("_uploads");
        let mut links: Vec<_> = files_below(&repository)
            .into_iter()
            .filter(|file| !file.starts_with(&uploads))
            .filter_map(|file| {
                let place = file.strip_prefix(&repository).ok()?.to_owned();
                Some((place, fs::read_to_string(&file).ok()?))
            })
            .collect();
        links.sort();
        links
    }

    /// Takes away what a repository has. Content that nothing names any more stays.
    pub fn forget(&self, repository: &str) {
        fs::remove_dir_all(self.repository(repository))
            .or_else(|error| match error.kind() {
                ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })
            .expect("it can be removed");
    }

    /// Makes room: nobody needs this repository any more. What a registry is still
    /// writing there may stay.
    pub fn discard(&self, repository: &str) {
        let _ = fs::remove_dir_all(self.repository(repository));
    }

    fn repository(&self, name: &str) -> PathBuf {
        let repositories = self
            .directory
            .path()
            .join("data/docker/registry/v2/repositories");
        repositories.join(name)
    }

    /// The tags of a repository.
    pub fn tags(&self, repository: &str) -> Vec<String> {
        let tags = self.repository(repository).join("_manifests/tags");
        let mut names: Vec<_> = entries(&tags)
            .iter()
            .filter_map(|tag| Some(tag.file_name()?.to_str()?.to_owned()))
            .collect();
        names.sort();
        names
    }
}

/// What is in a directory; nothing when there is none.
fn entries(directory: &Path) -> Vec<PathBuf> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => Vec::new(),
    }
}
