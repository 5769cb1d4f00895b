//! Kubernetes OpenAPI schemas: prune, merge by keys, own fields, compare and validate; pure.
