//! Components made one, each with what those before it export.

use wac_graph::types::{Package, WorldId};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId};

/// Why components could not be made one: they do not fit.
#[derive(Debug, thiserror::Error)]
#[error("the component `{component}` can't be composed with the others: {problem}")]
pub struct ComposeError {
    component: String,
    problem: String,
}

/// Components that become one.
#[derive(Default)]
pub(crate) struct Composition {
    graph: CompositionGraph,
    instances: Vec<(WorldId, NodeId)>,
}

impl Composition {
    /// Adds a component. What it imports and one before it exports is satisfied by that
    /// one; everything else is an import of the whole.
    pub(crate) fn add(&mut self, name: &str, wasm: &[u8]) -> Result<(), ComposeError> {
        let failed = |error: &dyn std::error::Error| ComposeError::new(name, error);
        let package = Package::from_bytes(name, None, wasm.to_vec(), self.graph.types_mut())
            .map_err(|error| ComposeError {
                component: name.to_owned(),
                problem: format!("{error:#}"),
            })?;
        let world = package.ty();
        let package = self.graph.register_package(package);
        let node = self
            .graph
            .instantiate(package.map_err(|error| failed(&error))?);
        let imports: Vec<String> = self.graph.types()[world].imports.keys().cloned().collect();
        for import in imports {
            let Some(source) = self.exporter(&import) else {
                continue;
            };
            let export = self.graph.alias_instance_export(source, &import);
            let export = export.map_err(|error| failed(&error))?;
            self.graph
                .set_instantiation_argument(node, &import, export)
                .map_err(|error| failed(&error))?;
        }
        self.instances.push((world, node));
        Ok(())
    }

    /// The component that exports all of `exports`, of whichever part has them.
    pub(crate) fn finish(mut self, exports: &[&str]) -> Result<Vec<u8>, ComposeError> {
        for export in exports {
            let source = self.exporter(export).ok_or_else(|| ComposeError {
                component: (*export).to_owned(),
                problem: "nothing exports it".to_owned(),
            })?;
            let failed = |error: &dyn std::error::Error| ComposeError::new(export, error);
            let alias = self.graph.alias_instance_export(source, export);
            let alias = alias.map_err(|error| failed(&error))?;
            self.graph
                .export(alias, *export)
                .map_err(|error| failed(&error))?;
        }
        let encoded = self.graph.encode(EncodeOptions::default());
        encoded.map_err(|error| ComposeError::new("the whole", &error))
    }

    /// Who exports an interface: the first that does.
    fn exporter(&self, interface: &str) -> Option<NodeId> {
        let mut instances = self.instances.iter();
        let found =
            instances.find(|(world, _)| self.graph.types()[*world].exports.contains_key(interface));
        found.map(|(_, node)| *node)
    }
}

impl ComposeError {
    /// An error with its causes.
    fn new(component: &str, error: &dyn std::error::Error) -> Self {
        let mut problem = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            problem = format!("{problem}: {error}");
            cause = error.source();
        }
        Self {
            component: component.to_owned(),
            problem,
        }
    }
}
