//! Nothing that a template or its data does panics, hangs, overflows the stack or eats the memory.

use kudo_templates::{
    Environment, Exceeded, Functions, Limits, MissingKey, Parser, RenderError, Template, Value,
};
use proptest::prelude::*;

/// Limits that keep a test short.
fn small() -> Environment {
    let limits = Limits {
        fuel: 20_000,
        depth: 1_000,
        output: 100_000,
        memory: 1_000_000,
        ..Limits::default()
    };
    Environment {
        limits,
        ..Environment::default()
    }
}

fn render(text: &str) -> Result<String, RenderError> {
    render_in(text, &small())
}

fn parsed(text: &str) -> Template {
    Template::parse("tpl", text).expect("the template parses")
}

fn render_in(text: &str, environment: &Environment) -> Result<String, RenderError> {
    let template = parsed(text);
    let data = Value::dict([("l", Value::list(vec![Value::int(1), Value::int(2)]))]);
    let bytes = template.render(&data, environment)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[test]
fn endless_ranges_run_out_of_fuel() {
    let error = render("{{range 1000000000}}{{end}}").unwrap_err();
    assert_eq!(error.limit, Some(Exceeded::Fuel(20_000)));
    let said = "executing \"tpl\" at <1000000000>: template takes more than 20000 steps";
    assert!(error.text.ends_with(said), "{}", error.text);
}

#[test]
fn output_is_bounded() {
    let text = format!("{{{{range 1000}}}}{}{{{{end}}}}", "x".repeat(1000));
    let error = render(&text).unwrap_err();
    assert_eq!(error.limit, Some(Exceeded::Output(100_000)));
}

#[test]
fn memory_of_functions_is_bounded() {
    let doubling = "{{$s := \"xxxxxxxxxx\"}}{{range 40}}{{$s = print $s $s}}{{end}}{{len $s}}";
    assert_eq!(
        render(doubling).unwrap_err().limit,
        Some(Exceeded::Memory(1_000_000))
    );
    let wide = "{{len (printf \"%900000d%900000d\" 1 2)}}";
    assert_eq!(
        render(wide).unwrap_err().limit,
        Some(Exceeded::Memory(1_000_000))
    );
}

#[test]
fn a_template_that_calls_itself_stops_at_the_depth_limit() {
    let error = render("{{define \"t\"}}{{template \"t\"}}{{end}}{{template \"t\"}}").unwrap_err();
    let said = "template: tpl:1:25: executing \"t\" at <{{template \"t\"}}>: \
                exceeded maximum template depth (1000)";
    assert_eq!(error.text, said);
}

#[test]
fn calls_may_be_as_deep_as_in_go() {
    let text = "{{define \"t\"}}{{if lt (len .) 2}}{{template \"t\" print . \"x\"}}{{end}}{{end}}\
                {{template \"t\" \"\"}}done";
    assert_eq!(render_in(text, &Environment::default()).unwrap(), "done");
    let endless = "{{define \"t\"}}{{template \"t\"}}{{end}}{{template \"t\"}}";
    let error = render_in(endless, &Environment::default()).unwrap_err();
    assert!(
        error
            .text
            .ends_with("exceeded maximum template depth (100000)"),
        "{}",
        error.text
    );
}

#[test]
fn blocks_may_nest_without_bound() {
    let depth = 5_000;
    let text = format!(
        "{}x{}",
        "{{if true}}".repeat(depth),
        "{{end}}".repeat(depth)
    );
    assert_eq!(render(&text).unwrap(), "x");
    let chain = format!(
        "{{{{if 0}}}}{}{{{{else}}}}x{{{{end}}}}",
        "{{else if 0}}y".repeat(depth)
    );
    assert_eq!(render_in(&chain, &Environment::default()).unwrap(), "x");
}

#[test]
fn parentheses_nest_up_to_a_limit() {
    let nested = |depth: usize| {
        let text = format!("{{{{ {}1{} }}}}", "(".repeat(depth), ")".repeat(depth));
        Template::parse("tpl", text)
    };
    let template = nested(200).unwrap();
    assert_eq!(template.render(&Value::Nil, &small()).unwrap(), b"1");
    assert_eq!(
        nested(201).unwrap_err().text,
        "template: tpl:1: max expression depth exceeded"
    );
}

#[test]
fn deep_values_print_and_drop() {
    let text =
        "{{$d := dict}}{{range until 100000}}{{$d = dict \"a\" $d}}{{end}}{{len (print $d)}}";
    let printed = render_in(text, &Environment::default()).unwrap();
    // Each level is `map[a:` and `]`.
    assert_eq!(printed, (100_000 * 7 + "map[]".len()).to_string());
}

#[test]
fn a_map_that_holds_itself_is_an_error_and_not_a_crash() {
    for print in [
        "{{$d}}",
        "{{print $d}}",
        "{{printf \"%v\" $d}}",
        "{{$d | html}}",
    ] {
        let text = format!("{{{{$d := dict}}}}{{{{$_ := set $d \"self\" $d}}}}{print}");
        assert!(render(&text).unwrap_err().limit.is_some(), "{text}");
    }
}

#[test]
fn a_map_that_holds_itself_is_taken_apart_after_the_render() {
    let inner = Value::dict([("a", Value::int(1))]);
    let data = Value::dict([("m", inner.clone())]);
    let text = "{{$_ := set .m \"up\" (list .m)}}{{$_ := set .m \"b\" .m}}{{len (index .m.up 0)}}";
    let template = Template::parse("tpl", text).unwrap();
    assert_eq!(template.render(&data, &small()).unwrap(), b"3");
    let map = inner.as_map().unwrap();
    assert!(map.get(b"b").is_none());
    assert!(
        map.get(b"up")
            .unwrap()
            .as_slice()
            .unwrap()
            .get(0)
            .unwrap()
            .is_nil()
    );
    assert_eq!(map.get(b"a").unwrap().as_int(), Some(1));
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let template = Template::parse("tpl", "{{printf \"%p\" .l}} {{.l}}").unwrap();
    let data = Value::dict([("l", Value::list(vec![Value::int(1)]))]);
    let one = template.render(&data, &small()).unwrap();
    assert_eq!(template.render(&data, &small()).unwrap(), one);
}

/// Pieces that templates are made of, sound or not.
const PIECES: &[&str] = &[
    "{{",
    "}}",
    "{{-",
    " -}}",
    "(",
    ")",
    "|",
    ".",
    "$",
    "$x",
    ":=",
    "=",
    ",",
    " ",
    "\n",
    "if ",
    "else",
    "end",
    "range ",
    "with ",
    "define ",
    "block ",
    "template ",
    "break",
    "continue",
    "nil",
    "true",
    "\"a\"",
    "`b`",
    "'c'",
    "'",
    "\"",
    "1",
    "-2.5",
    "0x1p-2",
    "1i",
    "1e999",
    "1_0",
    ".l",
    ".l.a",
    "printf ",
    "\"%v %d %[3]*.[2]*[1]f\"",
    "index ",
    "slice ",
    "len ",
    "and ",
    "or ",
    "not ",
    "eq ",
    "lt ",
    "call ",
    "html ",
    "js ",
    "urlquery ",
    "print ",
    "dict ",
    "list ",
    "set ",
    "until ",
    "repeat ",
    "99999999999",
    "toYaml ",
    "merge ",
    "/*",
    "*/",
    "ä",
    "😀",
    "\\",
    "{{end}}",
    "{{else}}",
    "{{range .}}",
    "{{if .}}",
    "{{$x := .}}",
    "{{template \"t\" .}}",
    "{{define \"t\"}}",
];

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

/// Data of all kinds.
fn data() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::int),
        any::<f64>().prop_map(Value::Float),
        any::<Vec<u8>>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::list),
            prop::collection::btree_map("[a-l]", inner, 0..4).prop_map(Value::dict),
        ]
    })
}

