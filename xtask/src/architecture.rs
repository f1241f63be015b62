//! The rules about who may know whom, checked.

use std::fs;

use serde::Deserialize;

use crate::cargo::{cargo, root};

/// Each crate of the workspace with the others that it may depend on. What is not here
/// is refused: a new crate says here where it stands.
const MAY_DEPEND_ON: [(&str, &[&str]); 22] = [
    ("wharf", &["wharf-host", "wharf-up"]),
    (
        "wharf-host",
        &[
            "wharf-app",
            "wharf-artifacts",
            "wharf-keyless",
            "wharf-net",
            "wharf-oci",
            "wharf-signer",
            "wharf-store",
        ],
    ),
    (
        "wharf-up",
        &["wharf-app", "wharf-net", "wharf-oci", "wharf-store"],
    ),
    ("wharf-store", &["wharf-oci"]),
    ("wharf-net", &["wharf-oci"]),
    ("wharf-signer", &[]),
    ("wharf-artifacts", &[]),
    ("wharf-portable", &["wharf-artifacts"]),
    ("wharf-plugs", &["wharf-oci"]),
    ("wharf-command", &["wharf-oci"]),
    ("wharf-registry", &["wharf-oci"]),
    ("wharf-keyless", &[]),
    ("wharf-signature", &["wharf-keyless", "wharf-oci"]),
    ("wharf-trust", &["wharf-oci", "wharf-signature"]),
    (
        "wharf-packager",
        &[
            "wharf-app",
            "wharf-compose",
            "wharf-interfaces",
            "wharf-oci",
        ],
    ),
    ("wharf-compose", &["wharf-app", "wharf-oci"]),
    ("wharf-interfaces", &[]),
    ("wharf-app", &["wharf-oci"]),
    ("wharf-oci", &[]),
    // A mistake of ours must not be mirrored in what tests us.
    ("wharf-tests", &[]),
    // It shows what others do, who have none of our crates.
    ("embed-rust", &[]),
    // The bench's: what the host and the component stand on, without either.
    (
        "wharf-unsandboxed",
        &["wharf-net", "wharf-oci", "wharf-store"],
    ),
];

/// What the end-to-end tests run besides the command.
const RUN_BY_TESTS: [&str; 3] = ["embed-rust", "wharf-portable", "wharf-tests"];

/// May depend on anything, and nothing depends on it.
const XTASK: &str = "xtask";

/// A package of the workspace, as `cargo metadata` describes it.
#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `dev` or `build`; none for a normal one.
    kind: Option<String>,
}

fn packages() -> Vec<Package> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    let described = cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .unwrap();
    let problem = String::from_utf8_lossy(&described.stderr);
    assert!(described.status.success(), "cargo metadata: {problem}");
    let metadata: Metadata = serde_json::from_slice(&described.stdout).unwrap();
    metadata.packages
}

/// Why `package` may not have this dependency on a crate of ours, if it may not.
fn objection(package: &Package, dependency: &Dependency) -> Option<String> {
    let (from, on) = (package.name.as_str(), dependency.name.as_str());
    let kind = dependency.kind.as_deref().unwrap_or("normal");
    if from == XTASK {
        return None;
    }
    let in_host = package.manifest_path.contains("/host/");
    if kind == "dev" && on == "wharf-tests" && in_host {
        return None;
    }
    if kind == "dev" && from == "wharf" && RUN_BY_TESTS.contains(&on) {
        return None;
    }
    let Some((_, allowed)) = MAY_DEPEND_ON.iter().find(|(known, _)| *known == from) else {
        return Some(format!(
            "{from} is not in the table of this test; say there what it may depend on"
        ));
    };
    (!allowed.contains(&on)).then(|| {
        format!(
            "{from} -> {on} ({kind} dependency) is not allowed; {from} may depend on {allowed:?}"
        )
    })
}

#[test]
fn crates_depend_only_on_those_below_them() {
    let packages = packages();
    let ours: Vec<&str> = packages.iter().map(|p| p.name.as_str()).collect();
    let objections: Vec<String> = packages
        .iter()
        .flat_map(|package| package.dependencies.iter().map(move |d| (package, d)))
        .filter(|(_, dependency)| ours.contains(&dependency.name.as_str()))
        .filter_map(|(package, dependency)| objection(package, dependency))
        .collect();
    assert!(objections.is_empty(), "\n{}", objections.join("\n"));
}

#[test]
fn the_table_names_every_crate_of_the_workspace_and_no_other() {
    let packages = packages();
    let mut ours: Vec<&str> = packages.iter().map(|p| p.name.as_str()).collect();
    ours.retain(|name| *name != XTASK);
    let mut known: Vec<&str> = MAY_DEPEND_ON.iter().map(|(name, _)| *name).collect();
    ours.sort_unstable();
    known.sort_unstable();
    assert_eq!(ours, known);
}

#[test]
fn an_edge_that_is_not_allowed_is_named() {
    let store = Package {
        name: "wharf-store".to_owned(),
        manifest_path: "/clone/host/store/Cargo.toml".to_owned(),
        dependencies: Vec::new(),
    };
    let objection = |name: &str, kind: Option<&str>| {
        let (name, kind) = (name.to_owned(), kind.map(str::to_owned));
        objection(&store, &Dependency { name, kind })
    };
    let said = objection("wharf-net", None).unwrap();
    assert!(said.starts_with("wharf-store -> wharf-net"), "{said}");
    assert_eq!(objection("wharf-oci", None), None);
    assert_eq!(objection("wharf-tests", Some("dev")), None);
    assert!(objection("wharf-portable", Some("dev")).is_some());
    assert!(objection("wharf-tests", None).is_some());
}

#[test]
fn the_host_builds_no_protocol_message() {
    let mut found = Vec::new();
    let mut folders = vec![root().join("host")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let source = fs::read_to_string(&path).unwrap();
                let lines = source.lines().enumerate();
                found.extend(
                    lines
                        // Sigstore's services have a second version of theirs, too.
                        .filter(|(_, line)| line.replace("/api/v2/", "").contains("/v2/"))
                        .map(|(at, line)| format!("{}:{}: {line}", path.display(), at + 1)),
                );
            }
        }
    }
    assert!(
        found.is_empty(),
        "registry addresses are made by components/oci, not by the host:\n{}",
        found.join("\n")
    );
}

#[test]
fn the_examples_stand_alone() {
    for package in packages() {
        let path = package.manifest_path;
        // The one that embeds Wasmtime shares the build of it.
        let is_alone = !path.contains("/examples/") || package.name == "embed-rust";
        assert!(is_alone, "{path} is in the workspace");
    }
}
