//! What is shown of a component that was published alone.

use serde::Serialize;
use wharf_up::SingleComponent;

/// What is printed.
#[derive(Debug, Serialize)]
pub(super) struct Single {
    /// The name of its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Its code's.
    digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    /// None where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    imports: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exports: Option<Vec<String>>,
    /// Why more is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<String>,
}

impl From<SingleComponent> for Single {
    fn from(component: SingleComponent) -> Self {
        let (config, unknown) = match component.config {
            Ok(config) => (Some(config), None),
            Err(why) => (None, Some(why)),
        };
        let is_known = config.is_some();
        let config = config.unwrap_or_default();
        Self {
            title: component.title,
            digest: component.digest.to_string(),
            os: config.os,
            author: config.author,
            created: config.created,
            target: config.target,
            imports: is_known.then_some(config.imports),
            exports: is_known.then_some(config.exports),
            unknown,
        }
    }
}

impl Single {
    /// The lines for people.
    pub(super) fn draw(&self, lines: &mut Vec<String>) {
        let title = self.title.as_deref().unwrap_or("without a name");
        let os = self.os.iter().map(|os| format!(" ({os})"));
        lines.push(format!("Component: {title}{}", os.collect::<String>()));
        let texts = [
            ("Target", &self.target),
            ("Author", &self.author),
            ("Created", &self.created),
            ("Imports and exports are not known", &self.unknown),
        ];
        for (what, text) in texts {
            lines.extend(text.iter().map(|text| format!("  {what}: {text}")));
        }
        let names = self.imports.iter().flatten();
        lines.extend(names.map(|name| format!("  Import: {name}")));
        let names = self.exports.iter().flatten();
        lines.extend(names.map(|name| format!("  Export: {name}")));
    }
}
