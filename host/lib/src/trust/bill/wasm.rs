//! What WebAssembly says of itself: names, versions, what made it, and, where `cargo auditable`
//! built it, from which crates.

use wasm_metadata::{Dependencies, Metadata, Payload};

use super::cyclonedx::{Address, Component, Contact, Dependency, Kind, License, Property};
use super::purl;

/// How deep modules and components may lie within each other. Real ones are a few deep.
const DEPTH: usize = 32;

/// What a component or a module says, and what those within it say.
pub(super) struct Said(Payload);

impl Said {
    /// Reads it. The bytes may come from anybody. Fails with what is wrong with them.
    pub(super) fn of(wasm: &[u8]) -> Result<Self, String> {
        let wrong = |why: String| format!("what it says of itself can't be read: {why}");
        is_shallow(wasm).map_err(wrong)?;
        let payload = Payload::from_binary(wasm);
        payload.map(Self).map_err(|error| wrong(error.to_string()))
    }

    /// Tells it of a component.
    pub(super) fn tell(&self, component: &mut Component, dependencies: &mut Vec<Dependency>) {
        tell(&self.0, component, dependencies);
    }
}

/// Fails where it nests deeper than can be gone through.
fn is_shallow(wasm: &[u8]) -> Result<(), String> {
    use wasmparser::Payload::{ComponentSection, End, ModuleSection};

    let mut depth = 0_usize;
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        match payload.map_err(|error| error.to_string())? {
            ModuleSection { .. } | ComponentSection { .. } => depth += 1,
            End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            return Err(format!("it nests more than {DEPTH} deep"));
        }
    }
    Ok(())
}

fn tell(payload: &Payload, component: &mut Component, dependencies: &mut Vec<Dependency>) {
    let said = payload.metadata();
    describe(said, component);
    let mut needed = Vec::new();
    if let Some(crates) = &said.dependencies {
        tell_crates(crates, component, dependencies, &mut needed);
    }
    if let Payload::Component { children, .. } = payload {
        for (number, child) in children.iter().enumerate() {
            let reference = format!("{}/{number}", component.bom_ref);
            let name = child.metadata().name.clone();
            let name = name.unwrap_or_else(|| format!("module {number}"));
            let mut within = Component::new(Kind::Library, reference.clone(), &name);
            within.mime_type = Some("application/wasm".to_owned());
            tell(child, &mut within, dependencies);
            if says_something(child.metadata()) || !within.components.is_empty() {
                component.components.push(within);
                needed.push(reference);
            }
        }
    }
    if !needed.is_empty() {
        dependencies.push(Dependency::new(component.bom_ref.clone(), needed));
    }
}

/// Whether there is anything to be told of it, so that it is worth a line.
fn says_something(said: &Metadata) -> bool {
    said.name.is_some() || said.version.is_some() || said.producers.is_some()
}

fn describe(said: &Metadata, component: &mut Component) {
    let text = |text: &dyn ToString| text.to_string();
    let mut property = |name: &str, value: String| {
        component.properties.push(Property {
            name: format!("wasm:{name}"),
            value,
        });
    };
    if let Some(name) = &said.name
        && *name != component.name
    {
        property("name", name.clone());
    }
    for (field, producers) in said
        .producers
        .iter()
        .flat_map(wasm_metadata::Producers::iter)
    {
        for (name, version) in producers.iter() {
            let separator = if version.is_empty() { "" } else { " " };
            property(field, format!("{name}{separator}{version}"));
        }
    }
    if let Some(revision) = &said.revision {
        property("revision", text(revision));
    }
    component.version = said.version.as_ref().map(|it| text(it));
    component.description = said.description.as_ref().map(|it| text(it));
    if let Some(authors) = &said.authors {
        component.authors.push(Contact::named(&text(authors)));
    }
    if let Some(licenses) = &said.licenses {
        let expression = text(licenses);
        component.licenses.push(License { expression });
    }
    let addresses = [
        ("vcs", said.source.as_ref().map(|it| text(it))),
        ("website", said.homepage.as_ref().map(|it| text(it))),
    ];
    for (kind, url) in addresses {
        let address = url.map(|url| Address { kind, url });
        component.external_references.extend(address);
    }
}

/// The crates that it was built from, but for itself.
fn tell_crates(
    crates: &Dependencies,
    component: &mut Component,
    dependencies: &mut Vec<Dependency>,
    needed: &mut Vec<String>,
) {
    let packages = &crates.version_info().packages;
    let base = component.bom_ref.clone();
    let reference = |number: usize| format!("{base}/crate/{number}");
    let references = |numbers: &[usize]| numbers.iter().map(|it| reference(*it)).collect();
    for (number, package) in packages.iter().enumerate() {
        if package.root {
            needed.extend::<Vec<_>>(references(&package.dependencies));
            continue;
        }
        let version = package.version.to_string();
        let mut one = Component::new(Kind::Library, reference(number), &package.name);
        if String::from(package.source.clone()) == "crates.io" {
            one.purl = Some(purl::of_crate(&package.name, &version));
        }
        one.version = Some(version);
        component.components.push(one);
        if !package.dependencies.is_empty() {
            dependencies.push(Dependency::new(
                reference(number),
                references(&package.dependencies),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> serde_json::Value {
        let wasm = wat::parse_str(text).unwrap();
        let mut component = Component::new(Kind::Library, "component:a".to_owned(), "a");
        let mut dependencies = Vec::new();
        Said::of(&wasm)
            .unwrap()
            .tell(&mut component, &mut dependencies);
        serde_json::json!({ "component": component, "dependencies": dependencies })
    }

    #[test]
    fn names_versions_and_producers_of_all_within() {
        let told = told(
            r#"(component $shop
                (core module $main (@producers (language "Rust" "2024") (processed-by "rustc" "1.90")))
                (core module)
                (component $part (@custom "version" "2.0.0"))
                (@custom "version" "1.2.3")
                (@custom "licenses" "MIT")
                (@custom "homepage" "https://r.example/")
            )"#,
        );
        let component = &told["component"];
        assert_eq!(component["version"], "1.2.3");
        assert_eq!(component["licenses"][0]["expression"], "MIT");
        assert_eq!(component["properties"][0]["name"], "wasm:name");
        assert_eq!(component["properties"][0]["value"], "shop");
        assert_eq!(component["externalReferences"][0]["type"], "website");
        let within = component["components"].as_array().unwrap();
        let names: Vec<_> = within.iter().map(|it| it["name"].clone()).collect();
        assert_eq!(names, ["main", "part"]);
        assert_eq!(within[0]["properties"][1]["name"], "wasm:processed-by");
        assert_eq!(within[0]["properties"][1]["value"], "rustc 1.90");
        assert_eq!(within[1]["version"], "2.0.0");
        assert_eq!(told["dependencies"][0]["ref"], "component:a");
        assert_eq!(
            told["dependencies"][0]["dependsOn"][1], "component:a/2",
            "{told:#}"
        );
    }

    #[test]
    fn what_is_no_webassembly_or_nests_too_deep_is_refused() {
        assert!(Said::of(b"").is_err());
        assert!(Said::of(b"\0asm").is_err());
        let nested = |depth: usize| {
            let text = "(component ".repeat(depth) + &")".repeat(depth);
            Said::of(&wat::parse_str(text).unwrap())
        };
        assert!(nested(DEPTH).is_ok());
        let why = nested(DEPTH + 2).err().unwrap();
        assert!(why.contains("nests"), "{why}");
    }
}
