//! The entries of a tar archive that comes piece by piece.
//!
//! Strict where readers differ in what they make of an archive: what one takes for the
//! bytes of a file must not be a header to another (CVE-2025-62518).

use super::header::{Entry, Kind, check_name, shown};
use super::pax::Extended;
use super::{ArchiveError, BLOCK, Budget, MOST_EXTENSION_BYTES};

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event<'a> {
    /// A file of this many bytes begins.
    File(u64),
    /// These are the next of them.
    Data(&'a [u8]),
    /// That was all of them.
    Complete,
}

/// Reads entries from pieces of an archive.
#[derive(Debug)]
pub(super) struct Entries {
    state: State,
    /// What is known of the next entry.
    name: Option<Vec<u8>>,
    link: bool,
    extended: Option<Extended>,
}

#[derive(Debug)]
enum State {
    /// Collecting a header.
    Header(Box<[u8; BLOCK]>, usize),
    /// Collecting what extends the next header.
    Extension(Kind, Vec<u8>, usize),
    /// In a file, of which so many bytes are left.
    File(u64, usize),
    /// Before the next header, so many bytes away.
    Padding(usize),
    /// Behind the first block of zeros: nothing else may follow.
    Over,
}

impl State {
    fn header() -> Self {
        Self::Header(Box::new([0; BLOCK]), 0)
    }
}

impl Entries {
    pub(super) fn new() -> Self {
        Self {
            state: State::header(),
            name: None,
            link: false,
            extended: None,
        }
    }

