//! From `spin.toml` to the artifact's manifest.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use wharf_app::artifact::{
    Archives, Archiving, Bundle, CREATED, Content, DATA_LAYER, Draft, PackedComponent, PackedFile,
    created, image_config,
};
use wharf_app::files::{
    IGNORE_BYTES, IGNORE_FILE, Ignore, SelectError, SelectedFile, Tree as _, select,
};
use wharf_app::locked::LockedApp;
use wharf_app::manifest::{ComponentContent, MANIFEST_BYTES, Manifest, Source};
use wharf_app::path::AppPath;
use wharf_oci::media_type;

use crate::bindings::{Descriptor, Error, Packed};
use crate::directory::Directory;
use crate::settings::Settings;
use crate::source::Contents;
use crate::{bundle, compose, failure, source, store};

/// How many files are taken in at once.
pub(crate) const CONCURRENCY: usize = 16;

/// Packs the application whose manifest is at `path`.
pub(crate) async fn pack(path: &str, settings: Settings) -> Result<Packed, Error> {
    let (directory, name) = Directory::of_file(path).await?;
    let text = read(&directory, &name, MANIFEST_BYTES).await?;
    let manifest = Manifest::parse(&text, &settings.publishing)
        .map_err(|error| failure::input(format!("`{name}`, {error}")))?;
    let Manifest {
        mut app,
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
        source::check(component).await?;
        if let Source::Path(path) = &component.source
            && let Ok(path) = path.as_str().parse::<AppPath>()
            && let Some(origin) = ignore.ignores(&path, false)
        {
            warnings.push(format!(
                "the source `{path}` of the component `{}` is published although {origin} \
                 ignores it, since it is named",
                component.id
            ));
        }
        selections.push(find(&directory, component, &ignore, &mut warnings).await?);
    }
    let files: Vec<_> = selections.iter().flatten().map(|f| &f.source).collect();
    let sources = Contents::of(&contents, !settings.uncomposed).await?;
    let files = take_in(&directory, files).await?;
    let mut packed = Vec::new();
    for (component, selection) in contents.iter().zip(selections) {
        packed.push(PackedComponent {
            source: sources.source(component)?,
            dependencies: sources.dependencies(component)?,
            trigger_dependencies: sources.trigger_dependencies(component)?,
            files: selection
                .into_iter()
                .filter_map(|file| {
                    let content = files.get(&file.source)?.clone();
                    Some(PackedFile {
                        path: file.path,
                        content,
                    })
                })
                .collect(),
        });
    }
    if !settings.uncomposed {
        compose_all(&mut app, &mut packed).await?;
    }
    let archives = archive(&packed, settings.archiving).await?;
    let draft = Draft::with_archives(app, packed, archives).map_err(failure::input)?;
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
) -> Result<BTreeMap<AppPath, Content>, Error> {
    paths.sort();
    paths.dedup();
    stream::iter(paths)
        .map(|path| async move {
            let file = directory.open(path).await?;
            let content = store::add(&file, path, DATA_LAYER).await?;
            Ok((path.clone(), content))
        })
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await
}

/// Composes the components with their dependencies and their middleware, which nobody
/// needs to know of afterwards.
async fn compose_all(app: &mut LockedApp, packed: &mut [PackedComponent]) -> Result<(), Error> {
    for (component, packed) in app.components.iter_mut().zip(packed) {
        if let Some(composed) = compose::composed(component, packed).await? {
            component.forget_dependencies();
            let is_left = |role: &String| component.trigger_dependencies.contains_key(role);
            packed.trigger_dependencies.retain(|role, _| is_left(role));
            packed.dependencies.clear();
            packed.source = composed;
        }
    }
    app.forget_what_was_composed();
    Ok(())
}

/// Archives what is not to be a layer of its own.
async fn archive(components: &[PackedComponent], archiving: Archiving) -> Result<Archives, Error> {
    let bundles = Bundle::choose(components, archiving).map_err(failure::input)?;
    let mut archives = Archives::default();
    for bundle in bundles {
        let (digest, size) = bundle::archive(&bundle).await?;
        archives.add(bundle, digest, size);
    }
    Ok(archives)
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
