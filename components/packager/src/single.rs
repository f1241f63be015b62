//! From a single component, a core module or a package of WIT to the manifest of the
//! artifact that it is alone.

use wharf_app::artifact::{
    Annotations, CREATED, Content, Interfaces, TITLE, WASM_CONFIG, WASM_LAYER_PACKAGE, WasmConfig,
    single_manifest,
};
use wharf_app::wasm::{self, Form};
use wharf_compose::{TEXT_BYTES, binary};
use wharf_interfaces::{Described, Kind, MOST_TEXT_BYTES, Metadata};
use wharf_oci::media_type;

use crate::bindings::{Descriptor, DescriptorType, Error, File, Packed};
use crate::directory::Directory;
use crate::failure;
use crate::settings::Settings;
use crate::{pack, store, wit_package};

/// The largest WebAssembly that is described, in bytes. It is held in memory, and
/// larger ones would not be run either.
const MOST_WASM_BYTES: u64 = 256 * 1024 * 1024;

/// Packs the component, or the core module, of a file that has this name. Text is made
/// binary.
pub(crate) async fn pack(file: File, name: &str, settings: Settings) -> Result<Packed, Error> {
    let stat = file.stat().await;
    let stat = stat.map_err(|code| failure::unreadable(name, &code))?;
    if !matches!(stat.type_, DescriptorType::RegularFile) {
        return Err(failure::file(name, "is no file"));
    }
    // What is wrong at first sight is not taken in.
    let prefix = Directory::prefix(&file, name, wasm::PREFIX_BYTES).await?;
    let form = wasm::check(&prefix).map_err(|problem| failure::file(name, problem))?;
    if form == Form::Text {
        let text = Directory::prefix(&file, name, TEXT_BYTES + 1).await?;
        let wasm = binary(&text).map_err(|problem| failure::file(name, problem))?;
        let described = Described::of(&wasm).map_err(|problem| failure::file(name, problem))?;
        let layer = store::add_bytes(wasm).await?;
        let title = format!("{}.wasm", name.strip_suffix(".wat").unwrap_or(name));
        return finish(&title, layer, described, &[], settings).await;
    }
    if stat.size > MOST_WASM_BYTES {
        let problem = format!("has more than {MOST_WASM_BYTES} bytes");
        return Err(failure::file(name, problem));
    }
    let layer = store::add(&file, name, WASM_LAYER_PACKAGE).await?;
    // From the store, as the file may have changed since.
    let bytes = store::whole(&layer).await?;
    let described = Described::of(&bytes).map_err(|problem| failure::file(name, problem))?;
    drop(bytes);
    finish(name, layer, described, &[], settings).await
}

/// Packs the package of WIT whose sources are in a directory, or are one file, that has
/// this name.
pub(crate) async fn pack_wit(
    sources: File,
    name: String,
    settings: Settings,
) -> Result<Packed, Error> {
    let package = wit_package::read(sources, name).await?;
    let described =
        Described::of(&package.wasm).map_err(|problem| failure::file(&package.name, problem))?;
    let size = package.wasm.len() as u64;
    let layer = Content {
        digest: store::put(package.wasm).await?,
        size,
        inline: None,
    };
    let version = package.version.map(|version| ("version", version));
    let title = format!("{}.wasm", package.name);
    let packed = finish(&title, layer, described, version.as_slice(), settings).await?;
    Ok(Packed {
        name: format!("{}:{}", package.namespace, package.name),
        ..packed
    })
}

/// Puts the artifact's own documents into the store. `texts` is said of it besides what
/// it says itself.
async fn finish(
    title: &str,
    layer: Content,
    described: Described,
    texts: &[(&str, String)],
    settings: Settings,
) -> Result<Packed, Error> {
    let Described { kind, metadata, .. } = described;
    let warnings = warnings(title, &metadata);
    let created = pack::moment(&settings)?;
    let mut annotations = Annotations::default();
    if let (Kind::Component { .. }, Some(name)) = (&kind, metadata.name) {
        annotations.set(TITLE, name);
    }
    let own = metadata.texts.iter().map(|(name, text)| (&**name, text));
    let others = texts.iter().map(|(name, text)| (*name, text));
    for (name, text) in own.chain(others) {
        annotations.set_section(name, text);
    }
    if let Some(moment) = &created {
        annotations.set(CREATED, moment);
    }
    for (key, value) in settings.annotations {
        annotations.set(key, value);
    }
    let interfaces = match kind {
        Kind::Component { imports, exports } => Some(Interfaces::new(imports, exports)),
        Kind::Module => None,
    };
    let config = WasmConfig::new(&layer.digest, interfaces, created).to_json();
    let config_size = config.len() as u64;
    let config = wharf_oci::Descriptor::new(WASM_CONFIG, store::put(config).await?, config_size);
    let layer = wharf_oci::Descriptor::new(WASM_LAYER_PACKAGE, layer.digest, layer.size);
    let manifest = single_manifest(config, layer, title, annotations);
    let size = manifest.len() as u64;
    Ok(Packed {
        manifest: Descriptor {
            media_type: media_type::IMAGE_MANIFEST.to_owned(),
            digest: store::put(manifest).await?.to_string(),
            size,
        },
        name: title.to_owned(),
        warnings,
    })
}

fn warnings(title: &str, metadata: &Metadata) -> Vec<String> {
    let left_out = metadata.left_out.iter().map(|section| {
        format!(
            "`{title}` has a section `{section}` that is no text of at most {MOST_TEXT_BYTES} \
             bytes, and is not published as an annotation"
        )
    });
    left_out.collect()
}
