//! The imports of the registry component: each function as the contracts of `wit/` say.

use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, StreamReader};

use crate::State;
use crate::bindings::content_store::{self, Error, Extent};
use crate::bindings::credentials::{self, Credential};
use crate::bindings::progress;
use crate::bindings::types::{self, Descriptor, Mismatch};
use crate::store::{Ingest, digest};

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl types::Host for State {}

impl progress::Host for State {
    fn report(&mut self, _event: progress::Event) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl credentials::Host for State {}

impl<T: Send + 'static> credentials::HostWithStore<T> for HasSelf<State> {
    /// As anybody. A host that has a credential looks here whether it may be used.
    async fn get(
        _: &Accessor<T, Self>,
        _registry: String,
        _repository: Option<String>,
        _actions: Vec<String>,
    ) -> wasmtime::Result<Result<Option<Credential>, credentials::Error>> {
        Ok(Ok(None))
    }
}

impl content_store::Host for State {
    fn stat(&mut self, digest: String) -> Answer<Option<u64>> {
        let found = self.contents.blobs.get(&digest);
        Ok(Ok(found.map(|content| content.len() as u64)))
    }

    fn get(&mut self, digest: String) -> Answer<Option<Vec<u8>>> {
        let found = self.contents.blobs.get(&digest);
        Ok(Ok(found.map(|content| content.to_vec())))
    }

    fn put(&mut self, content: Vec<u8>, expected: Option<String>) -> Answer<String> {
        let found = digest(&content);
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            return Ok(Err(mismatch(expected, found)));
        }
        self.contents.blobs.insert(found.clone(), content.into());
        Ok(Ok(found))
    }

    fn set_name(&mut self, name: String, target: Descriptor) -> Answer<()> {
        self.contents.names.insert(name, target);
        Ok(Ok(()))
    }

    fn find_name(&mut self, name: String) -> Answer<Option<Descriptor>> {
        Ok(Ok(self.contents.names.get(&name).cloned()))
    }

    /// Notes are for later processes, and this store ends with its own.
    fn remember(&mut self, _digest: String, _note: String) -> Answer<()> {
        Ok(Ok(()))
    }

    fn recall(&mut self, _digest: String) -> Answer<Option<String>> {
        Ok(Ok(None))
    }

    fn forget(&mut self, _digest: String) -> Answer<()> {
        Ok(Ok(()))
    }

    fn referrers(&mut self, _subject: String) -> Answer<Vec<Descriptor>> {
        Ok(Ok(Vec::new()))
    }
}

impl<T: Send + 'static> content_store::HostWithStore<T> for HasSelf<State> {
    async fn read(
        accessor: &Accessor<T, Self>,
        digest: String,
        part: Option<Extent>,
    ) -> Answer<(StreamReader<u8>, FutureReader<Result<(), Error>>)> {
        accessor.with(|mut access| {
            let Some(content) = access.get().contents.blobs.get(&digest).cloned() else {
                return Ok(Err(Error::Missing(digest)));
            };
            let content = match part.map(|part| range(&part, content.len())) {
                None => content,
                Some(Some(range)) => content.slice(range),
                Some(None) => return Ok(Err(Error::Failed(format!("{digest} is shorter")))),
            };
            let stream = StreamReader::new(&mut access, content)?;
            // It was verified when it came, and nobody else has this memory.
            let verdict = async { wasmtime::error::Ok(Ok::<_, Error>(())) };
            let verdict = FutureReader::new(&mut access, verdict)?;
            Ok(Ok((stream, verdict)))
        })
    }

    async fn add(accessor: &Accessor<T, Self>, data: StreamReader<u8>) -> Answer<(String, u64)> {
        let ingest = Ingest::new(Descriptor {
            media_type: String::new(),
            digest: String::new(),
            size: u64::MAX,
        });
        let (sink, ended) = ingest.sink();
        accessor.with(|access| data.pipe(access, sink))?;
        let size = ended.await?;
        let content = ingest.with(std::mem::take);
        let name = digest(&content);
        accessor.with(|mut access| {
            let blobs = &mut access.get().contents.blobs;
            blobs.insert(name.clone(), content.into());
        });
        Ok(Ok((name, size)))
    }

    async fn receive(
        accessor: &Accessor<T, Self>,
        expected: Descriptor,
    ) -> Answer<Option<Resource<Ingest>>> {
        accessor.with(|mut access| {
            let state = access.get();
            if state.contents.blobs.contains_key(&expected.digest) {
                return Ok(Ok(None));
            }
            Ok(Ok(Some(state.table.push(Ingest::new(expected))?)))
        })
    }
}

impl content_store::HostIngest for State {
    fn missing(&mut self, ingest: Resource<Ingest>) -> wasmtime::Result<Vec<Extent>> {
        let ingest = self.table.get(&ingest)?;
        let offset = ingest.with(|written| written.len() as u64);
        let length = ingest.expected.size.saturating_sub(offset);
        let missing = (length > 0).then_some(Extent { offset, length });
        Ok(missing.into_iter().collect())
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
        let ingest = of(accessor, &ingest)?;
        // A server may send all of it although a part was asked for.
        let kept = usize::try_from(offset).unwrap_or(usize::MAX);
        ingest.with(|written| written.truncate(kept));
        let (sink, ended) = ingest.sink();
        accessor.with(|access| data.pipe(access, sink))?;
        let taken = ended.await?;
        let size = ingest.expected.size;
        if ingest.with(|written| written.len() as u64) > size {
            ingest.with(Vec::clear);
            return Ok(Err(mismatch(format!("{size} bytes"), "more".to_owned())));
        }
        Ok(Ok(taken))
    }

    async fn finish(accessor: &Accessor<T, Self>, ingest: Resource<Ingest>) -> Answer<()> {
        let ingest = of(accessor, &ingest)?;
        let content = ingest.with(std::mem::take);
        let (expected, found) = (ingest.expected.digest, digest(&content));
        if expected != found {
            return Ok(Err(mismatch(expected, found)));
        }
        accessor.with(|mut access| {
            let blobs = &mut access.get().contents.blobs;
            blobs.insert(found, content.into());
        });
        Ok(Ok(()))
    }

    async fn discard(accessor: &Accessor<T, Self>, ingest: Resource<Ingest>) -> Answer<()> {
        of(accessor, &ingest)?.with(Vec::clear);
        Ok(Ok(()))
    }
}

fn of<T: Send>(
    accessor: &Accessor<T, HasSelf<State>>,
    ingest: &Resource<Ingest>,
) -> wasmtime::Result<Ingest> {
    accessor.with(|mut access| Ok(access.get().table.get(ingest)?.clone()))
}

/// The part of content of this length, if it has it.
fn range(part: &Extent, length: usize) -> Option<std::ops::Range<usize>> {
    let first = usize::try_from(part.offset).ok()?;
    let last = first.checked_add(usize::try_from(part.length).ok()?)?;
    (last <= length).then_some(first..last)
}

fn mismatch(expected: String, found: String) -> Error {
    Error::Mismatch(Mismatch {
        subject: "content".to_owned(),
        expected,
        found,
    })
}
