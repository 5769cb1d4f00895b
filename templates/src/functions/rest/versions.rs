//! Sprig's semantic versions.

use std::rc::Rc;

use crate::functions::{Arguments, Context, FunctionError};
use crate::go::semver::Constraints;
use crate::value::{Foreign, Value, Version};

impl From<Version> for Value {
    fn from(version: Version) -> Self {
        Self::Foreign(Foreign::Version(Rc::new(version)))
    }
}

pub(super) fn semver(
    _: &mut Context<'_>,
    arguments: Arguments<'_>,
) -> Result<Value, FunctionError> {
    let version = Version::parse(arguments.bytes(0)).map_err(FunctionError::new)?;
    Ok(version.into())
}

pub(super) fn semver_compare(
    context: &mut Context<'_>,
    arguments: Arguments<'_>,
) -> Result<Value, FunctionError> {
    context.spend(arguments.bytes(0).len() as u64)?;
    let constraints = Constraints::parse(arguments.bytes(0)).map_err(FunctionError::new)?;
    let version = Version::parse(arguments.bytes(1)).map_err(FunctionError::new)?;
    Ok(Value::Bool(constraints.check(&version)))
}
