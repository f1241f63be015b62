//! From `spin.toml` to the artifact's manifest.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use wharf_app::artifact::{
    CREATED, Content, DATA_LAYER, Draft, PackedComponent, PackedFile, WASM_LAYER, created,
    image_config,
};
use wharf_app::files::{SelectError, SelectedFile, Tree as _, select};
use wharf_app::manifest::{ComponentContent, MANIFEST_BYTES, Manifest};
use wharf_app::path::AppPath;
use wharf_app::wasm;
use wharf_oci::media_type;

use crate::bindings::{Descriptor, Error, Packed};
use crate::directory::Directory;
use crate::failure;
use crate::settings::Settings;
use crate::store;

/// How many files are taken in at once.
const CONCURRENCY: usize = 16;

/// Packs the application whose manifest is at `path`.
pub(crate) async fn pack(path: &str, settings: Settings) -> Result<Packed, Error> {
    let (directory, name) = Directory::of_file(path).await?;
    let text = read(&directory, &name).await?;
    let manifest = Manifest::parse(&text, &settings.publishing)
        .map_err(|error| failure::input(format!("`{name}`, {error}")))?;
    let Manifest {
        app,
        contents,
        mut warnings,
        ..
    } = manifest;
    let app_name = app.name().to_owned();

    // All that can be wrong with what is there is found out before anything of it
    // is taken in.
    let mut selections = Vec::new();
    for component in &contents {
        check_source(&directory, component).await?;
        selections.push(find(&directory, component, &mut warnings).await?);
    }
    let sources: Vec<_> = contents.iter().map(|c| &c.source).collect();
    let files: Vec<_> = selections.iter().flatten().map(|f| &f.source).collect();
    let sources = take_in(&directory, sources, WASM_LAYER).await?;
    let files = take_in(&directory, files, DATA_LAYER).await?;

    let packed = contents
        .iter()
        .zip(selections)
        .filter_map(|(component, selection)| {
            let packed = selection.into_iter().filter_map(|file| {
                let content = files.get(&file.source)?.clone();
                Some(PackedFile {
                    path: file.path,
                    content,
                })
            });
            Some(PackedComponent {
                source: sources.get(&component.source)?.clone(),
                files: packed.collect(),
            })
        });
    let draft = Draft::new(app, packed.collect()).map_err(failure::input)?;
    Ok(Packed {
        manifest: finish(draft, settings).await?,
        name: app_name,
        warnings,
    })
}

async fn read(directory: &Directory, name: &str) -> Result<String, Error> {
    let path: AppPath = name
        .parse()
        .map_err(|problem| failure::file(name, problem))?;
    let file = directory.open(&path).await?;
    let bytes = Directory::prefix(&file, &path, MANIFEST_BYTES + 1).await?;
    if bytes.len() > MANIFEST_BYTES {
        let problem = format!("has more than {MANIFEST_BYTES} bytes, which no manifest needs");
        return Err(failure::file(name, problem));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..valid).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        failure::file(name, format!("is not UTF-8, from line {line} on"))
    })
}

/// Looks whether a component's source is there and WebAssembly.
async fn check_source(directory: &Directory, component: &ComponentContent) -> Result<(), Error> {
    let ComponentContent {
        id, source, build, ..
    } = component;
    let of_component = |error| failure::of_component(id, error);
    let found = directory.look(source).await.map_err(of_component)?;
    if found.is_none() {
        let remedy = match build {
            Some(command) => format!("the command that builds it is `{command}`"),
            None => "build it, or correct `source`".to_owned(),
        };
        return Err(failure::input(format!(
            "the source `{source}` of the component `{id}` does not exist: {remedy}"
        )));
    }
    let file = directory.open(source).await.map_err(of_component)?;
    let prefix = Directory::prefix(&file, source, wasm::PREFIX_BYTES).await;
    let prefix = prefix.map_err(of_component)?;
    wasm::check(&prefix).map_err(|problem| {
        failure::input(format!(
            "the source `{source}` of the component `{id}` {problem}"
        ))
    })
}

/// The files that a component sees.
async fn find(
    directory: &Directory,
    component: &ComponentContent,
    warnings: &mut Vec<String>,
) -> Result<Vec<SelectedFile>, Error> {
    let id = &component.id;
    let selection = select(directory, &component.files, &component.exclude).await;
    let selection = selection.map_err(|error| match error {
        SelectError::Tree(error) => failure::of_component(id, error),
        error => failure::input(format!("the component `{id}`: {error}")),
    })?;
    let new = selection.warnings.into_iter();
    warnings.extend(new.map(|warning| format!("the component `{id}`: {warning}")));
    Ok(selection.files)
}

/// Takes in files, several at once and each once.
async fn take_in(
    directory: &Directory,
    mut paths: Vec<&AppPath>,
    media_type: &str,
) -> Result<BTreeMap<AppPath, Content>, Error> {
    paths.sort();
    paths.dedup();
    stream::iter(paths)
        .map(|path| async move {
            let file = directory.open(path).await?;
            let content = store::add(&file, path, media_type).await?;
            Ok((path.clone(), content))
        })
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await
}

/// Puts the artifact's own documents into the store.
pub(crate) async fn finish(mut draft: Draft, settings: Settings) -> Result<Descriptor, Error> {
    let annotations = draft.annotations_mut();
    if let Some(moment) = moment(&settings)? {
        annotations.set(CREATED, moment);
    }
    for (key, value) in settings.annotations {
        annotations.set(key, value);
    }
    let locked_app = store::put(draft.locked_app().to_vec()).await?;
    let config = image_config(&locked_app);
    let config_size = config.len() as u64;
    let config = store::put(config).await?;
    let manifest = draft.into_manifest(locked_app, config, config_size);
    let size = manifest.len() as u64;
    let digest = store::put(manifest).await?;
    Ok(Descriptor {
        media_type: media_type::IMAGE_MANIFEST.to_owned(),
        digest: digest.to_string(),
        size,
    })
}

/// When the content was made, as RFC 3339 has it, where that is to be said.
pub(crate) fn moment(settings: &Settings) -> Result<Option<String>, Error> {
    let Some(seconds) = settings.created else {
        return Ok(None);
    };
    created(seconds).map(Some).ok_or_else(|| {
        failure::input(format!(
            "{seconds} seconds after 1970 is after the year 9999, which a date can't say"
        ))
    })
}
