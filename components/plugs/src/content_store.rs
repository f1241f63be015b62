//! The content store, in the directory that was preopened as `/store`.

use std::cell::OnceCell;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use wharf_oci::Digest;
use wharf_oci::manifest::Details;
use wharf_oci::time::to_rfc3339;
use wit_bindgen::rt::async_support::{FutureReader, StreamReader};

use crate::bindings::content_store::{self, Guest};
use crate::bindings::{Component, Descriptor, Error, Extent};
use crate::failure::{described, descriptor, digest, failed, mismatch};
use crate::ingest::{self, Ingest};
use crate::layout::{Found, Layout, SMALL_BYTES};
use crate::names::{self, Table};
use crate::reading;

/// Where the store is, as the guest sees it.
const ROOT: &str = "/store";

thread_local! {
    static LAYOUT: OnceCell<Layout> = const { OnceCell::new() };
}

/// The store, opened once.
pub(crate) fn layout() -> Result<Layout, Error> {
    LAYOUT.with(|opened| {
        if let Some(layout) = opened.get() {
            return Ok(layout.clone());
        }
        let root = Path::new(ROOT);
        if !root.is_dir() {
            return Err(Error::Failed(format!(
                "there is no directory for the content store: preopen one as `{ROOT}`, with \
                 `--dir DIRECTORY::{ROOT}`"
            )));
        }
        let layout = Layout::open(root)
            .map_err(|problem| Error::Failed(format!("the content store {problem}")))?;
        Ok(opened.get_or_init(|| layout).clone())
    })
}

impl Guest for Component {
    type Ingest = Ingest;

    fn stat(name: String) -> Result<Option<u64>, Error> {
        let name = digest(&name)?;
        layout()?
            .stat(&name)
            .map_err(|error| failed(format_args!("looking for {name}"), &error))
    }

    async fn read(
        name: String,
        part: Option<Extent>,
    ) -> Result<(StreamReader<u8>, FutureReader<Result<(), Error>>), Error> {
        reading::read(layout()?, digest(&name)?, part)
    }

    fn get(name: String) -> Result<Option<Vec<u8>>, Error> {
        get(&layout()?, &digest(&name)?)
    }

    fn put(content: Vec<u8>, expected: Option<String>) -> Result<String, Error> {
        if content.len() as u64 > SMALL_BYTES {
            return Err(too_large(
                "content that is put",
                content.len() as u64,
                SMALL_BYTES,
            ));
        }
        let layout = layout()?;
        if let Some(expected) = expected {
            let expected = digest(&expected)?;
            let found = crate::layout::hash(&content);
            if found != expected {
                return Err(mismatch("content", expected, found));
            }
        }
        let stored = layout.put(&content);
        stored
            .map(|digest| digest.to_string())
            .map_err(|error| failed("storing content", &error))
    }

    async fn add(data: StreamReader<u8>) -> Result<(String, u64), Error> {
        let (digest, size) = ingest::add(&layout()?, data).await?;
        Ok((digest.to_string(), size))
    }

    async fn receive(expected: Descriptor) -> Result<Option<content_store::Ingest>, Error> {
        let ingest = Ingest::begin(layout()?, descriptor(expected)?)?;
        Ok(ingest.map(content_store::Ingest::new))
    }

    fn set_name(name: String, target: Descriptor) -> Result<(), Error> {
        if !names::is_name(&name) {
            return Err(Error::Failed(format!(
                "`{}` can't be a name",
                name.escape_debug()
            )));
        }
        let (layout, target) = (layout()?, descriptor(target)?);
        let subject = subject(&layout, &target.digest)?;
        let mut table = match read_names(&layout)? {
            Some(table) => table,
            None => Table::empty(),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let seen = to_rfc3339(now.map_or(0, |since| since.as_secs()));
        table.set(&name, &target, subject.as_ref(), &seen);
        let text = table.to_text();
        if text.len() as u64 > names::TABLE_BYTES {
            return Err(too_large(
                "the table of names",
                text.len() as u64,
                names::TABLE_BYTES,
            ));
        }
        layout
            .replace(names::FILE, &text)
            .map_err(|error| failed("writing the table of names", &error))
    }

    fn find_name(name: String) -> Result<Option<Descriptor>, Error> {
        let table = read_names(&layout()?)?;
        Ok(table.and_then(|table| table.find(&name)).map(described))
    }

    /// Notes are about the repository of a call, and calls are not known here: an upload
    /// that was cut off with its process begins anew.
    fn remember(_digest: String, _note: String) -> Result<(), Error> {
        Ok(())
    }

    fn recall(_digest: String) -> Result<Option<String>, Error> {
        Ok(None)
    }

    fn forget(_digest: String) -> Result<(), Error> {
        Ok(())
    }

    fn referrers(subject: String) -> Result<Vec<Descriptor>, Error> {
        let (layout, wanted) = (layout()?, digest(&subject)?);
        let claimed = read_names(&layout)?.map(|table| table.referrers(&wanted));
        let mut found = Vec::new();
        for referrer in claimed.into_iter().flatten() {
            // The table says where to look, and the manifest decides.
            if self::subject(&layout, &referrer.digest)?.as_ref() == Some(&wanted) {
                found.push(described(referrer));
            }
        }
        Ok(found)
    }
}

fn get(layout: &Layout, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
    let found = layout.get(digest);
    match found.map_err(|error| failed(format_args!("reading {digest}"), &error))? {
        Found::Whole(content) => Ok(Some(content)),
        Found::Nothing => Ok(None),
        Found::TooLarge(size) => Err(too_large(digest.as_str(), size, SMALL_BYTES)),
    }
}

/// What a manifest of the store refers to, if it is here and refers to something.
fn subject(layout: &Layout, digest: &Digest) -> Result<Option<Digest>, Error> {
    let size = layout
        .stat(digest)
        .map_err(|error| failed(format_args!("looking for {digest}"), &error))?;
    if size.is_none_or(|size| size > SMALL_BYTES) {
        return Ok(None);
    }
    let manifest = get(layout, digest)?;
    let details = manifest.and_then(|manifest| Details::parse(&manifest).ok());
    Ok(details.and_then(|details| Some(details.subject?.digest)))
}

/// The table of names. One that can't be read is set aside, and begun anew.
fn read_names(layout: &Layout) -> Result<Option<Table>, Error> {
    let read = layout.file(names::FILE, names::TABLE_BYTES);
    let text = read.map_err(|error| failed("reading the table of names", &error))?;
    let Some(text) = text else { return Ok(None) };
    let table = Table::parse(&text);
    if table.is_none() {
        layout
            .set_file_aside(names::FILE)
            .map_err(|error| failed("setting aside the unreadable table of names", &error))?;
    }
    Ok(table)
}

fn too_large(what: &str, bytes: u64, most: u64) -> Error {
    Error::Failed(format!(
        "{what} has {bytes} bytes, and at most {most} are handled at once"
    ))
}
