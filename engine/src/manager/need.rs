//! What an instance needs done, judged from the instance alone.

use crate::{
    admission::pending::{begun, is_undecided},
    api::{
        Instance,
        instance::ExecutionStatus,
        names::{FINALIZER_CLEANUP, PLAN_CLEANUP},
    },
    driver::{is_settled, refusal_of},
};

/// Whether somebody has to drive an instance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Need {
    /// Nothing is to be done, or only a person can do it.
    Nothing,
    /// A plan is scheduled, or the spec has to be looked at.
    Drive,
}

/// Returns what `instance` needs; `is_forced` means that what it was refused for may have changed.
pub(super) fn need(instance: &Instance, is_forced: bool) -> Need {
    let is_refused = !is_forced && refusal_of(instance).is_some();
    if instance.metadata.deletion_timestamp.is_some() {
        return deletion(instance, is_refused);
    }
    let execution = &instance.spec.plan_execution;
    if execution.paused && !execution.cancelled {
        return Need::Nothing;
    }
    let is_running = begun(instance).is_scheduled();
    if is_undecided(instance) && is_refused && !is_running {
        return Need::Nothing;
    }
    let is_scheduled = execution.is_scheduled() || is_running;
    if is_undecided(instance) || is_scheduled || !is_settled(instance) {
        Need::Drive
    } else {
        Need::Nothing
    }
}

fn deletion(instance: &Instance, is_refused: bool) -> Need {
    let finalizers = instance.metadata.finalizers.as_deref().unwrap_or_default();
    let holds = finalizers.iter().any(|one| one == FINALIZER_CLEANUP);
    let execution = &instance.spec.plan_execution;
    let has_failed = execution.plan_name == PLAN_CLEANUP
        && instance.plan_status(PLAN_CLEANUP).is_some_and(|cleanup| {
            cleanup.uid == execution.uid && cleanup.status == ExecutionStatus::FatalError
        });
    // A failed cleanup keeps the instance: a person decides what happens then (kudo-spec 5.6).
    if !holds || has_failed || is_refused || execution.paused {
        Need::Nothing
    } else {
        Need::Drive
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

    use super::*;
    use crate::api::{
        InstanceSpec, InstanceStatus,
        instance::{Admitted, LastPlan, PlanStatus},
    };

    /// An instance whose plan `deploy` has ended well.
    fn deployed() -> Instance {
        let mut instance = Instance::new("test", InstanceSpec::default());
        instance.metadata.generation = Some(3);
        let deploy = PlanStatus {
            name: "deploy".to_owned(),
            uid: "u".to_owned(),
            status: ExecutionStatus::Complete,
            ..PlanStatus::default()
        };
        instance.status = Some(InstanceStatus {
            observed_generation: Some(3),
            admitted: Some(Admitted::default()),
            last_plan: Some(LastPlan {
                name: "deploy".to_owned(),
                status: ExecutionStatus::Complete,
            }),
            plan_status: BTreeMap::from([("deploy".to_owned(), deploy)]),
            ..InstanceStatus::default()
        });
        instance
    }

    fn changed() -> Instance {
        let mut instance = deployed();
        instance
            .spec
            .parameters
            .insert("a".to_owned(), "b".to_owned());
        instance
    }

    fn refused(mut instance: Instance, generation: i64) -> Instance {
        let status = instance.status.as_mut().unwrap();
        status.conditions.push(Condition {
            type_: "Admitted".to_owned(),
            status: "False".to_owned(),
            reason: "ChangeDenied".to_owned(),
            message: "no".to_owned(),
            observed_generation: Some(generation),
            last_transition_time: Time(jiff::Timestamp::UNIX_EPOCH),
        });
        instance
    }

    fn deleted(mut instance: Instance, finalizer: Option<&str>) -> Instance {
        instance.metadata.deletion_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH));
        instance.metadata.finalizers = finalizer.map(|one| vec![one.to_owned()]);
        instance
    }

    #[test]
    fn new_and_changed_instances_are_driven_and_others_left_alone() {
        let new = Instance::new("new", InstanceSpec::default());

        assert_eq!(need(&new, false), Need::Drive);
        assert_eq!(need(&changed(), false), Need::Drive);
        assert_eq!(need(&deployed(), false), Need::Nothing);
    }

    #[test]
    fn a_scheduled_plan_is_driven_unless_it_is_paused() {
        let mut scheduled = deployed();
        scheduled.spec.plan_execution.plan_name = "deploy".to_owned();
        scheduled.spec.plan_execution.uid = "v".to_owned();
        scheduled.spec.plan_execution.status = Some(ExecutionStatus::InProgress);
        let mut paused = scheduled.clone();
        paused.spec.plan_execution.paused = true;

        assert_eq!(need(&scheduled, false), Need::Drive);
        assert_eq!(need(&paused, false), Need::Nothing);
        paused.spec.plan_execution.cancelled = true;
        assert_eq!(need(&paused, false), Need::Drive);
    }

    #[test]
    fn a_refused_spec_is_looked_at_again_when_it_or_its_version_changes() {
        assert_eq!(need(&refused(changed(), 3), false), Need::Nothing);
        assert_eq!(need(&refused(changed(), 3), true), Need::Drive);
        assert_eq!(need(&refused(changed(), 2), false), Need::Drive);
        // It was put right: the refusal has to be taken back.
        assert_eq!(need(&refused(deployed(), 2), false), Need::Drive);
    }

    #[test]
    fn a_status_that_speaks_of_an_older_spec_is_brought_up_to_date() {
        let mut behind = deployed();
        behind.metadata.generation = Some(4);

        assert_eq!(need(&behind, false), Need::Drive);
    }

    #[test]
    fn deletions_wait_for_cleanup_alone_and_a_failed_one_for_a_person() {
        let waiting = deleted(deployed(), Some(FINALIZER_CLEANUP));
        let mut failed = waiting.clone();
        failed.spec.plan_execution.plan_name = PLAN_CLEANUP.to_owned();
        failed.spec.plan_execution.uid = "c".to_owned();
        let cleanup = PlanStatus {
            uid: "c".to_owned(),
            status: ExecutionStatus::FatalError,
            ..PlanStatus::default()
        };
        let status = failed.status.as_mut().unwrap();
        status.plan_status.insert(PLAN_CLEANUP.to_owned(), cleanup);

        assert_eq!(need(&waiting, false), Need::Drive);
        assert_eq!(need(&deleted(deployed(), None), false), Need::Nothing);
        assert_eq!(
            need(&deleted(deployed(), Some("other/finalizer")), false),
            Need::Nothing
        );
        assert_eq!(need(&failed, true), Need::Nothing);
    }
}
