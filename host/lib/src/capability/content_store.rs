//! The content store, lent to a guest. What it says is checked before it gets to
//! the disk: a digest has to be one before it is part of a path, and a call may
//! name content for its own repository alone.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, StreamReader};
use wharf_oci::problem::clean;
use wharf_oci::{Digest, Reference};
use wharf_store::{Receive, Store, StoreError};

use super::denial::{Answer, Denial, asked, told};
use super::stream::{AT_ONCE, Fountain, Inflow, Inlet, Meter, Sink};
use crate::bindings::content_store::{self, Error, Extent};
use crate::bindings::types::{Descriptor, Mismatch};
use crate::blocking::blocking;
use crate::state::State;
use crate::watch::{Stored, Watch};

/// The right to write one piece of content: what an `ingest` of a guest stands for.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Ingest {
    inner: Arc<wharf_store::Ingest>,
    digest: Digest,
    /// In bytes.
    size: u64,
}

/// How long to wait before asking again for content that somebody else writes: the
/// first time, and at most.
const FIRST_WAIT: Duration = Duration::from_millis(5);
const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// Does a step of the store where it may wait.
async fn step<T: Send + 'static>(
    step: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> wasmtime::Result<Result<T, Denial>> {
    Ok(blocking(step).await?.map_err(Denial::from))
}

/// What takes a moment is done at once, on the guest's own thread: handing it to another,
/// and being woken by that, takes longer.
impl content_store::Host for State {
    fn stat(&mut self, digest: String) -> Answer<Option<u64>> {
        let found = parse(&digest).and_then(|digest| Ok(self.store.stat(&digest)?));
        asked(&self.watch, found)
    }

    fn get(&mut self, digest: String) -> Answer<Option<Vec<u8>>> {
        let found = parse(&digest).and_then(|digest| Ok(self.store.get(&digest)?));
        asked(&self.watch, found)
    }

    fn put(&mut self, content: Vec<u8>, expected: Option<String>) -> Answer<String> {
        let parsed = expected.as_deref().map(parse).transpose();
        let stored: Result<String, Denial> = parsed.and_then(|expected| {
            let digest = self.store.put(&content, expected.as_ref())?;
            Ok(digest.into())
        });
        let digest = stored.as_ref().ok().cloned();
        let what = Stored {
            digest: digest.as_deref(),
            bytes: Some(content.len() as u64),
            name: None,
        };
        told(&self.watch, "put", what, stored)
    }

    fn set_name(&mut self, name: String, target: Descriptor) -> Answer<()> {
        let mut shown = None;
        let digest = target.digest.clone();
        let set = own_name(self, &name).and_then(|name| {
            let target = target.try_into()?;
            self.store.set_name(&name, &target)?;
            shown = Some(name);
            Ok(())
        });
        let what = Stored {
            digest: set.is_ok().then_some(digest.as_str()),
            bytes: None,
            name: shown.as_deref(),
        };
        told(&self.watch, "set-name", what, set)
    }

    fn find_name(&mut self, name: String) -> Answer<Option<Descriptor>> {
        let found = own_name(self, &name).and_then(|name| {
            let found = self.store.find_name(&name)?;
            Ok(found.map(Descriptor::from))
        });
        asked(&self.watch, found)
    }

    fn referrers(&mut self, subject: String) -> Answer<Vec<Descriptor>> {
        let found = parse(&subject).and_then(|subject| {
            let found = self.store.referrers(&subject)?;
            Ok(found.into_iter().map(Descriptor::from).collect())
        });
        asked(&self.watch, found)
    }

    fn remember(&mut self, digest: String, note: String) -> Answer<()> {
        let noted = noted(self, &digest)
            .and_then(|(place, digest)| Ok(self.store.remember(&place, &digest, &note)?));
        let what = Stored {
            digest: noted.is_ok().then_some(digest.as_str()),
            ..Stored::default()
        };
        told(&self.watch, "remember", what, noted)
    }

    fn recall(&mut self, digest: String) -> Answer<Option<String>> {
        let found = noted(self, &digest)
            .and_then(|(place, digest)| Ok(self.store.recall(&place, &digest)?));
        asked(&self.watch, found)
    }

    fn forget(&mut self, digest: String) -> Answer<()> {
        let noted = noted(self, &digest)
            .and_then(|(place, digest)| Ok(self.store.forget(&place, &digest)?));
        let what = Stored {
            digest: noted.is_ok().then_some(digest.as_str()),
            ..Stored::default()
        };
        told(&self.watch, "forget", what, noted)
    }
}

