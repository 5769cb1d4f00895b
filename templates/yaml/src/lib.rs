//! YAML as go-yaml v2 reads and writes it: YAML 1.1 typing, positions kept, byte-exact output.
