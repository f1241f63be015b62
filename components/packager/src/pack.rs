//! From `spin.toml` to the artifact's manifest.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use wharf_app::artifact::{
    CREATED, Content, DATA_LAYER, Draft, PackedComponent, PackedFile, WASM_LAYER, created,
    image_config,
};
use wharf_app::files::{
    IGNORE_BYTES, IGNORE_FILE, Ignore, SelectError, SelectedFile, Tree as _, select,
};
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
    let text = read(&directory, &name, MANIFEST_BYTES).await?;
    let manifest = Manifest::parse(&text, &settings.publishing)
        .map_err(|error| failure::input(format!("`{name}`, {error}")))?;
    let Manifest {
        app,
        contents,
        mut warnings,
        ..
    } = manifest;
    let app_name = app.name().to_owned();
    let ignore = ignore(&directory, &settings.ignore).await?;

    // All that can be wrong with what is there is found out before anything of it
    // is taken in.
    let mut selections = Vec::new();
    for component in &contents {
        check_source(&directory, component).await?;
        if let Some(origin) = ignore.ignores(&component.source, false) {
            warnings.push(format!(
                "the source `{}` of the component `{}` is published although {origin} ignores \
                 it, since it is named",
                component.source, component.id
            ));
        }
        selections.push(find(&directory, component, &ignore, &mut warnings).await?);
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

/// A text of at most so many bytes.
async fn read(directory: &Directory, name: &str, most: usize) -> Result<String, Error> {
    let path: AppPath = name
        .parse()
        .map_err(|problem| failure::file(name, problem))?;
    let file = directory.open(&path).await?;
    let bytes = Directory::prefix(&file, &path, most + 1).await?;
    if bytes.len() > most {
        let problem = format!("has more than {most} bytes, which none needs");
        return Err(failure::file(name, problem));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..valid).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        failure::file(name, format!("is not UTF-8, from line {line} on"))
    })
}

/// What is not published: the caller's rules, and those of the directory.
async fn ignore(directory: &Directory, sets: &[Vec<String>]) -> Result<Ignore, Error> {
    let mut ignore = Ignore::default();
    for rules in sets {
        let rules = rules.iter().map(String::as_str);
        let added = ignore.add("a rule of yours", rules);
        added.map_err(failure::input)?;
    }
    let path: AppPath = IGNORE_FILE
        .parse()
        .map_err(|problem| failure::file(IGNORE_FILE, problem))?;
    if directory.look(&path).await?.is_some() {
        let text = read(directory, IGNORE_FILE, IGNORE_BYTES).await?;
        let added = ignore.add(&format!("`{IGNORE_FILE}`"), text.lines());
        added.map_err(failure::input)?;
    }
    Ok(ignore)
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
    ignore: &Ignore,
    warnings: &mut Vec<String>,
) -> Result<Vec<SelectedFile>, Error> {
    let id = &component.id;
    let selection = select(directory, &component.files, &component.exclude, ignore).await;
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
async fn finish(mut draft: Draft, settings: Settings) -> Result<Descriptor, Error> {
    let annotations = draft.annotations_mut();
    if let Some(seconds) = settings.created {
        let moment = created(seconds).ok_or_else(|| {
            failure::input(format!(
                "{seconds} seconds after 1970 is after the year 9999, which a date can't say"
            ))
        })?;
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