    /// The next event of `input`, which is left with what comes behind it; none when
    /// all of it was read.
    pub(super) fn next<'a>(
        &mut self,
        input: &mut &'a [u8],
        budget: &mut Budget,
    ) -> Result<Option<Event<'a>>, ArchiveError> {
        loop {
            match &mut self.state {
                State::Header(block, filled) => {
                    if input.is_empty() {
                        return Ok(None);
                    }
                    let piece = take(input, BLOCK - *filled);
                    if let Some(place) = block.get_mut(*filled..*filled + piece.len()) {
                        place.copy_from_slice(piece);
                    }
                    *filled += piece.len();
                    if *filled < BLOCK {
                        return Ok(None);
                    }
                    let block = std::mem::replace(block, Box::new([0; BLOCK]));
                    if let Some(size) = self.begin(&block, budget)? {
                        return Ok(Some(Event::File(size)));
                    }
                }
                State::Extension(kind, data, left) => {
                    if input.is_empty() && *left > 0 {
                        return Ok(None);
                    }
                    let piece = take(input, *left);
                    data.extend_from_slice(piece);
                    *left -= piece.len();
                    if *left == 0 {
                        let (kind, data) = (*kind, std::mem::take(data));
                        self.state = State::Padding(padding(data.len() as u64));
                        self.extend(kind, data)?;
                    }
                }
                State::File(0, padding) => {
                    self.state = State::Padding(*padding);
                    return Ok(Some(Event::Complete));
                }
                State::File(left, _) => {
                    if input.is_empty() {
                        return Ok(None);
                    }
                    let piece = take(input, usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= piece.len() as u64;
                    return Ok(Some(Event::Data(piece)));
                }
                State::Padding(left) => {
                    *left -= take(input, *left).len();
                    if *left > 0 {
                        return Ok(None);
                    }
                    self.state = State::header();
                }
                State::Over => {
                    if take(input, usize::MAX).iter().any(|byte| *byte != 0) {
                        return Err(ArchiveError::Trailing);
                    }
                    return Ok(None);
                }
            }
        }
    }

    /// To be called at the end of the archive.
    pub(super) fn finish(&self) -> Result<(), ArchiveError> {
        match self.state {
            State::Over => Ok(()),
            _ => Err(ArchiveError::Truncated),
        }
    }

    /// Goes on with what a header says. The size, when it is a file's.
    fn begin(
        &mut self,
        block: &[u8; BLOCK],
        budget: &mut Budget,
    ) -> Result<Option<u64>, ArchiveError> {
        if block.iter().all(|byte| *byte == 0) {
            if self.is_extended() {
                return Err(DANGLING);
            }
            self.state = State::Over;
            return Ok(None);
        }
        let entry = Entry::read(block)?;
        match entry.kind {
            Kind::LongName | Kind::LongLink | Kind::Extended | Kind::Global => {
                if entry.kind == Kind::Global {
                    // It belongs to no entry, and so nothing else would bound how many
                    // there are.
                    budget.entry()?;
                }
                if entry.size > MOST_EXTENSION_BYTES {
                    return Err(ArchiveError::Extension);
                }
                let size = usize::try_from(entry.size).map_err(|_| ArchiveError::Extension)?;
                self.state = State::Extension(entry.kind, Vec::new(), size);
                return Ok(None);
            }
            Kind::File | Kind::Directory | Kind::Refused(_) => {}
        }
        budget.entry()?;
        self.link = false;
        let extended = self.extended.take().unwrap_or_default();
        let names = [
            Some(&entry.name),
            self.name.as_ref(),
            extended.path.as_ref(),
        ];
        let name = names
            .into_iter()
            .flatten()
            .next_back()
            .unwrap_or(&entry.name);
        let kind = match entry.kind {
            _ if extended.sparse => Kind::Refused("a sparse file"),
            kind => kind,
        };
        if let Kind::Refused(kind) = kind {
            let name = shown(name);
            return Err(ArchiveError::Kind { name, kind });
        }
        // Which of them counts is a matter of the reader.
        names
            .into_iter()
            .flatten()
            .try_for_each(|name| check_name(name))?;
        self.name = None;
        if extended.size.is_some_and(|size| size != entry.size) {
            return Err(ArchiveError::Header(
                "has one size in its header and another in the extension of it",
            ));
        }
        if kind == Kind::Directory {
            if entry.size > 0 {
                return Err(ArchiveError::Header(
                    "is a directory and has bytes of its own",
                ));
            }
            self.state = State::header();
            return Ok(None);
        }
        budget.promised(entry.size)?;
        self.state = State::File(entry.size, padding(entry.size));
        Ok(Some(entry.size))
    }

    /// Notes what an extension says of the next entry. Each may be there once.
    fn extend(&mut self, kind: Kind, mut data: Vec<u8>) -> Result<(), ArchiveError> {
        let is_second = match kind {
            Kind::LongName => {
                let end = data.iter().position(|byte| *byte == 0);
                data.truncate(end.unwrap_or(data.len()));
                self.name.replace(data).is_some()
            }
            Kind::LongLink => std::mem::replace(&mut self.link, true),
            Kind::Extended => {
                let extended = Extended::parse(&data)?;
                self.extended.replace(extended).is_some()
            }
            _ => {
                let global = Extended::parse(&data)?;
                if global != Extended::default() {
                    return Err(ArchiveError::Header(
                        "gives all that follow one name or one size",
                    ));
                }
                false
            }
        };
        if is_second {
            return Err(ArchiveError::Header("is extended twice in the same way"));
        }
        Ok(())
    }

    fn is_extended(&self) -> bool {
        self.name.is_some() || self.link || self.extended.is_some()
    }
}

const DANGLING: ArchiveError = ArchiveError::Header("is announced and is not there");

/// The first bytes of `input`, at most so many, which then begins behind them.
fn take<'a>(input: &mut &'a [u8], most: usize) -> &'a [u8] {
    let (piece, rest) = input.split_at(most.min(input.len()));
    *input = rest;
    piece
}

/// How many bytes there are from the end of so many to the next block.
fn padding(size: u64) -> usize {
    let over = usize::try_from(size % BLOCK as u64).unwrap_or_default();
    (BLOCK - over) % BLOCK
}
