//! From an artifact with archives to one whose layers are the files in them.

use std::collections::BTreeMap;
use std::fmt;

use wharf_oci::problem::clean;
use wharf_oci::{Descriptor, Digest};

use super::pack::Manifest;
use super::read::is_archive;
use super::{Artifact, DATA_LAYER};
use crate::locked::{ContentRef, LockedApp, LockedComponent};

/// Content that a locked app names and that no layer is: it has to be in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Its digest.
    pub digest: &'a Digest,
    component: &'a str,
    role: Role<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role<'a> {
    Source,
    File(&'a str),
    Dependency(&'a str),
}

impl Artifact {
    /// What of an application has to be in the archives.
    #[must_use]
    pub fn wanted<'a>(&self, app: &'a LockedApp) -> Vec<Wanted<'a>> {
        let named = app.components.iter().flat_map(named);
        let named = named.filter(|(content, ..)| content.inline.is_none());
        let wanted = named.filter_map(|(content, component, role)| {
            let digest = content.digest.as_ref()?;
            self.layer(digest).is_none().then_some(Wanted {
                digest,
                component,
                role,
            })
        });
        wanted.collect()
    }

    /// The bytes of a manifest of the same application with these files, digests and
    /// sizes, in place of the archives. It is for this machine: registries take fewer
    /// layers than it may have.
    #[must_use]
    pub fn unpacked(&self, files: &BTreeMap<Digest, u64>) -> Vec<u8> {
        let layers = self.layers.iter().filter(|layer| !is_archive(layer));
        let files = files.iter();
        let files = files.map(|(digest, size)| Descriptor::new(DATA_LAYER, digest.clone(), *size));
        let layers = layers.cloned().chain(files).collect();
        Manifest::new(self.config.clone(), layers, BTreeMap::new()).to_json()
    }
}

/// All content that a component names.
fn named(component: &LockedComponent) -> impl Iterator<Item = (&ContentRef, &str, Role<'_>)> {
    let id = component.id.as_str();
    let source = [(&component.source.content, id, Role::Source)];
    let files = component.files.iter();
    let files = files.map(move |file| (&file.content, id, Role::File(&file.path)));
    let own = component.dependencies.iter();
    let of_triggers = component.trigger_dependencies.iter();
    let of_triggers =
        of_triggers.flat_map(|(role, list)| list.iter().map(move |dependency| (role, dependency)));
    let dependencies = own
        .chain(of_triggers)
        .map(move |(name, dependency)| (&dependency.source.content, id, Role::Dependency(name)));
    source.into_iter().chain(files).chain(dependencies)
}

impl fmt::Display for Wanted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let component = clean(self.component, 100);
        match self.role {
            Role::Source => write!(f, "the component `{component}`"),
            Role::File(path) => {
                let path = clean(path, 200);
                write!(f, "the file `{path}` of the component `{component}`")
            }
            Role::Dependency(name) => {
                let name = clean(name, 100);
                write!(f, "the dependency `{name}` of the component `{component}`")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(seed: u8) -> Digest {
        Digest::from_sha256(&[seed; 32])
    }

    fn blob(media_type: &str, seed: u8) -> String {
        let digest = digest(seed);
        format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":5}}"#)
    }

    #[test]
    fn files_take_the_place_of_archives() {
        let locked = "application/vnd.fermyon.spin.application.v1+config";
        let manifest = |layers: [String; 3]| {
            let (config, layers) = (blob("a/b", 0), layers.join(","));
            format!(r#"{{"schemaVersion":2,"config":{config},"layers":[{layers}]}}"#)
        };
        let archive = blob("application/vnd.wasm.content.bundle.v1.tar+gzip", 2);
        let text = manifest([blob("x/y", 1), archive, blob(locked, 3)]);
        let artifact = Artifact::parse(text.as_bytes(), None).unwrap();

        let content = |seed| format!(r#""digest":"{}""#, digest(seed));
        let source = format!(r#"{{"content_type":"application/wasm",{}}}"#, content(1));
        let other = format!(r#"{{"content_type":"application/wasm",{}}}"#, content(6));
        let files = format!(
            r#"[{{{},"path":"in"}},{{{},"inline":"eA==","path":"here"}},{{{},"path":"arch\u001bive"}}]"#,
            content(4),
            content(5),
            content(2)
        );
        let app = format!(
            r#"{{"spin_lock_version":0,"triggers":[],"components":[{{"id":"a","source":{source},"files":{files},"dependencies":{{"d":{{"source":{other},"export":null}}}}}}]}}"#
        );
        let app = LockedApp::from_json(app.as_bytes()).unwrap();
        let wanted = artifact.wanted(&app);
        let words: Vec<_> = wanted.iter().map(ToString::to_string).collect();
        assert_eq!(
            words,
            [
                "the file `in` of the component `a`",
                "the file `arch ive` of the component `a`",
                "the dependency `d` of the component `a`",
            ]
        );
        assert_eq!(wanted[0].digest, &digest(4));

        let files = BTreeMap::from([(digest(4), 5)]);
        let data = blob(DATA_LAYER, 4);
        assert_eq!(
            String::from_utf8(artifact.unpacked(&files)).unwrap(),
            manifest([blob("x/y", 1), blob(locked, 3), data])
        );
    }
}
