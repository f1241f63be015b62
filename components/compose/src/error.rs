//! Why components can't be composed.

use std::fmt;

use wharf_oci::problem::clean;

/// Why components can't be composed. What is wrong with a dependency is to be read
/// after the component that has it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// A component's bytes that can't be understood.
    #[error("{part} can't be read as a component: {problem}")]
    Unreadable {
        /// Whose bytes.
        part: Part,
        /// What is wrong with them.
        problem: String,
    },
    /// A core module that can't be made a component.
    #[error("{part} is a core module that can't be made a component: {problem}")]
    Module {
        /// Whose bytes.
        part: Part,
        /// What is in the way.
        problem: String,
    },
    /// A dependency that nothing is imported from.
    #[error(
        "its source imports nothing that the dependency `{dependency}` is meant for: it imports \
         {imports}"
    )]
    NoSuchImport {
        /// The dependency's name.
        dependency: String,
        /// What is imported, in words.
        imports: String,
    },
    /// One import, and several dependencies that are meant for it.
    #[error(
        "its import `{import}` is what both `{one}` and `{other}` are meant for: leave one out"
    )]
    Ambiguous {
        /// The import.
        import: String,
        /// A dependency's name.
        one: String,
        /// Another's.
        other: String,
    },
    /// A dependency that does not have what is imported.
    #[error(
        "the dependency `{dependency}` does not export `{export}`, which is to satisfy the import \
         `{import}`: it exports {exports}; `export` says which one is meant"
    )]
    MissingExport {
        /// The dependency's name.
        dependency: String,
        /// The export that was looked for.
        export: String,
        /// What it was looked for.
        import: String,
        /// What is exported, in words.
        exports: String,
    },
    /// A dependency whose export has other types than the import.
    #[error(
        "the export `{export}` of the dependency `{dependency}` does not fit the import `{import}`: \
         {problem}"
    )]
    Incompatible {
        /// The dependency's name.
        dependency: String,
        /// The export.
        export: String,
        /// The import.
        import: String,
        /// What does not fit.
        problem: String,
    },
    /// What a dependency does not inherit can't be denied to it.
    #[error(
        "what {part} does not inherit can't be denied to it: {problem}; it could be composed if it \
         inherited all"
    )]
    Deny {
        /// Which dependency.
        part: Part,
        /// What is in the way.
        problem: String,
    },
    /// Middleware, or what it is put in front of, without the interface of requests.
    #[error(
        "{part} does not {verb} `{interface}`, by which middleware gets requests and hands them on: \
         it {verb}s {names}"
    )]
    NoHandler {
        /// Which one.
        part: Part,
        /// `import` or `export`.
        verb: &'static str,
        /// The interface.
        interface: &'static str,
        /// What there is instead, in words.
        names: String,
    },
    /// Middleware whose interface of requests has other types than what it is put in
    /// front of.
    #[error("{part} can't hand on requests to what it is in front of: {problem}")]
    Unlinked {
        /// Which one.
        part: Part,
        /// What does not fit.
        problem: String,
    },
    /// All of it fits, and does not make a component.
    #[error("its source and what it depends on don't make a component: {0}")]
    Whole(String),
}

/// Whose bytes something is about, to be read after the component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The component's own.
    Source,
    /// Those of the dependency of this name.
    Dependency(String),
    /// Those of the middleware at this place, counted from 1, the outermost.
    Middleware(usize),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source => write!(f, "its source"),
            Self::Dependency(name) => write!(f, "the dependency `{name}`"),
            Self::Middleware(place) => write!(f, "its middleware {place}"),
        }
    }
}

/// What a library says, on one line and not too long.
pub(crate) fn problem(error: impl fmt::Display) -> String {
    clean(&format!("{error:#}"), 400)
}

/// Names in words.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 20;
    let names: Vec<_> = names.into_iter().collect();
    let shown: Vec<_> = names
        .iter()
        .take(MOST)
        .map(|name| format!("`{}`", clean(name, 100)))
        .collect();
    match (shown.as_slice(), names.len().saturating_sub(MOST)) {
        ([], _) => "nothing".to_owned(),
        (shown, 0) => shown.join(", "),
        (shown, more) => format!("{} and {more} more", shown.join(", ")),
    }
}
