//! Manifests, configs and locked applications.

use wharf_tests::artifact::{CONFIG, LOCKED};
use wharf_tests::{Artifact, Json, Registry, Server, json as value};

use super::{Case, fetched};
use crate::{environment, up};

#[test]
fn locked_applications_that_contradict_themselves() {
    let locked = |change: fn(&mut Json)| Artifact::new().locked(change);
    fetched(vec![
        Case::refused(
            "two components of one id",
            locked(|locked| {
                let first = locked["components"][0].clone();
                locked["components"] = value!([first, first]);
            }),
            1,
            "two components with the id `hello`",
        ),
        Case::not_run(
            "a trigger of no component",
            locked(|locked| locked["triggers"][0]["trigger_config"]["component"] = "gone".into()),
            1,
            "gone",
        ),
        Case::not_run(
            "a trigger of an unknown type",
            locked(|locked| locked["triggers"][0]["trigger_type"] = "telegraph".into()),
            7,
            "telegraph",
        ),
        Case::not_run(
            "no triggers",
            locked(|locked| locked["triggers"] = value!([])),
            7,
            "no route",
        ),
        Case::refused(
            "a feature that must be understood",
            locked(|locked| {
                locked["spin_lock_version"] = 1.into();
                locked["must_understand"] = value!(["telepathy"]);
            }),
            7,
            "`telepathy` must be understood",
        ),
        Case::refused(
            "a feature of the host",
            locked(|locked| locked["host_requirements"] = value!({ "teleport": "required" })),
            7,
            "`teleport`",
        ),
        Case::refused(
            "a feature of the host for a component",
            locked(|locked| {
                locked["components"][0]["host_requirements"] = value!({ "teleport": "required" });
            }),
            7,
            "`teleport`",
        ),
        Case::refused(
            "a later version",
            locked(|locked| locked["spin_lock_version"] = 7.into()),
            1,
            "`spin_lock_version` 7",
        ),
        Case::refused(
            "a version beyond all numbers",
            locked(|locked| locked["spin_lock_version"] = value!(u64::MAX)),
            1,
            "`spin_lock_version` 18446744073709551615",
        ),
    ]);
}

#[test]
fn locked_applications_that_are_none() {
    let bytes = |bytes: &str| Artifact::new().bytes(bytes);
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(
            r#"{{"spin_lock_version":0,"metadata":{{"x":{open}{close}}},"triggers":[],"components":[]}}"#
        )
    };
    let number = r#"{"spin_lock_version":1e999,"triggers":[],"components":[]}"#;
    let large = format!(
        r#"{{"spin_lock_version":0,"metadata":{{"x":"{}"}},"triggers":[],"components":[]}}"#,
        "x".repeat(4 << 20)
    );
    let mut legacy = bytes("not JSON");
    legacy.config["mediaType"] = LOCKED.into();
    fetched(vec![
        Case::refused("deep JSON", bytes(&nested(100_000)), 1, "can't be read"),
        Case::refused(
            "a number beyond all numbers",
            bytes(number),
            1,
            "can't be read",
        ),
        Case::refused("more than 4 MiB", bytes(&large), 1, "at most 4194304"),
        Case::refused("no JSON", bytes("<html>"), 1, "can't be read"),
        Case::refused("no JSON, and the config", legacy, 1, "can't be read"),
        Case::refused(
            "JSON of something else",
            bytes("{}"),
            1,
            "not a Spin application",
        ),
        Case::refused(
            "JSON that is cut",
            bytes(r#"{"spin_lock_version":0,"triggers":[],"components":[{"#),
            1,
            "can't be read",
        ),
        Case::refused(
            "a digest that is a path",
            Artifact::new().names("x", "sha256:../../../../etc/passwd"),
            1,
            "can't be read",
        ),
    ]);
}

