//! What a `spin.toml` says that is done natively: how the components are built.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use wharf_app::manifest::{MANIFEST_BYTES, Manifest, Publishing};

use crate::error::Error;
use crate::pack::application;

/// How a component is built.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ComponentBuild {
    /// The component's id.
    pub id: String,
    /// The commands, for the user's shell, in their order.
    pub commands: Vec<String>,
    /// Where they run.
    pub directory: PathBuf,
}

/// How the components are built of the application whose `spin.toml`, or whose directory
/// with one, is at a path: those that say so, in their order, with the commands of
/// `profile` where they have some.
pub fn builds(path: &Path, profile: Option<&str>) -> Result<Vec<ComponentBuild>, Error> {
    let (directory, name) = application(path)?;
    let text = read(&directory.join(&name))?;
    let publishing = Publishing {
        profile: profile.map(str::to_owned),
        // Nothing is published.
        secret_defaults: true,
        ..Publishing::default()
    };
    let manifest = Manifest::parse(&text, &publishing)
        .map_err(|error| Error::InvalidInput(format!("`{name}`, {error}")))?;
    let mut builds = Vec::new();
    for component in manifest.contents {
        let Some(build) = component.build else {
            continue;
        };
        let workdir = build.workdir.unwrap_or_default();
        if Path::new(&workdir).has_root() {
            return Err(Error::InvalidInput(format!(
                "the component `{}` is built in `{workdir}`, which is absolute: a `workdir` is \
                 relative to the directory of the application",
                component.id
            )));
        }
        builds.push(ComponentBuild {
            id: component.id,
            commands: build.commands,
            directory: directory.join(workdir),
        });
    }
    Ok(builds)
}

fn read(path: &Path) -> Result<String, Error> {
    let failed = |why: String| Error::InvalidInput(format!("`{}` {why}", path.display()));
    let mut text = String::new();
    let most = MANIFEST_BYTES as u64;
    File::open(path)
        .and_then(|file| file.take(most + 1).read_to_string(&mut text))
        .map_err(|error| failed(format!("can't be read: {error}")))?;
    if text.len() as u64 > most {
        return Err(failed(format!("has more than {most} bytes")));
    }
    Ok(text)
}
