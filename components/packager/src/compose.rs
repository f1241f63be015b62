//! Components, composed with their dependencies and their middleware.

use wharf_app::artifact::{Content, PackedComponent};
use wharf_app::locked::{LockedComponent, MIDDLEWARE};
use wharf_compose::{
    ComposeError, Dependency, Kind, Middleware, compose, compose_middleware, kind, make_component,
};

use crate::bindings::Error;
use crate::{failure, store};

/// How many bytes tell a module from a component.
const KIND_BYTES: u64 = 8;

/// What a component becomes: composed with what it depends on and with what stands in
/// front of it, or made a component of a module. None when it is to stay as it is, also a
/// module of which nothing says what it exports.
pub(crate) async fn composed(
    component: &LockedComponent,
    packed: &PackedComponent,
) -> Result<Option<Content>, Error> {
    let failed =
        |error: ComposeError| failure::input(format!("the component `{}`: {error}", component.id));
    let (source, middleware) = (&packed.source, component.middleware());
    let mut made = if !component.dependencies.is_empty() {
        let dependencies = dependencies(component, packed).await?;
        let source = store::whole(source).await?;
        Some(compose(source, dependencies).map_err(failed)?)
    } else if kind(&store::prefix(source, KIND_BYTES).await?) == Some(Kind::Module) {
        make_component(&store::whole(source).await?).map_err(failed)?
    } else {
        None
    };
    if !middleware.is_empty() {
        let contents = packed.trigger_dependencies.get(MIDDLEWARE);
        let contents = contents.map(Vec::as_slice).unwrap_or_default();
        if contents.len() != middleware.len() {
            return Err(no_content(component, MIDDLEWARE));
        }
        let mut in_front = Vec::new();
        for (middleware, content) in middleware.iter().zip(contents) {
            in_front.push(Middleware {
                wasm: store::whole(content).await?,
                inherit: middleware.inherit.clone(),
            });
        }
        let wasm = match made {
            Some(wasm) => wasm,
            None => store::whole(source).await?,
        };
        made = Some(compose_middleware(wasm, in_front).map_err(failed)?);
    }
    match made {
        Some(bytes) => store::add_bytes(bytes).await.map(Some),
        None => Ok(None),
    }
}

async fn dependencies(
    component: &LockedComponent,
    packed: &PackedComponent,
) -> Result<Vec<Dependency>, Error> {
    let mut dependencies = Vec::new();
    for (name, dependency) in &component.dependencies {
        let content = packed.dependencies.get(name);
        let content = content.ok_or_else(|| no_content(component, name))?;
        dependencies.push(Dependency {
            name: name.clone(),
            wasm: store::whole(content).await?,
            export: dependency.export.clone(),
            inherit: dependency.inherit.clone(),
        });
    }
    Ok(dependencies)
}

fn no_content(component: &LockedComponent, name: &str) -> Error {
    Error::Other(format!(
        "the component `{}`: its dependency `{name}` has no content",
        component.id
    ))
}
