//! Crash safety by exhaustion: a plan is interrupted at every request it makes, and the end is the
//! same; and plans among thousands of faults of the API come to the same end too.

#![cfg(test)]

mod exhaustion;
mod faults;
mod gate;
mod packages;
mod state;
mod time;
mod world;
