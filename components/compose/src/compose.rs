//! Dependencies, composed into the component that has them.

use std::collections::BTreeMap;

use wac_graph::types::{Package, WorldId, are_semver_compatible};
use wac_graph::{CompositionGraph, EncodeOptions, InstantiationArgumentError, NodeId};
use wharf_app::locked::Inherit;

use crate::deny;
use crate::error::{ComposeError, Part, listed, problem};
use crate::module::{Kind, kind, translate};
use crate::name::DependencyName;

/// A component that satisfies imports of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The imports that it is meant for, as the application's author wrote them.
    pub name: String,
    /// Its WebAssembly, a component or a core module.
    pub wasm: Vec<u8>,
    /// Which of its exports is meant, where it is not the import's name.
    pub export: Option<String>,
    /// What it may use of the component that has it.
    pub inherit: Inherit,
}

/// Composes a component, or core module, with its dependencies into one component.
/// The same input gives the same bytes.
///
/// Dependencies of the same content that inherit the same are one instance, so that
/// what one interface of it makes is known to the other. Their own imports become those
/// of the whole, but for what is not inherited, which is denied.
///
/// # Errors
///
/// When something is not WebAssembly, or does not fit. Each error is to be read after
/// the component that has the dependencies.
pub fn compose(wasm: Vec<u8>, dependencies: Vec<Dependency>) -> Result<Vec<u8>, ComposeError> {
    let wasm = component(wasm, &Part::Source)?;
    if dependencies.is_empty() {
        return Ok(wasm);
    }
    let mut composition = Composition::default();
    let source = composition.add("the component", wasm, &Part::Source)?;
    let plan = composition.plan(source, &dependencies)?;
    let mut instances: Vec<Instance> = Vec::new();
    for (place, dependency) in dependencies.iter().enumerate() {
        let mut before = dependencies.iter().take(place).zip(&instances);
        let same = before.find(|(other, _)| {
            other.wasm == dependency.wasm && other.inherit == dependency.inherit
        });
        let instance = if let Some((_, instance)) = same {
            *instance
        } else {
            let part = Part::Dependency(dependency.name.clone());
            composition.add_denying(dependency.wasm.clone(), &dependency.inherit, &part)?
        };
        instances.push(instance);
    }
    for (import, place) in plan {
        if let (Some(dependency), Some(instance)) = (dependencies.get(place), instances.get(place))
        {
            composition.connect(source, &import, dependency, *instance)?;
        }
    }
    drop(dependencies);
    let (_, exports) = composition.names(source);
    composition.finish(source, &exports)
}

/// A component of the composition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instance {
    world: WorldId,
    node: NodeId,
}

/// Components that become one.
#[derive(Default)]
pub(crate) struct Composition(CompositionGraph);

impl Composition {
    /// Adds a component under a name of its own.
    pub(crate) fn add(
        &mut self,
        name: &str,
        wasm: Vec<u8>,
        part: &Part,
    ) -> Result<Instance, ComposeError> {
        let unreadable = |problem| ComposeError::Unreadable {
            part: part.clone(),
            problem,
        };
        let package = Package::from_bytes(name, None, wasm, self.0.types_mut())
            .map_err(|error| unreadable(problem(error)))?;
        let world = package.ty();
        let package = self
            .0
            .register_package(package)
            .map_err(|error| unreadable(problem(error)))?;
        let node = self.0.instantiate(package);
        Ok(Instance { world, node })
    }

    /// Which import each dependency is meant for, by its place in the list. Each has
    /// at least one, and each import at most one.
    fn plan(
        &self,
        source: Instance,
        dependencies: &[Dependency],
    ) -> Result<BTreeMap<String, usize>, ComposeError> {
        let imports = &self.0.types()[source.world].imports;
        let mut plan = BTreeMap::new();
        for (place, dependency) in dependencies.iter().enumerate() {
            let name = DependencyName::parse(&dependency.name);
            let mut meant = imports
                .keys()
                .filter(|import| name.is_for(import))
                .peekable();
            if meant.peek().is_none() {
                return Err(ComposeError::NoSuchImport {
                    dependency: dependency.name.clone(),
                    imports: listed(imports.keys().map(String::as_str)),
                });
            }
            for import in meant {
                if let Some(other) = plan.insert(import.clone(), place)
                    && let Some(other) = dependencies.get(other)
                {
                    return Err(ComposeError::Ambiguous {
                        import: import.clone(),
                        one: other.name.clone(),
                        other: dependency.name.clone(),
                    });
                }
            }
        }
        Ok(plan)
    }

