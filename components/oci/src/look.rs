//! Whether to look for a blob at the registry before it is sent.
//!
//! A look costs a round trip, as each of the two requests that send a small blob does. It
//! is saved where nothing was found so far, and spared where something is to be found.

/// Up to which size, in bytes, a blob may be sent without a look.
const SMALL_BYTES: u64 = 64 * 1024;

/// How many blobs are looked for at first: those that move at once then.
const FIRST: u32 = 16;

/// Of how many blobs one is looked for after that. As soon as one is found, all are.
const EACH: u32 = 8;

/// Whether to look for a blob of `size` bytes, after `absent` others of which none was
/// found.
///
/// ```
/// use wharf_oci::look::is_worthwhile;
///
/// assert!(is_worthwhile(0, 100));
/// assert!(!is_worthwhile(17, 100));
/// assert!(is_worthwhile(17, 1_000_000));
/// ```
pub fn is_worthwhile(absent: u32, size: u64) -> bool {
    size > SMALL_BYTES || absent < FIRST || absent.is_multiple_of(EACH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_of_many_small_ones_are_looked_for() {
        let looks = |size| {
            (0..400)
                .filter(|absent| is_worthwhile(*absent, size))
                .count()
        };
        assert_eq!(looks(SMALL_BYTES), 64);
        assert_eq!(looks(SMALL_BYTES + 1), 400);
    }
}
