//! The README's commands do what it says.

use std::fs;

use crate::support::{User, root};

#[test]
fn the_commands_of_the_tour_run() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let tour = readme.split("## A minute with it").nth(1).unwrap();
    let block = tour
        .split("```console\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let commands: Vec<Vec<&str>> = block
        .lines()
        .filter_map(|line| line.strip_prefix("$ kudo-rs "))
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert!(commands.len() > 5, "the tour is in the README");
    let first = readme
        .lines()
        .find_map(|line| line.strip_prefix("$ cargo run --release -- "));
    let install: Vec<&str> = first.unwrap().split_whitespace().collect();
    let user = User::new();

    for command in std::iter::once(install).chain(commands) {
        let ran = user.run(&command);
        assert_eq!(ran.code, 0, "{command:?}:\n{}\n{}", ran.stdout, ran.stderr);
    }
}