    /// Adds a component that another one has, with a denial of what it does not inherit.
    pub(crate) fn add_denying(
        &mut self,
        wasm: Vec<u8>,
        inherit: &Inherit,
        part: &Part,
    ) -> Result<Instance, ComposeError> {
        let (name, of_denial) = match part {
            Part::Dependency(name) => (format!("dependency {name}"), format!("denied to {name}")),
            part => (part.to_string(), format!("denied to {part}")),
        };
        let wasm = component(wasm, part)?;
        // Its bytes are checked before anything is concluded from them.
        let instance = self.add(&name, wasm.clone(), part)?;
        let failed = |problem| ComposeError::Deny {
            part: part.clone(),
            problem,
        };
        let Some(denial) = deny::denial(&wasm, inherit).map_err(failed)? else {
            return Ok(instance);
        };
        let denying = self
            .add(&of_denial, denial, part)
            .map_err(|error| failed(error.to_string()))?;
        let exports = &self.0.types()[denying.world].exports;
        let denied: Vec<_> = exports.keys().cloned().collect();
        for interface in denied {
            let export = self
                .0
                .alias_instance_export(denying.node, &interface)
                .map_err(|error| failed(problem(error)))?;
            self.0
                .set_instantiation_argument(instance.node, &interface, export)
                .map_err(|error| failed(reason(&error)))?;
        }
        Ok(instance)
    }

    /// What a component imports, and what it exports, by name.
    pub(crate) fn names(&self, instance: Instance) -> (Vec<String>, Vec<String>) {
        let world = &self.0.types()[instance.world];
        (
            world.imports.keys().cloned().collect(),
            world.exports.keys().cloned().collect(),
        )
    }

    /// Satisfies an import of a component with an export of another one. An error says
    /// what does not fit.
    pub(crate) fn link(
        &mut self,
        importer: Instance,
        import: &str,
        exporter: Instance,
        export: &str,
    ) -> Result<(), String> {
        let alias = self.0.alias_instance_export(exporter.node, export);
        let alias = alias.map_err(problem)?;
        self.0
            .set_instantiation_argument(importer.node, import, alias)
            .map_err(|error| reason(&error))
    }

    /// Satisfies an import of the source with an export of a dependency.
    fn connect(
        &mut self,
        source: Instance,
        import: &str,
        dependency: &Dependency,
        instance: Instance,
    ) -> Result<(), ComposeError> {
        let wanted = dependency.export.as_deref().unwrap_or(import);
        let exports = &self.0.types()[instance.world].exports;
        let export = match exports.get_key_value(wanted) {
            Some((name, _)) => Some(name),
            None => exports
                .keys()
                .find(|name| are_semver_compatible(name, wanted)),
        };
        let Some(export) = export.cloned() else {
            return Err(ComposeError::MissingExport {
                dependency: dependency.name.clone(),
                export: wanted.to_owned(),
                import: import.to_owned(),
                exports: listed(exports.keys().map(String::as_str)),
            });
        };
        self.link(source, import, instance, &export)
            .map_err(|problem| ComposeError::Incompatible {
                dependency: dependency.name.clone(),
                export,
                import: import.to_owned(),
                problem,
            })
    }

    /// The component that exports what one of them does, by these names.
    pub(crate) fn finish(
        mut self,
        outermost: Instance,
        exports: &[String],
    ) -> Result<Vec<u8>, ComposeError> {
        let failed = ComposeError::Whole;
        for export in exports {
            let alias = self
                .0
                .alias_instance_export(outermost.node, export)
                .map_err(|error| failed(problem(error)))?;
            self.0
                .export(alias, export)
                .map_err(|error| failed(problem(error)))?;
        }
        self.0
            .encode(EncodeOptions::default())
            .map_err(|error| failed(chain(&error)))
    }
}

/// A component as it is, a core module made one.
pub(crate) fn component(wasm: Vec<u8>, part: &Part) -> Result<Vec<u8>, ComposeError> {
    match kind(&wasm) {
        Some(Kind::Component) => Ok(wasm),
        Some(Kind::Module) => translate(&wasm, part)?.ok_or_else(|| ComposeError::Module {
            part: part.clone(),
            problem: "nothing in it says what it exports: build it with current tools".into(),
        }),
        None => Err(ComposeError::Unreadable {
            part: part.clone(),
            problem: "it is not WebAssembly".into(),
        }),
    }
}

fn reason(error: &InstantiationArgumentError) -> String {
    match error {
        InstantiationArgumentError::ArgumentTypeMismatch { source, .. } => {
            problem(format!("{source:#}"))
        }
        error => chain(error),
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    problem(text)
}

#[cfg(test)]
pub(crate) mod tests;
