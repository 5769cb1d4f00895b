//! The shortest decimal that reads back as the same float; YAML needs it too, so it lives there.

pub(crate) use kudo_yaml::shortest_digits as scientific;
