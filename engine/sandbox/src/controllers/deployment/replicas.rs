//! How large each `ReplicaSet` of a Deployment is to be.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::kind::Kind;
use super::super::object;
use super::super::objects::Objects;
use super::super::pod;
use super::{DESIRED, MAXIMUM, Rollout};

/// The sizes of `ReplicaSet`s by name.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    /// The size of a new `ReplicaSet` that is to be made.
    pub(super) created: Option<i64>,
    /// True when all living `ReplicaSet`s learn the Deployment's new size.
    pub(super) annotate_all: bool,
    by_name: BTreeMap<String, i64>,
}

impl Sizes {
    /// Starts with the sizes as they are.
    fn present(rollout: &Rollout<'_>) -> Self {
        let by_name = rollout
            .all()
            .map(|set| {
                (
                    object::name(set).to_owned(),
                    object::count(set, "/spec/replicas"),
                )
            })
            .collect();
        Self {
            by_name,
            ..Self::default()
        }
    }

    /// The size that a `ReplicaSet` is to have.
    pub(super) fn of(&self, set: &Value) -> i64 {
        self.by_name
            .get(object::name(set))
            .copied()
            .unwrap_or_default()
    }

    fn set(&mut self, set: &Value, size: i64) {
        self.by_name
            .insert(object::name(set).to_owned(), size.max(0));
    }

    fn total(&self) -> i64 {
        self.by_name.values().sum()
    }
}

/// Tells whether `spec.replicas` is not what the living `ReplicaSet`s were last sized for.
pub(super) fn is_scaling(rollout: &Rollout<'_>) -> bool {
    rollout
        .all()
        .filter(|set| object::count(set, "/spec/replicas") > 0)
        .any(|set| {
            object::annotation(set, DESIRED)
                .parse::<i64>()
                .is_ok_and(|desired| desired != rollout.wanted())
        })
}

/// Sizes for a Deployment that was scaled or is paused: no rollout, the proportions stay.
pub(super) fn scaled(rollout: &Rollout<'_>) -> Sizes {
    let mut sizes = Sizes::present(rollout);
    sizes.annotate_all = is_scaling(rollout);
    let living: Vec<&Value> = rollout
        .all()
        .filter(|set| object::count(set, "/spec/replicas") > 0)
        .collect();
    match living.as_slice() {
        [] => {
            if let Some(latest) = rollout.new.or_else(|| rollout.old.last().copied()) {
                sizes.set(latest, rollout.wanted());
            }
        }
        [only] => sizes.set(only, rollout.wanted()),
        several => {
            if rollout.new.is_some_and(|new| is_saturated(new, rollout)) {
                rollout.old.iter().for_each(|set| sizes.set(set, 0));
            } else if !rollout.is_recreate() {
                proportional(rollout, several, &mut sizes);
            }
        }
    }
    sizes
}

/// Tells whether the new `ReplicaSet` alone has what the Deployment wants.
fn is_saturated(new: &Value, rollout: &Rollout<'_>) -> bool {
    let wanted = rollout.wanted();
    object::count(new, "/spec/replicas") == wanted
        && object::count(new, "/status/availableReplicas") == wanted
        && object::annotation(new, DESIRED) == wanted.to_string()
}

/// Shares the pods that a change of size adds or takes among the living `ReplicaSet`s.
fn proportional(rollout: &Rollout<'_>, living: &[&Value], sizes: &mut Sizes) {
    let (surge, _) = rollout.leeway();
    let allowed = if rollout.wanted() > 0 {
        rollout.wanted().saturating_add(surge)
    } else {
        0
    };
    let change = allowed - sizes.total();
    let mut order = living.to_vec();
    order.sort_by_key(|set| (-object::count(set, "/spec/replicas"), object::name(set)));
    let mut left = change;
    for set in &order {
        let size = object::count(set, "/spec/replicas");
        let former = object::annotation(set, MAXIMUM)
            .parse()
            .unwrap_or(rollout.wanted())
            .max(1);
        // Half up, as math.Round does for sizes.
        let target = (size.saturating_mul(allowed).saturating_mul(2) + former) / (2 * former);
        let share = if change >= 0 {
            (target - size).clamp(0, left.max(0))
        } else {
            (target - size).clamp(left.min(0), 0)
        };
        sizes.set(set, size + share);
        left -= share;
    }
    if let Some(first) = order.first() {
        let size = sizes.of(first);
        sizes.set(first, size + left);
    }
}

/// Sizes for the strategy `Recreate`: all old pods are gone before the first new one is made.
pub(super) fn recreated(rollout: &Rollout<'_>, objects: &Objects) -> Sizes {
    let mut sizes = Sizes::present(rollout);
    rollout.old.iter().for_each(|set| sizes.set(set, 0));
    let old_pods_remain = rollout.old.iter().any(|set| {
        object::count(set, "/spec/replicas") > 0
            || objects
                .controlled(Kind::Pod, set)
                .iter()
                .any(|pod| !pod::is_finished(pod))
    });
    match rollout.new {
        _ if old_pods_remain => {}
        Some(new) => sizes.set(new, rollout.wanted()),
        None => sizes.created = Some(rollout.wanted()),
    }
    sizes
}

/// Sizes for the next step of a rolling update.
pub(super) fn rolled(rollout: &Rollout<'_>) -> Sizes {
    let mut sizes = Sizes::present(rollout);
    let Some(new) = rollout.new else {
        sizes.created = Some(grown(rollout, 0, sizes.total()));
        return sizes;
    };
    let size = object::count(new, "/spec/replicas");
    if size > rollout.wanted() {
        sizes.set(new, rollout.wanted());
    } else if size < rollout.wanted() {
        sizes.set(new, grown(rollout, size, sizes.total()));
    }
    if sizes.of(new) == size {
        shrink_old(rollout, new, &mut sizes);
    }
    sizes
}

/// The size that the surge lets the new `ReplicaSet` have.
fn grown(rollout: &Rollout<'_>, size: i64, total: i64) -> i64 {
    let (surge, _) = rollout.leeway();
    let room = rollout.wanted().saturating_add(surge) - total;
    size + room.min(rollout.wanted() - size).max(0)
}

/// Takes pods from old `ReplicaSet`s: unhealthy ones first, then as many as may be missing.
fn shrink_old(rollout: &Rollout<'_>, new: &Value, sizes: &mut Sizes) {
    let (_, unavailable) = rollout.leeway();
    let minimum = rollout.wanted() - unavailable;
    let available = |set: &Value| object::count(set, "/status/availableReplicas");
    let new_unavailable = (object::count(new, "/spec/replicas") - available(new)).max(0);
    let mut removable = sizes.total() - minimum - new_unavailable;
    for set in &rollout.old {
        let unhealthy = (sizes.of(set) - available(set)).max(0);
        let taken = unhealthy.min(removable.max(0));
        sizes.set(set, sizes.of(set) - taken);
        removable -= taken;
    }
    let all_available: i64 = rollout.all().map(available).sum();
    let mut removable = removable.min(all_available - minimum);
    for set in &rollout.old {
        let taken = sizes.of(set).min(removable.max(0));
        sizes.set(set, sizes.of(set) - taken);
        removable -= taken;
    }
}