impl content_store::HostWithStore<State> for HasSelf<State> {
    async fn read(
        accessor: &Accessor<State, Self>,
        digest: String,
        part: Option<Extent>,
    ) -> Answer<(StreamReader<u8>, FutureReader<Result<(), Error>>)> {
        let (store, watch) = store(accessor);
        let digest = match parse(&digest) {
            Ok(digest) => digest,
            Err(error) => return asked(&watch, Err(error)),
        };
        let part = part.map(|part| wharf_store::Extent {
            offset: part.offset,
            length: part.length,
        });
        // To open it takes a moment.
        let reader = match store.read(&digest, part) {
            Ok(reader) => reader,
            Err(error) => return Ok(Err(error.into())),
        };
        accessor.with(|mut access| {
            let state = access.get();
            let (observer, depths) = (state.observer.clone(), state.depths.clone());
            let meter = Meter { digest, observer };
            let (fountain, verdict) = Fountain::new(reader, depths, meter);
            let stream = fountain.lend(&mut access)?;
            let verdict = async move {
                // No verdict on what was not read to its end.
                let verdict = verdict.await.unwrap_or(Ok(()));
                wasmtime::error::Ok(verdict.map_err(Error::from))
            };
            let verdict = FutureReader::new(&mut access, verdict)?;
            Ok(Ok((stream, verdict)))
        })
    }

    async fn receive(
        accessor: &Accessor<State, Self>,
        expected: Descriptor,
    ) -> Answer<Option<Resource<Ingest>>> {
        let (store, watch) = store(accessor);
        let expected: wharf_oci::Descriptor = match expected.try_into() {
            Ok(expected) => expected,
            Err(error) => {
                let denied = Err(Denial::Other(error));
                return told(&watch, "receive", Stored::default(), denied);
            }
        };
        let mut wait = FIRST_WAIT;
        let inner = loop {
            match store.receive(&expected).map_err(Denial::from) {
                Ok(Receive::Whole) => return Ok(Ok(None)),
                Ok(Receive::Ingest(ingest)) => break Arc::new(ingest),
                Ok(Receive::Busy) => {}
                Err(error) => {
                    let what = Stored {
                        digest: Some(expected.digest.as_str()),
                        bytes: Some(expected.size),
                        name: None,
                    };
                    return told(&watch, "receive", what, Err(error));
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        };
        let (digest, size) = (expected.digest, expected.size);
        let ingest = Ingest {
            inner,
            digest,
            size,
        };
        accessor.with(|mut access| Ok(Ok(Some(access.get().table.push(ingest)?))))
    }

    async fn add(
        accessor: &Accessor<State, Self>,
        data: StreamReader<u8>,
    ) -> Answer<(String, u64)> {
        let (store, watch) = store(accessor);
        let addition = match step(move || store.add()).await? {
            Ok(addition) => addition,
            Err(error) => {
                accessor.with(|access| {
                    let mut data = data;
                    data.close(access)
                })?;
                return told(&watch, "add", Stored::default(), Err(error));
            }
        };
        let depths = accessor.with(|mut access| access.get().depths.clone());
        let (sink, outcome) = Sink::new(addition, depths, None);
        pour(accessor, data, sink).await?;
        let added: Result<(String, u64), Denial> = match outcome.await {
            Ok(Ok((digest, size))) => Ok((digest.into(), size)),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Denial::failed("writing was broken off")),
        };
        let known = added.as_ref().ok().cloned();
        let what = Stored {
            digest: known.as_ref().map(|(digest, _)| digest.as_str()),
            bytes: known.as_ref().map(|(_, size)| *size),
            name: None,
        };
        told(&watch, "add", what, added)
    }
}

impl content_store::HostIngest for State {
    fn missing(&mut self, ingest: Resource<Ingest>) -> wasmtime::Result<Vec<Extent>> {
        let missing = self.table.get(&ingest)?.inner.missing();
        let missing = missing.into_iter().map(|extent| Extent {
            offset: extent.offset,
            length: extent.length,
        });
        Ok(missing.collect())
    }

    fn drop(&mut self, ingest: Resource<Ingest>) -> wasmtime::Result<()> {
        self.table.delete(ingest)?;
        Ok(())
    }
}

impl<T: Send + 'static> content_store::HostIngestWithStore<T> for HasSelf<State> {
    async fn write(
        accessor: &Accessor<T, Self>,
        ingest: Resource<Ingest>,
        offset: u64,
        data: StreamReader<u8>,
    ) -> Answer<u64> {
        let (inner, size, meter, depths) = accessor.with(|mut access| {
            let state = access.get();
            let ingest = state.table.get(&ingest)?;
            let (inner, size) = (ingest.inner.clone(), ingest.size);
            let (digest, observer) = (ingest.digest.clone(), state.observer.clone());
            let meter = Meter { digest, observer };
            wasmtime::error::Ok((inner, size, meter, state.depths.clone()))
        })?;
        // A writer waits while the same content is checked.
        let writer = if size <= AT_ONCE as u64 {
            inner.writer(offset).map_err(Denial::from)
        } else {
            step(move || inner.writer(offset)).await?
        };
        let writer = match writer {
            Ok(writer) => writer,
            Err(error) => {
                accessor.with(|access| {
                    let mut data = data;
                    data.close(access)
                })?;
                return Ok(Err(error.into()));
            }
        };
        let (sink, outcome) = Sink::new(writer, depths, Some(meter));
        pour(accessor, data, sink).await?;
        match outcome.await {
            Ok(outcome) => Ok(outcome.map_err(Error::from)),
            Err(_) => Ok(Err(Error::Failed("writing was broken off".to_owned()))),
        }
    }

