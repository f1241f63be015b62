//! The document: `CycloneDX` 1.6 in JSON (ECMA-424), as far as it is written here.

use serde::Serialize;
use wharf_oci::Digest;

/// A bill of materials. It has no serial number: the same application has the same bill.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the format's own names")]
pub(super) struct Bom {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    version: u32,
    metadata: Metadata,
    components: Vec<Component>,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Serialize)]
struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    tools: Tools,
    component: Component,
}

#[derive(Debug, Serialize)]
struct Tools {
    components: Vec<Tool>,
}

#[derive(Debug, Serialize)]
struct Tool {
    #[serde(rename = "type")]
    kind: Kind,
    name: &'static str,
    version: &'static str,
}

/// What a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Application,
    Library,
}

/// A piece of software.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(rename = "mime-type", skip_serializing_if = "Option::is_none")]
    pub(super) mime_type: Option<String>,
    /// By which others of the bill refer to it.
    #[serde(rename = "bom-ref")]
    pub(super) bom_ref: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) authors: Vec<Contact>,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) licenses: Vec<License>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) external_references: Vec<Address>,
    /// What is within it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) components: Vec<Self>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) properties: Vec<Property>,
}

#[derive(Debug, Serialize)]
pub(super) struct Contact {
    name: String,
}

#[derive(Debug, Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

/// An SPDX license expression.
#[derive(Debug, Serialize)]
pub(super) struct License {
    pub(super) expression: String,
}

/// Where more is said of a component.
#[derive(Debug, Serialize)]
pub(super) struct Address {
    /// `vcs` or `website`.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) url: String,
}

/// What else is said of a component.
#[derive(Debug, Serialize)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) value: String,
}

/// What a component needs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
}

impl Bom {
    pub(super) fn new(
        component: Component,
        components: Vec<Component>,
        dependencies: Vec<Dependency>,
        created: Option<u64>,
    ) -> Self {
        Self {
            schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
            bom_format: "CycloneDX",
            spec_version: "1.6",
            version: 1,
            metadata: Metadata {
                timestamp: created.map(wharf_oci::time::to_rfc3339),
                tools: Tools {
                    components: vec![Tool {
                        kind: Kind::Application,
                        name: "wharf",
                        version: env!("CARGO_PKG_VERSION"),
                    }],
                },
                component,
            },
            components,
            dependencies,
        }
    }

    pub(super) fn written(&self) -> Vec<u8> {
        // A tree of texts and numbers can always be written to memory.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl Component {
    /// One of which nothing else is known yet.
    pub(super) fn new(kind: Kind, bom_ref: String, name: &str) -> Self {
        Self {
            kind,
            mime_type: None,
            bom_ref,
            authors: Vec::new(),
            name: name.to_owned(),
            version: None,
            description: None,
            hashes: Vec::new(),
            licenses: Vec::new(),
            purl: None,
            external_references: Vec::new(),
            components: Vec::new(),
            properties: Vec::new(),
        }
    }

    /// Has this digest.
    pub(super) fn hashed(&mut self, digest: &Digest) {
        self.hashes.push(Hash {
            alg: "SHA-256",
            content: digest.hex().to_owned(),
        });
    }
}

impl Contact {
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
        }
    }
}

impl Dependency {
    pub(super) fn new(reference: String, depends_on: Vec<String>) -> Self {
        Self {
            reference,
            depends_on,
        }
    }

    pub(super) fn is_of(&self, reference: &str) -> bool {
        self.reference == reference
    }

    pub(super) fn add(&mut self, more: Vec<String>) {
        self.depends_on.extend(more);
    }
}
