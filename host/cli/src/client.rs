//! Puts together the client that a command works with, out of its options, the settings and
//! the credentials of the user.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use wharf_host::credentials::Places;
use wharf_host::{
    Builder, Elsewhere, Location, PackOptions, Packages, Pull, Registry, Store, Wharf,
};

use crate::config::Config;
use crate::error::CommandError;
use crate::options::{ConnectionArgs, StoreArgs};
use crate::output::Output;
use crate::progress::Progress;

/// A client of these registries over this store, with the user's credentials and
/// progress. Without registries it serves what needs none.
pub(crate) fn wharf(
    store: Store,
    registries: &[&Registry],
    connection: &ConnectionArgs,
    output: Output,
    progress: &Progress,
) -> Result<Wharf, CommandError> {
    let builder = Wharf::builder(store).observer(Arc::new(progress.clone()));
    let builder = connection
        .sandbox()?
        .over(builder)
        .trust(connection.trust()?);
    Ok(connected(builder, registries, connection, output)?.build()?)
}

/// A client of one registry over the store of these options, and what shows its progress.
pub(crate) fn of_registry(
    registry: &Registry,
    store: &StoreArgs,
    connection: &ConnectionArgs,
    output: Output,
) -> Result<(Wharf, Progress), CommandError> {
    let progress = Progress::new(output);
    let wharf = wharf(store.open()?, &[registry], connection, output, &progress)?;
    Ok((wharf, progress))
}

/// A client for what packs an application: of the registries, too, that its manifest names. The hosts are asked that say where packages are.
pub(crate) async fn wharf_to_pack(
    store: Store,
    registries: &[&Registry],
    (manifest, options): (&Path, &PackOptions),
    connection: &ConnectionArgs,
    output: Output,
    progress: &Progress,
) -> Result<Wharf, CommandError> {
    let settings = connection.settings()?;
    let others = settings.of_others();
    let trust = connection.trust()?;
    let begun = |store| {
        let builder = Wharf::builder(store).trust(trust.clone());
        builder.observer(Arc::new(progress.clone()))
    };
    let mut builder = connection.sandbox()?.over(begun(store.clone()));
    let elsewhere = Elsewhere::of(manifest, options);
    let mut packages = if elsewhere.needs_places() {
        settings.packages()?
    } else {
        Packages::default()
    };
    let hosts = elsewhere.hosts(&packages);
    if options.fetch != Pull::Never && !hosts.is_empty() {
        let hosts: Vec<&Registry> = hosts.iter().collect();
        let asking = connections(builder, &hosts, &others, output)?.build()?;
        for host in hosts {
            let place = asking.discover(host).await?;
            packages.learn(host, &place);
        }
        builder = begun(store).beside(&asking);
    }
    builder = connected(builder, registries, connection, output)?;
    let sources = elsewhere.registries(&packages);
    let sources = sources.iter().filter(|it| !registries.contains(it));
    let sources: Vec<&Registry> = sources.collect();
    builder = connections(builder, &sources, &others, output)?;
    if registries.is_empty() {
        builder = builder.credentials(Arc::new(Places::of_user().sources()));
    }
    Ok(builder.packages(packages).build()?)
}

fn connected(
    mut builder: Builder,
    registries: &[&Registry],
    connection: &ConnectionArgs,
    output: Output,
) -> Result<Builder, CommandError> {
    if !registries.is_empty() {
        builder = connections(builder, registries, &connection.settings()?, output)?;
        if connection.credential.is_given() {
            connection.sandbox()?.check_given()?;
        }
        let credentials = connection.credential.sources(registries, output)?;
        builder = builder.credentials(Arc::new(credentials));
    }
    Ok(builder)
}

/// Sets how these registries, and their mirrors, are connected to.
fn connections(
    mut builder: Builder,
    registries: &[&Registry],
    settings: &Config,
    output: Output,
) -> Result<Builder, CommandError> {
    let asked: BTreeSet<_> = registries
        .iter()
        .map(|registry| (*registry).clone())
        .collect();
    let mut mirrors = BTreeSet::new();
    for registry in &asked {
        let connection = settings.settings(registry)?.connection(registry, output)?;
        mirrors.extend(connection.mirrors.iter().map(Location::registry).cloned());
        builder = builder.connection_to(registry.clone(), connection);
    }
    for mirror in mirrors.difference(&asked) {
        let connection = settings.settings(mirror)?.connection(mirror, output)?;
        builder = builder.connection_to(mirror.clone(), connection);
    }
    Ok(builder)
}
