//! Pushes and pulls single components over plain HTTP with the crate `oci-wasm`, which
//! the tools of the field (wkg, wash) stand on, and prints what it makes of them.
//!
//! ```text
//! oci-wasm push REFERENCE FILE    as `wkg oci push` does, but without a title
//! oci-wasm pull REFERENCE FILE    and prints digest, config and annotations as JSON
//! oci-wasm describe FILE          prints imports and exports as JSON
//! ```

use std::error::Error;
use std::fs;

use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use oci_wasm::{Component, WasmClient, WasmConfig};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    // Its HTTP client looks for a provider even when it needs none.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let client = || {
        WasmClient::new(Client::new(ClientConfig {
            protocol: ClientProtocol::Http,
            ..ClientConfig::default()
        }))
    };
    let anonymous = RegistryAuth::Anonymous;
    match arguments.as_slice() {
        ["push", reference, file] => runtime.block_on(async {
            let reference: Reference = reference.parse()?;
            let (config, layer) = WasmConfig::from_component(file, None).await?;
            let pushed = client().push(&reference, &anonymous, layer, config, None).await?;
            println!("{}", json!({ "manifest": pushed.manifest_url }));
            Ok(())
        }),
        ["pull", reference, file] => runtime.block_on(async {
            let reference: Reference = reference.parse()?;
            let client = client();
            let described = client.pull_manifest_and_config(&reference, &anonymous).await?;
            let (manifest, config, digest) = described;
            let pulled = client.pull(&reference, &anonymous).await?;
            fs::write(file, &pulled.layers.first().ok_or("there is no layer")?.data)?;
            let layer = manifest.layers.first().ok_or("there is no layer")?;
            println!(
                "{}",
                json!({
                    "digest": digest,
                    "config": config,
                    "annotations": manifest.annotations,
                    "layerAnnotations": layer.annotations,
                })
            );
            Ok(())
        }),
        ["describe", file] => {
            println!("{}", json!(Component::from_raw_component(fs::read(file)?)?));
            Ok(())
        }
        _ => Err("push REFERENCE FILE, pull REFERENCE FILE, or describe FILE".into()),
    }
}
