//! Making room: what no name leads to, and what was used longest ago, is removed.
//!
//! # What stays
//!
//! - What is held (see [`Store::hold`]) and all that belongs to it.
//! - What others just found or brought here: a pruning waits until nobody is at work
//!   (see [`Store::work`]), and who begins meanwhile waits for it.
//!
//! # What goes
//!
//! First what no name leads to: content without one, unfinished content, and what was
//! set aside. Then, only to reach a size, manifests with all their names and with
//! what refers to them, the least recently used first, as far as no other name leads
//! to the same content. A manifest is used when it is named, pushed, pulled, or run.
//!
//! # When it is killed
//!
//! Names go first, in one step, and manifests before what they name. So what still
//! has a name is whole, and what was left behind has none and goes the next time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use wharf_oci::Digest;

use crate::survey::{Count, sizes};
use crate::time::rfc3339;
use crate::{Name, Store, StoreError};

/// What a pruning removed, or would remove.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// What was forgotten, the least recently used first.
    pub names: Vec<Name>,
    /// The content.
    pub blobs: Count,
    /// Unfinished content, and what was set aside as damaged.
    pub remains: Count,
    /// How many bytes the store has afterwards.
    pub left: u64,
}

/// Content that comes and goes together: a manifest, all that belongs to it, and what
/// refers to it.
#[derive(Debug, Default)]
struct Unit {
    names: Vec<Name>,
    /// The manifests that are named, before what they name.
    manifests: Vec<Digest>,
    content: BTreeSet<Digest>,
    /// As in RFC 3339, which sorts as it is.
    used: String,
}

/// What is to be removed.
#[derive(Debug, Default)]
struct Plan {
    names: Vec<Name>,
    /// In the order in which it is to be removed.
    blobs: Vec<(Digest, u64)>,
    remains: bool,
}

impl Store {
    /// Removes what no name leads to; with `max_size`, in bytes, only as much as it
    /// takes until the store has no more than that, and then also what has names,
    /// the least recently used first. With `dry_run`, only says what it would do.
    ///
    /// Waits until nobody is at work in the store.
    pub fn prune(&self, max_size: Option<u64>, dry_run: bool) -> Result<Pruned, StoreError> {
        if !dry_run {
            self.writable()?;
        }
        let _alone = if dry_run { None } else { Some(self.alone()?) };
        let survey = self.survey()?;
        let remains = Count {
            pieces: survey.unfinished.pieces + survey.damaged.pieces,
            bytes: survey.unfinished.bytes + survey.damaged.bytes,
        };
        let plan = self.plan(max_size, remains.bytes)?;
        let mut pruned = Pruned {
            names: plan.names.clone(),
            left: survey.blobs.bytes + remains.bytes,
            ..Pruned::default()
        };
        if plan.remains {
            pruned.remains = if dry_run {
                remains
            } else {
                self.remove_remains()?
            };
        }
        if !dry_run {
            self.forget_names(&plan.names)?;
        }
        let blobs = &self.layout().blobs;
        for (digest, bytes) in &plan.blobs {
            if !dry_run {
                let hex = digest.hex();
                blobs
                    .remove_any(hex)
                    .map_err(|error| StoreError::io("removing", blobs.path_of(hex), error))?;
            }
            pruned.blobs.add(*bytes);
        }
        let removed = pruned.blobs.bytes.saturating_add(pruned.remains.bytes);
        pruned.left = pruned.left.saturating_sub(removed);
        Ok(pruned)
    }

