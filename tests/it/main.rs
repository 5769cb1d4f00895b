//! Integration tests of the command and the engine.
