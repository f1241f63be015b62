//! Whether enough different signers have signed.

use std::collections::{BTreeMap, BTreeSet};

/// Who made a signature, as it was proved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Maker {
    /// A key, by its fingerprint.
    Key([u8; 32]),
    /// An identity.
    Identity { name: String, issuer: String },
}

/// Whether so many of the signers have signed. Each signer is one maker, and each maker
/// one signer: two names for one key are one signer, and so is one identity that two
/// patterns fit, however often it has signed.
pub(crate) fn is_reached(threshold: usize, signed: &[(Maker, Vec<String>)]) -> bool {
    let mut makers: BTreeMap<&Maker, BTreeSet<&str>> = BTreeMap::new();
    for (maker, names) in signed {
        makers
            .entry(maker)
            .or_default()
            .extend(names.iter().map(String::as_str));
    }
    let signers: BTreeSet<&str> = makers.values().flatten().copied().collect();
    // Of each signer, the makers that can stand for it.
    let able = signers.iter().map(|signer| {
        let makers = makers.values().enumerate();
        let able = makers.filter(|(_, names)| names.contains(signer));
        able.map(|(place, _)| place).collect()
    });
    let able: Vec<Vec<usize>> = able.collect();
    let mut taken = vec![None; makers.len()];
    let mut reached = 0;
    for signer in 0..able.len() {
        if place(signer, &able, &mut taken, &mut vec![false; makers.len()]) {
            reached += 1;
        }
    }
    reached >= threshold
}

/// Finds a signer its maker, others theirs anew where need be (Kuhn's algorithm). As
/// deep as there are signers at most.
fn place(
    signer: usize,
    able: &[Vec<usize>],
    taken: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    for &maker in &able[signer] {
        if std::mem::replace(&mut tried[maker], true) {
            continue;
        }
        let free = match taken[maker] {
            None => true,
            Some(other) => place(other, able, taken, tried),
        };
        if free {
            taken[maker] = Some(signer);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(byte: u8, names: &[&str]) -> (Maker, Vec<String>) {
        (
            Maker::Key([byte; 32]),
            names.iter().map(|name| (*name).to_owned()).collect(),
        )
    }

    #[test]
    fn different_signers_count() {
        assert!(!is_reached(1, &[]));
        assert!(is_reached(2, &[key(1, &["a"]), key(2, &["b"])]));
        assert!(
            !is_reached(2, &[key(1, &["a"]), key(1, &["a"])]),
            "signed twice"
        );
        assert!(
            !is_reached(2, &[key(1, &["a", "b"])]),
            "two names for one key"
        );
        assert!(
            !is_reached(2, &[key(1, &["a"]), key(2, &["a"])]),
            "two keys of one signer"
        );
    }

    #[test]
    fn who_can_be_two_leaves_room_for_who_can_be_one() {
        for signed in [
            vec![key(1, &["a", "b"]), key(2, &["a"])],
            vec![key(1, &["a", "b"]), key(2, &["b"])],
            vec![key(2, &["a", "b"]), key(1, &["a"])],
        ] {
            assert!(is_reached(2, &signed));
        }
    }

    proptest! {
        #[test]
        fn as_many_as_trying_all_gives(signed in proptest::collection::vec((0u8..4, 1u8..16), 0..5)) {
            let names = ["a", "b", "c", "d"];
            let list: Vec<_> = signed.iter().map(|(maker, mask)| {
                let names: Vec<&str> = (0..4).filter(|bit| mask >> bit & 1 == 1).map(|bit| names[bit]).collect();
                key(*maker, &names)
            }).collect();
            let mut best = 0;
            // Every signature stands for one of the four signers, or for none.
            for choice in 0..5usize.pow(u32::try_from(signed.len()).unwrap()) {
                let (mut rest, mut makers, mut signers) = (choice, 0u32, 0u32);
                for (maker, mask) in &signed {
                    let signer = rest % 5;
                    rest /= 5;
                    if signer < 4 && mask >> signer & 1 == 1 && makers >> maker & 1 == 0 && signers >> signer & 1 == 0 {
                        makers |= 1 << maker;
                        signers |= 1 << signer;
                    }
                }
                best = best.max(makers.count_ones() as usize);
            }
            prop_assert!(is_reached(best, &list));
            prop_assert!(!is_reached(best + 1, &list));
        }
    }
}