    async fn finish(accessor: &Accessor<T, Self>, ingest: Resource<Ingest>) -> Answer<()> {
        let (inner, digest, size) = accessor.with(|mut access| {
            let ingest = access.get().table.get(&ingest)?;
            let (inner, digest) = (ingest.inner.clone(), ingest.digest.clone());
            wasmtime::error::Ok((inner, digest, ingest.size))
        })?;
        let (_, watch) = store(accessor);
        let finished = if size <= AT_ONCE as u64 {
            inner.finish().map_err(Denial::from)
        } else {
            step(move || inner.finish()).await?
        };
        let what = Stored {
            digest: Some(digest.as_str()),
            bytes: Some(size),
            name: None,
        };
        told(&watch, "finish", what, finished)
    }

    async fn discard(accessor: &Accessor<T, Self>, ingest: Resource<Ingest>) -> Answer<()> {
        let inner = of(accessor, &ingest)?;
        let discarded = step(move || inner.discard()).await?;
        Ok(discarded.map_err(Error::from))
    }
}

/// Has a stream taken into the store: as the body that it is of, where it is one's.
async fn pour<T: Send + 'static, I: Inlet>(
    accessor: &Accessor<T, HasSelf<State>>,
    data: StreamReader<u8>,
    sink: Sink<I>,
) -> wasmtime::Result<()> {
    match accessor.with(|access| data.try_into::<Inflow>(access)) {
        Ok(body) => sink.fill(body).await?,
        Err(data) => accessor.with(|access| data.pipe(access, sink))?,
    }
    Ok(())
}

fn store<T: Send>(accessor: &Accessor<T, HasSelf<State>>) -> (Store, Watch) {
    accessor.with(|mut access| {
        let state = access.get();
        (state.store.clone(), state.watch.clone())
    })
}

fn of<T: Send>(
    accessor: &Accessor<T, HasSelf<State>>,
    ingest: &Resource<Ingest>,
) -> wasmtime::Result<Arc<wharf_store::Ingest>> {
    accessor.with(|mut access| Ok(access.get().table.get(ingest)?.inner.clone()))
}

fn parse(digest: &str) -> Result<Digest, Denial> {
    let parsed = digest.parse();
    parsed.map_err(|error: wharf_oci::digest::DigestError| Denial::failed(error.to_string()))
}

/// The name in the store that a name of the call's repository means. Names of other
/// repositories are somebody else's: a guest that could set them would decide what the
/// next call believes of those.
fn own_name(state: &State, name: &str) -> Result<String, Denial> {
    let is_own = |reference: &Reference| {
        state.vault.registry.as_ref() == Some(&reference.registry)
            && state.repository.as_ref() == Some(&reference.repository)
    };
    let parsed = name.parse().ok().filter(is_own);
    match (parsed, &state.stands_for) {
        (Some(reference), Some(original)) => Ok(Reference {
            registry: original.registry.clone(),
            repository: original.repository.clone(),
            ..reference
        }
        .to_string()),
        (Some(_), None) => Ok(name.to_owned()),
        (None, _) => Err(Denial::failed(format!(
            "`{}` is not a name of the repository that this call concerns",
            clean(name, 100)
        ))),
    }
}

/// What a note is about: the repository of the call and no other, and a digest.
fn noted(state: &State, digest: &str) -> Result<(String, Digest), Denial> {
    match (&state.vault.registry, &state.repository) {
        (Some(registry), Some(repository)) => {
            Ok((format!("{registry}/{repository}"), parse(digest)?))
        }
        _ => Err(Denial::failed(
            "this call concerns no repository, and so has no notes",
        )),
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing(digest) => Self::Missing(digest.into()),
            StoreError::Mismatch {
                subject,
                expected,
                found,
            } => Self::Mismatch(Mismatch {
                subject,
                expected,
                found,
            }),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<wharf_oci::Descriptor> for Descriptor {
    fn from(descriptor: wharf_oci::Descriptor) -> Self {
        Self {
            media_type: descriptor.media_type,
            digest: descriptor.digest.into(),
            size: descriptor.size,
        }
    }
}

impl TryFrom<Descriptor> for wharf_oci::Descriptor {
    type Error = Error;

    fn try_from(descriptor: Descriptor) -> Result<Self, Error> {
        Ok(Self {
            media_type: descriptor.media_type,
            digest: parse(&descriptor.digest)?,
            size: descriptor.size,
        })
    }
}