#[test]
fn manifests_of_many_minds() {
    let of_layers = |count: usize| {
        let mut artifact = Artifact::new();
        let layer = artifact.layers[0].clone();
        // The locked application is one more.
        artifact.layers.resize(count - 1, layer);
        artifact
    };
    let mut two_sizes = Artifact::new().layer("a/b", "x");
    let mut other = two_sizes.layers[1].clone();
    other["size"] = 2.into();
    two_sizes.layers.push(other);
    let locked = r#"{"spin_lock_version":0,"triggers":[],"components":[]}"#;
    fetched(vec![
        Case::refused(
            "two locked applications",
            Artifact::new().layer(LOCKED, locked),
            1,
            "2 locked",
        ),
        Case::refused(
            "10,000 layers",
            of_layers(10_000),
            7,
            "10000 layers, and `max-layers` allows 5000",
        ),
        Case::refused("20,001 layers", of_layers(20_001), 1, "20001 layers"),
    ]);
    let mut lying = two_sizes;
    let manifest = lying.manifest();
    served(&mut lying, &manifest, (1, "two different sizes"));
}

#[test]
fn more_layers_are_taken_where_it_is_said() {
    let registry = Registry::start();
    let mut artifact = Artifact::new();
    let layer = artifact.layers[0].clone();
    artifact.layers.resize(5_000, layer);
    let reference = artifact.publish(registry.address(), "many");
    let env = environment();
    let pull = format!("registry pull {reference} -o out");
    let refused = env.run(&pull).code(7);
    let _ = refused.says(&["5001 layers", "`max-layers` allows 5000", "--max-layers"]);
    let refused = env.run(&format!("{pull} --max-layers 5000")).code(7);
    let _ = refused.says(&["allows 5000"]);
    assert!(!env.work().join("out").exists());
    let _ = env.run(&format!("{pull} --max-layers 5001")).success();
    assert!(env.work().join("out/hello.wasm").exists());
    let (running, _) = up(&env, &format!("-f {reference} --max-layers 5001"));
    running.interrupt();
    let _ = running.finish().success();
    let alone = format!("registry pull {reference} --max-layers 5001");
    let _ = env.run(&alone).code(2).says(&["--max-layers", "-o"]);
}

/// What no registry takes, or serves as something else.
#[test]
fn manifests_that_only_a_hostile_registry_has() {
    let with = |members: Json| Artifact {
        members,
        ..Artifact::new()
    };
    let index = "application/vnd.oci.image.index.v1+json";
    let mut both = with(value!({ "manifests": [] }));
    let manifest = both.manifest();
    served(&mut both, &manifest, (5, "manifest"));
    let mut mistyped = with(value!({ "mediaType": index }));
    let manifest = mistyped.manifest();
    served(&mut mistyped, &manifest, (5, "and was served as"));
    let mut empty = Artifact::new();
    let manifest = value!({ "schemaVersion": 2, "mediaType": index, "manifests": [] }).to_string();
    served(&mut empty, manifest.as_bytes(), (5, "and was served as"));
    let mut huge = Artifact::new().layer("a/b", "x");
    huge.layers[1]["size"] = u64::MAX.into();
    let manifest = huge.manifest();
    served(&mut huge, &manifest, (6, "18446744073709551615 bytes"));
    let mut config = Artifact::new();
    config.config = config.shelf.blob(CONFIG, "this is no JSON");
    // It says nothing that is needed, and so is not even read.
    let manifest = config.manifest();
    config.shelf.manifest("1", manifest);
    let shelf = config.shelf.clone();
    let server = Server::start(move |request| shelf.answer(request));
    let pull = format!("registry pull {}/hostile:1 -o out", server.address());
    let _ = environment().run(&pull).success();
}

/// Fetches from a server with this manifest.
fn served(artifact: &mut Artifact, manifest: &[u8], refusal: super::Refusal) {
    artifact.shelf.manifest("1", manifest);
    let shelf = artifact.shelf.clone();
    let server = Server::start(move |request| shelf.answer(request));
    let env = environment();
    let case = Case {
        name: "of a hostile registry",
        artifact: Artifact {
            shelf: artifact.shelf.clone(),
            ..Artifact::new()
        },
        up: Some(refusal),
        files: Some(refusal),
    };
    let reference = format!("{}/hostile:1", server.address());
    super::try_it(&case, manifest, &reference, &env);
}
