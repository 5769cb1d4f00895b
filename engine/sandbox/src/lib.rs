//! A Kubernetes API server in a box: storage, API semantics and pretend controllers.