    fn plan(&self, max_size: Option<u64>, remains: u64) -> Result<Plan, StoreError> {
        let mut plan = Plan::default();
        let mut here: BTreeMap<Digest, u64> = BTreeMap::new();
        for digest in self.digests()? {
            let bytes = self.stat(&digest)?.unwrap_or(0);
            here.insert(digest, bytes);
        }
        let mut size = here.values().sum::<u64>().saturating_add(remains);
        let fits = |size: u64| max_size.is_some_and(|most| size <= most);
        if fits(size) {
            return Ok(plan);
        }
        plan.remains = true;
        size -= remains;

        let held = self.all_held()?;
        let mut units = self.units()?;
        let mut needed: BTreeMap<&Digest, usize> = held.iter().map(|one| (one, 1)).collect();
        let unit_content: Vec<_> = units.iter().map(|unit| unit.content.clone()).collect();
        for digest in unit_content.iter().flatten() {
            *needed.entry(digest).or_default() += 1;
        }
        let mut nameless = Vec::new();
        for (digest, bytes) in &here {
            if !needed.contains_key(digest) {
                nameless.push((self.touched(digest)?, digest, *bytes));
            }
        }
        nameless.sort();
        for (_, digest, bytes) in nameless {
            if fits(size) {
                return Ok(plan);
            }
            size -= bytes;
            plan.blobs.push((digest.clone(), bytes));
        }
        if max_size.is_none() {
            return Ok(plan);
        }

        units.sort_by(|a, b| a.used.cmp(&b.used));
        for unit in units {
            if fits(size) {
                break;
            }
            if unit
                .manifests
                .iter()
                .any(|manifest| held.contains(manifest))
            {
                continue;
            }
            let content = unit.content.iter();
            let others = content.filter(|one| !unit.manifests.contains(one));
            for digest in unit.manifests.iter().chain(others) {
                let Some(needs) = needed.get_mut(digest) else {
                    continue;
                };
                *needs -= 1;
                if *needs == 0
                    && let Some(bytes) = here.get(digest)
                {
                    size -= bytes;
                    plan.blobs.push((digest.clone(), *bytes));
                }
            }
            plan.names.extend(unit.names);
        }
        Ok(plan)
    }

    /// Everything that belongs to what is held.
    fn all_held(&self) -> Result<BTreeSet<Digest>, StoreError> {
        let mut all = BTreeSet::new();
        for manifest in self.held()? {
            let closure = self.closure(&manifest)?;
            all.insert(manifest);
            all.extend(closure.content.into_iter().map(|content| content.digest));
        }
        Ok(all)
    }

    /// What has names, as it comes and goes together, in the order of the table.
    fn units(&self) -> Result<Vec<Unit>, StoreError> {
        let names = self.names()?;
        let mut leaders = BTreeMap::new();
        for name in &names {
            let subject = match &name.subject {
                Some(_) => self.subject_of(&name.target)?,
                None => None,
            };
            leaders.insert(name.target.digest.clone(), subject);
        }
        let mut places: BTreeMap<Digest, usize> = BTreeMap::new();
        let mut units: Vec<Unit> = Vec::new();
        for name in names {
            let digest = name.target.digest.clone();
            let leader = leader(&leaders, &digest);
            let place = *places.entry(leader).or_insert_with(|| {
                units.push(Unit::default());
                units.len() - 1
            });
            let Some(unit) = units.get_mut(place) else {
                continue;
            };
            if !unit.manifests.contains(&digest) {
                let closure = self.closure(&digest)?;
                let content = closure.content.into_iter().map(|content| content.digest);
                unit.content.extend(content);
                unit.content.insert(digest.clone());
                let touched = self.touched(&digest)?;
                unit.manifests.push(digest);
                unit.used = touched.max(std::mem::take(&mut unit.used));
            }
            let seen = name.seen.clone().unwrap_or_default();
            unit.used = seen.max(std::mem::take(&mut unit.used));
            unit.names.push(name);
        }
        Ok(units)
    }

    /// When a file was last written or marked as used; the beginning of time when it
    /// is not here.
    fn touched(&self, digest: &Digest) -> Result<String, StoreError> {
        let found = self.blob(digest)?;
        let time = found.and_then(|(file, _)| file.metadata().ok()?.modified().ok());
        Ok(rfc3339(time.unwrap_or(SystemTime::UNIX_EPOCH)))
    }

    /// Removes what is unfinished and nobody's, and what was set aside.
    fn remove_remains(&self) -> Result<Count, StoreError> {
        let mut removed = Count::default();
        for (digest, bytes) in self.unfinished()? {
            if self.forget_unfinished(&digest)? {
                removed.add(bytes);
            }
        }
        let damaged = &self.layout().damaged;
        for (name, bytes) in sizes(damaged)? {
            damaged
                .remove_any(&name)
                .map_err(|error| StoreError::io("removing", damaged.path_of(&name), error))?;
            removed.add(bytes);
        }
        Ok(removed)
    }
}

/// What a manifest comes and goes with: the named one at the end of its subjects.
fn leader(leaders: &BTreeMap<Digest, Option<Digest>>, digest: &Digest) -> Digest {
    let mut leader = digest;
    // A manifest can't refer to one that refers to it: the chain ends, and no later
    // than the table does.
    for _ in 0..leaders.len() {
        match leaders.get(leader) {
            Some(Some(subject)) if leaders.contains_key(subject) => leader = subject,
            _ => break,
        }
    }
    leader.clone()
}
