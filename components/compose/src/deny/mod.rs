//! What a dependency does not inherit, denied to it.
//!
//! The denial is a component that exports the interfaces in question, of exactly the
//! types that the dependency imports, and says no to every call: made for each
//! dependency, since what there is to import differs from version to version. A call
//! is answered by the error of its result that says it best, by none, or by an empty
//! list; where the type has no such answer, the call traps, in a function whose name
//! says why.

mod module;
mod refusal;

use wharf_app::locked::Inherit;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{Resolve, TypeDefKind, TypeId, WorldId, WorldItem, WorldKey};

use crate::capability;
use crate::error::problem;

/// A component that denies a dependency what it does not inherit, or none when there
/// is nothing to deny. An error says what is in the way.
pub(crate) fn denial(dependency: &[u8], inherit: &Inherit) -> Result<Option<Vec<u8>>, String> {
    if *inherit == Inherit::All {
        return Ok(None);
    }
    let (mut resolve, world) = match decode(dependency).map_err(problem)? {
        DecodedWasm::Component(resolve, world) => (resolve, world),
        DecodedWasm::WitPackage(..) => return Err("it is a WIT package".into()),
    };
    let denied: Vec<_> = resolve.worlds[world]
        .imports
        .iter()
        .filter(|(key, item)| why(&resolve, key, item, inherit).is_some())
        .map(|(key, _)| key.clone())
        .collect();
    if denied.is_empty() {
        return Ok(None);
    }
    turn(&mut resolve, world, &denied)?;
    let because = |interface: &str| {
        let why = capability::denial(interface, inherit).unwrap_or_default();
        format!("denied: the dependency {why}")
    };
    let mut module = module::module(&resolve, world, because);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(problem)?;
    let mut encoder = ComponentEncoder::default();
    // It is validated with the whole composition.
    encoder.validate(false);
    let component = encoder.module(&module).and_then(ComponentEncoder::encode);
    component.map(Some).map_err(problem)
}

/// Why an import is denied, if it is.
fn why(resolve: &Resolve, key: &WorldKey, item: &WorldItem, inherit: &Inherit) -> Option<String> {
    let WorldItem::Interface { id, .. } = item else {
        return None;
    };
    let interface = &resolve.interfaces[*id];
    let is_resource = |id: TypeId| matches!(resolve.types[id].kind, TypeDefKind::Resource);
    // Types alone do nothing.
    if interface.functions.is_empty() && !interface.types.values().any(|id| is_resource(*id)) {
        return None;
    }
    capability::denial(&resolve.name_world_key(key), inherit)
}

/// Makes of the dependency's world that of its denial: what is denied is exported, and
/// what its types come from is imported.
fn turn(resolve: &mut Resolve, world: WorldId, denied: &[WorldKey]) -> Result<(), String> {
    let imports = &mut resolve.worlds[world].imports;
    imports.retain(|key, _| denied.contains(key));
    resolve.exportize(world, None, None).map_err(problem)
}
