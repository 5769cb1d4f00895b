//! The crate gtmpl beside us: where it gives what Go gives, so do we.

#[path = "support/case.rs"]
mod case;
#[path = "support/file.rs"]
mod file;

#[path = "support/rival.rs"]
mod rival;

use kudo_templates::Functions;
use rival::{rival, rival_data};

#[test]
fn what_gtmpl_gets_right_we_get_right() {
    let functions = Functions::kudo();
    let mut compared = 0;
    for case in file::cases(include_str!("data/gotemplate-own.jsonl")) {
        let Some(template) = rival(&case).filter(|_| case.templates.is_empty()) else {
            continue;
        };
        let context = gtmpl::Context::from(rival_data(case.data.as_ref()));
        let theirs = template.render(&context).ok();
        if theirs.is_none() || theirs != case.answer.expected {
            continue;
        }
        compared += 1;
        let ours = case.parse(&functions).expect("gtmpl parses it too");
        let data = case.dot().expect("gtmpl has the data too");
        let ours = case::render(&ours, &data).expect("gtmpl renders it too");
        assert_eq!(String::from_utf8(ours).ok(), theirs, "{}", case.template);
    }
    assert!(compared > 0, "gtmpl gave nothing to compare");
    println!("{compared} templates compared");
}
