//! The component is free of the bytes of blobs: what a transfer costs the guest does
//! not depend on how much is moved.

use std::fs::File;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use wharf_net::{Client, Tls};
use wharf_oci::{Digest, Reference, Repository};
use wharf_store::Store as ContentStore;

use super::*;
use crate::capability::grant::{Access, Grants};
use crate::capability::reach::RegistryReach;
use crate::credentials::Chain;
use crate::progress::Unobserved;
use crate::state::Network;
use crate::watch::Watch;

/// What a call cost the guest.
#[derive(Debug, PartialEq)]
struct Cost {
    /// Roughly, instructions.
    fuel: u64,
    /// The most linear memory that it had, in bytes.
    memory: usize,
}

/// So many zeros, and their digest.
const SMALL: (u64, &str) = (
    1 << 20,
    "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58",
);
const LARGE: (u64, &str) = (
    1 << 30,
    "49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14",
);

/// How many layers there are beside the one whose size matters.
const SMALL_LAYERS: usize = 8;

/// The component that ships, with a count of what it computes.
fn metered() -> RegistryComponent {
    let mut config = wharf_artifacts::registry_config();
    config.consume_fuel(true);
    let engine = Engine::new(&config).unwrap();
    let component = Component::new(&engine, wharf_artifacts::REGISTRY_WASM).unwrap();
    RegistryComponent::linked(&engine, &component).unwrap()
}

/// Runs an operation on a reference, which must go well.
async fn cost(
    component: &RegistryComponent,
    content: &ContentStore,
    reference: &Reference,
    access: Access,
    operation: Operation,
) -> Cost {
    let registry = reference.registry.clone();
    let repository: Option<Repository> = Some(reference.repository.clone());
    let reach = Arc::new(RegistryReach::new(
        &registry,
        Vec::new(),
        Arc::new(Unobserved),
    ));
    let network = Network {
        client: Some(Client::new(&Tls::default(), reach).unwrap()),
        grants: Grants::new(&registry, repository.clone(), access, &[false]),
        credentials: Arc::new(Chain::default()),
        registry,
        stands_for: None,
    };
    let state = State::for_registry(
        content.clone(),
        network,
        repository,
        Arc::new(Unobserved),
        Watch::lenient(),
    );
    let options = Options {
        transport: client::Transport::Http,
        // One at a time: what several have in common depends on who is first.
        pace: Pace {
            concurrency: Some(1),
            ..Pace::default()
        },
        mount_sources: Vec::new(),
        asked: Asked::default(),
    };
    let mut store = store(component.0.engine(), state);
    store.set_fuel(u64::MAX).unwrap();
    let answered = call_registry(&component.0, &mut store, operation, options).await;
    let cost = Cost {
        fuel: u64::MAX - store.get_fuel().unwrap(),
        memory: store.data().bounds.memory,
    };
    finished(REGISTRY, store, answered).unwrap();
    cost
}

/// A store with an artifact that has a layer of zeros, which take no room on the disk,
/// and as many small ones as a small application has. Where a large upload can be gone on
/// with is noted: three calls for 4 MiB as for 1 GiB, and a hundredth of what it costs to
/// push such a layer alone.
fn stored(directory: &Path, (size, hex): (u64, &str)) -> (ContentStore, Digest) {
    let content = ContentStore::open(directory).unwrap();
    let blobs = directory.join("blobs/sha256");
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&blobs)
        .unwrap();
    let file = File::create(blobs.join(hex)).unwrap();
    file.set_len(size).unwrap();
    let mut layers = vec![layer(&format!("sha256:{hex}"), size)];
    for number in 0..SMALL_LAYERS {
        let text = format!("{number}");
        let digest = content.put(text.as_bytes(), None).unwrap();
        layers.push(layer(digest.as_str(), text.len() as u64));
    }
    let config = content.put(b"{}", None).unwrap();
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[{}]}}"#,
        layer(config.as_str(), 2),
        layers.join(",")
    );
    let manifest = content.put(manifest.as_bytes(), None).unwrap();
    (content, manifest)
}

/// A descriptor in JSON, of one length whatever the size.
fn layer(digest: &str, size: u64) -> String {
    format!(r#"{{"mediaType":"application/octet-stream","digest":"{digest}","size":{size:<10}}}"#)
}

/// What it costs to push so much and to pull it again.
async fn there_and_back(
    component: &RegistryComponent,
    registry: &wharf_tests::registry::Registry,
    repository: &str,
    layer: (u64, &str),
) -> (Cost, Cost) {
    let directory = tempfile::tempdir().unwrap();
    let (content, manifest) = stored(&directory.path().join("from"), layer);
    let name = format!("{}/{repository}:v1", registry.address());
    let reference: Reference = name.parse().unwrap();
    let push = Operation::Push {
        manifest: manifest.to_string(),
        reference: name.clone(),
    };
    let pushed = cost(component, &content, &reference, Access::Write, push).await;
    let content = ContentStore::open(&directory.path().join("to")).unwrap();
    let pull = Operation::Pull { reference: name };
    let pulled = cost(component, &content, &reference, Access::Read, pull).await;
    let (_, hex) = layer;
    let moved = content.stat(&format!("sha256:{hex}").parse().unwrap());
    assert_eq!(moved.unwrap(), Some(layer.0));
    (pushed, pulled)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_times_the_bytes_cost_the_guest_the_same() {
    let registry = wharf_tests::registry::Registry::start();
    let component = metered();
    // It is never quite the same, since what comes first decides who waits.
    let mut small = Vec::new();
    // Names of one length, since names cost as much as they are long.
    for repository in ["zeros-1", "zeros-2", "zeros-3", "zeros-4", "zeros-5"] {
        small.push(there_and_back(&component, &registry, repository, SMALL).await);
    }
    let (pushed, pulled) = there_and_back(&component, &registry, "zeros-6", LARGE).await;
    let (ways_there, ways_back): (Vec<Cost>, Vec<Cost>) = small.into_iter().unzip();
    for (what, small, large) in [("push", ways_there, pushed), ("pull", ways_back, pulled)] {
        let told = format!("{what}: {small:?} for 1 MiB, {large:?} for 1 GiB");
        let is_near = |small: &Cost| small.fuel.abs_diff(large.fuel) * 100 <= small.fuel;
        assert!(small.iter().any(is_near), "{told}");
        assert!(
            small.iter().all(|small| small.memory == large.memory),
            "{told}"
        );
    }
}