fn survives(text: &[u8], data: &Value) {
    let functions = Functions::kudo();
    for missing_key in [MissingKey::Error, MissingKey::Invalid, MissingKey::Zero] {
        let parser = Parser::new(&functions).missing_key(missing_key);
        let Ok(template) = parser.parse("tpl", text) else {
            return;
        };
        drop(template.references());
        drop(template.tree_text());
        drop(template.render(data, &small()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn templates_of_pieces_do_no_harm(text in pieces(), data in data()) {
        survives(text.as_bytes(), &data);
    }

    #[test]
    fn actions_of_pieces_do_no_harm(text in pieces(), data in data()) {
        survives(format!("{{{{{text}}}}}").as_bytes(), &data);
    }

    #[test]
    fn any_bytes_do_no_harm(text in any::<Vec<u8>>(), data in data()) {
        survives(&text, &data);
    }

    /// What Go prints of a parsed template parses again, to the same.
    #[test]
    fn a_printed_tree_is_its_own_tree(text in pieces()) {
        if let Ok(template) = Template::parse("tpl", &text)
            && template.tree_text().is_ascii()
        {
            let printed = template.tree_text();
            if let Ok(again) = Template::parse("tpl", &printed) {
                prop_assert_eq!(again.tree_text(), printed);
            }
        }
    }

    #[test]
    fn formats_do_no_harm(format in "[%#+ 0*.\\[\\]1-9a-zA-Zä-]{0,12}", data in data()) {
        let template = Template::parse("tpl", "{{printf .f .x .x .x}}").unwrap();
        let data = Value::dict([("f", Value::from(format)), ("x", data)]);
        drop(template.render(&data, &small()));
    }
}
