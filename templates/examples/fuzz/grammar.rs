//! Random templates: mostly sound, sometimes wrong in one place.

use std::collections::BTreeMap;

use kudo_templates::Functions;
use kudo_templates::functions::Function;
use kudo_templates::value::Type;

use super::case::{Case, Named};
use super::data;
use super::random::Random;

/// Functions whose results differ from run to run, that take long, or that order maps at random.
const UNSTABLE: &[&str] = &[
    "ago",
    "call",
    "date",
    "dateInZone",
    "date_in_zone",
    "encryptAES",
    "genCA",
    "genPrivateKey",
    "genSelfSignedCert",
    "genSignedCert",
    "htmlDate",
    "htmlDateInZone",
    "keys",
    "now",
    "randAlpha",
    "randAlphaNum",
    "randAscii",
    "randNumeric",
    "shuffle",
    "uuidv4",
    "values",
    "derivePassword",
    "buildCustomCert",
    "getHostByName",
    "date_modify",
    "dateModify",
];

/// Functions whose integer says how much to make.
const SIZED: &[&str] = &[
    "until",
    "untilStep",
    "repeat",
    "indent",
    "nindent",
    "wrap",
    "wrapWith",
];

const STRINGS: &[&str] = &[
    "a",
    "b",
    "foo",
    "Foo Bar",
    "%d",
    "%v %s",
    "%5.2f|%-4d",
    "x\\ny",
    "",
    "1",
    "0x1F",
    "1.5",
    "true",
    "a,b,c",
    ",",
    " ",
    "2006-01-02",
    "[a-z]+",
    "^1.2",
    "1.2.3",
    "äö",
    "\\t",
    "\\x41",
    "%T %#v",
    "%q",
    "key",
    "-",
    "a b c",
    "%[2]d %[1]s",
    "%*d",
    "%6.3q",
    "%+d % x %#x",
    "%U %c",
    "%e %g",
    "%!",
    "%",
    "%s%s",
    "%08.3f",
    "%t",
    "%x",
    "%O %b %o",
];

/// What to make templates of.
pub(crate) struct Grammar {
    functions: Vec<&'static Function>,
    by_name: BTreeMap<&'static str, &'static Function>,
}

/// A template on its way.
struct Draft<'r> {
    random: &'r mut Random,
    grammar: &'r Grammar,
    /// The variables that are declared.
    variables: Vec<String>,
    ranges: usize,
}

impl Grammar {
    /// Returns a grammar with these functions, or with all that are stable.
    pub(crate) fn new(functions: &Functions, only: &[String]) -> Self {
        let builtin = Functions::builtin();
        let wanted = |function: &&Function| {
            let of_language = builtin.find(function.name.as_bytes()).is_some();
            let chosen =
                only.is_empty() || of_language || only.iter().any(|name| name == function.name);
            chosen && !UNSTABLE.contains(&function.name)
        };
        let functions: Vec<_> = functions.iter().filter(wanted).collect();
        let by_name = functions
            .iter()
            .map(|function| (function.name, *function))
            .collect();
        Self { functions, by_name }
    }

    /// Returns a question.
    pub(crate) fn case(&self, random: &mut Random) -> Case {
        let data = data::data(random);
        let numbers = if random.once_in(3) { "float64" } else { "" };
        let missing = random.pick(&["", "", "", "default", "zero"]).to_owned();
        let mut draft = Draft {
            random: &mut *random,
            grammar: self,
            variables: Vec::new(),
            ranges: 0,
        };
        let depth = draft.random.below(4);
        let mut template = draft.list(depth);
        let mut templates = Vec::new();
        if draft.random.once_in(6) {
            let body = Draft {
                variables: Vec::new(),
                ranges: 0,
                ..draft
            }
            .list(2);
            templates.push(Named {
                name: "other".to_owned(),
                body,
            });
        }
        if random.once_in(8) {
            template = broken(random, &template);
        }
        Case {
            template,
            templates,
            data: Some(data),
            numbers: numbers.to_owned(),
            missingkey: missing,
            ..Case::default()
        }
    }
}

/// Breaks a template in one place.
fn broken(random: &mut Random, template: &str) -> String {
    let mut chars: Vec<char> = template.chars().collect();
    let at = random.below(chars.len());
    match random.below(4) {
        0 if at < chars.len() => drop(chars.remove(at)),
        1 => chars.truncate(at),
        2 => {
            let extra = [
                '{', '}', '(', ')', '.', '$', '|', '"', '-', ' ', '\n', ',', '=', '\'', '%',
            ];
            chars.insert(at, extra[random.below(extra.len())]);
        }
        _ if at + 1 < chars.len() => chars.swap(at, at + 1),
        _ => {}
    }
    chars.into_iter().collect()
}

impl Draft<'_> {
    /// Returns text and actions.
    fn list(&mut self, depth: usize) -> String {
        let mut text = String::new();
        let few = if self.random.once_in(3) { 3 } else { 1 };
        for _ in 0..=self.random.below(few) {
            let piece = self.piece(depth);
            text.push_str(&piece);
        }
        text
    }

    fn piece(&mut self, depth: usize) -> String {
        if depth == 0 || self.random.once_in(2) {
            return match self.random.below(6) {
                0 => self
                    .random
                    .pick(&["text", " ", "\n", "a: b\n", "  x  "])
                    .to_owned(),
                1 => self.declaration(),
                _ => {
                    let pipe = self.pipeline(2);
                    self.action(&pipe)
                }
            };
        }
        let mark = self.variables.len();
        let text = self.block(depth - 1);
        self.variables.truncate(mark);
        text
    }

    fn action(&mut self, inside: &str) -> String {
        let left = self.random.pick(&["{{", "{{ ", "{{", "{{- "]);
        let right = self.random.pick(&["}}", " }}", "}}", " -}}"]);
        format!("{left}{inside}{right}")
    }

    fn declaration(&mut self) -> String {
        let pipe = self.pipeline(2);
        if !self.variables.is_empty() && self.random.once_in(3) {
            let name = self.variables[self.random.below(self.variables.len())].clone();
            return self.action(&format!("{name} = {pipe}"));
        }
        let name = self.random.pick(&["$v", "$w", "$long_name"]).to_owned();
        self.variables.push(name.clone());
        self.action(&format!("{name} := {pipe}"))
    }

    fn block(&mut self, depth: usize) -> String {
        match self.random.below(9) {
            0 | 1 => self.control("if", depth),
            2 | 3 => self.control("with", depth),
            4 | 5 => self.range(depth),
            6 => {
                let pipe = self.pipeline(1);
                let name = self.random.pick(&["other", "own", "nope"]);
                format!("{{{{template \"{name}\" {pipe}}}}}")
            }
            7 if self.ranges > 0 => {
                let condition = self.pipeline(1);
                let word = self.random.pick(&["break", "continue"]);
                format!("{{{{if {condition}}}}}{{{{{word}}}}}{{{{end}}}}")
            }
            _ => {
                let variables = std::mem::take(&mut self.variables);
                let ranges = std::mem::take(&mut self.ranges);
                let body = self.list(depth.min(1));
                (self.variables, self.ranges) = (variables, ranges);
                let pipe = self.pipeline(1);
                format!("{{{{block \"own\" {pipe}}}}}{body}{{{{end}}}}")
            }
        }
    }

    fn control(&mut self, word: &str, depth: usize) -> String {
        let mut pipe = self.pipeline(2);
        if self.random.once_in(5) {
            self.variables.push("$c".to_owned());
            pipe = format!("$c := {pipe}");
        }
        let first = self.action(&format!("{word} {pipe}"));
        let body = self.list(depth);
        let otherwise = match self.random.below(5) {
            0 => format!("{{{{else}}}}{}", self.list(depth)),
            1 => {
                let pipe = self.pipeline(1);
                format!("{{{{else {word} {pipe}}}}}{}", self.list(depth))
            }
            _ => String::new(),
        };
        let end = self.action("end");
        format!("{first}{body}{otherwise}{end}")
    }

    fn range(&mut self, depth: usize) -> String {
        let over = match self.random.below(5) {
            0 => ".l".to_owned(),
            1 => ".m".to_owned(),
            2 => format!("until {}", self.random.below(4)),
            _ => self.pipeline(1),
        };
        let head = match self.random.below(5) {
            0 => {
                self.variables.push("$e".to_owned());
                format!("range $e := {over}")
            }
            1 | 2 => {
                self.variables.extend(["$k".to_owned(), "$e".to_owned()]);
                format!("range $k, $e := {over}")
            }
            _ => format!("range {over}"),
        };
        let head = self.action(&head);
        self.ranges += 1;
        let body = self.list(depth);
        self.ranges -= 1;
        let otherwise = if self.random.once_in(4) {
            format!("{{{{else}}}}{}", self.list(depth))
        } else {
            String::new()
        };
        format!("{head}{body}{otherwise}{{{{end}}}}")
    }

    fn pipeline(&mut self, depth: usize) -> String {
        let mut text = if self.random.once_in(3) {
            self.operand(depth)
        } else {
            self.call(depth)
        };
        while self.random.once_in(4) {
            let function = self.function();
            let last = function.parameters.len().saturating_sub(1);
            let fixed = if function.variadic {
                last.max(self.random.below(2))
            } else {
                last
            };
            let arguments = self.arguments(function, fixed, depth);
            text = format!("{text} | {}{arguments}", function.name);
        }
        text
    }

    fn function(&mut self) -> &'static Function {
        let functions = &self.grammar.functions;
        if self.random.once_in(4) {
            let name = self
                .random
                .pick(&["printf", "eq", "index", "print", "len", "and", "or", "lt"]);
            if let Some(function) = self.grammar.by_name.get(name) {
                return function;
            }
        }
        functions[self.random.below(functions.len())]
    }

    fn call(&mut self, depth: usize) -> String {
        let function = self.function();
        let declared = function.parameters.len();
        let mut count = if function.variadic {
            declared - 1 + self.random.below(4)
        } else {
            declared
        };
        if self.random.once_in(30) {
            count = self.random.below(4);
        }
        let arguments = self.arguments(function, count, depth);
        format!("{}{arguments}", function.name)
    }

    fn arguments(&mut self, function: &Function, count: usize, depth: usize) -> String {
        let mut text = String::new();
        for at in 0..count {
            let of = function.parameters.get(at).or(function.parameters.last());
            let of = of.copied().unwrap_or(Type::Interface);
            let argument = if SIZED.contains(&function.name) && of != Type::String {
                self.random.below(9).to_string()
            } else {
                self.argument(of, depth)
            };
            text.push(' ');
            text.push_str(&argument);
        }
        text
    }

    /// Returns an argument that is likely to suit a parameter.
    fn argument(&mut self, of: Type, depth: usize) -> String {
        if self.random.once_in(12) {
            return self.operand(depth);
        }
        match of {
            Type::String => match self.random.below(4) {
                0 => ".s".to_owned(),
                1 => ".t".to_owned(),
                _ => self.string(),
            },
            Type::Int(_) | Type::Uint(_) => match self.random.below(4) {
                0 => ".n".to_owned(),
                1 => "-1".to_owned(),
                _ => self.random.below(12).to_string(),
            },
            Type::Bool => self.random.pick(&["true", "false", ".b"]).to_owned(),
            Type::Float64 => self.random.pick(&["1.5", "2", "-0.25", "1e3"]).to_owned(),
            Type::Slice(Type::String) => "(splitList \",\" \"b,a,c\")".to_owned(),
            Type::Slice(_) => self
                .random
                .pick(&["(list 1 \"a\" nil)", ".l", "(list)"])
                .to_owned(),
            Type::Map(_) => self
                .random
                .pick(&["(dict \"a\" 1 \"b\" \"x\")", ".m", "(dict)"])
                .to_owned(),
            Type::Time => self.time(),
            Type::Version if self.grammar.by_name.contains_key("semver") => {
                "(semver \"1.2.3\")".to_owned()
            }
            _ => self.operand(depth),
        }
    }

    fn time(&self) -> String {
        let known = self.grammar.by_name.contains_key("toDate");
        let text = if known {
            "(toDate \"2006-01-02\" \"2017-12-31\")"
        } else {
            "1.5"
        };
        text.to_owned()
    }

    fn string(&mut self) -> String {
        let text = self.random.pick(STRINGS);
        if self.random.once_in(6) && !text.contains('\\') {
            return format!("`{text}`");
        }
        format!("\"{text}\"")
    }

    fn operand(&mut self, depth: usize) -> String {
        match self.random.below(16) {
            0 => ".".to_owned(),
            1 => "$".to_owned(),
            2 | 3 => self
                .random
                .pick(&[".s", ".i", ".f", ".b", ".l", ".w", ".m", ".x"])
                .to_owned(),
            4 => self
                .random
                .pick(&[
                    ".m.a",
                    ".m.b.c",
                    ".Params.a",
                    "$.Params.b",
                    ".x.a",
                    ".nil",
                    ".none",
                    ".nil.x",
                    ".s.x",
                ])
                .to_owned(),
            5 => self.string(),
            6 => self
                .random
                .pick(&[
                    "1", "0", "-7", "3.5", "1e3", "0x1f", "'a'", "1i", "0b11", "1_000", "017",
                    "1e6", "2.0",
                ])
                .to_owned(),
            7 => self.random.pick(&["true", "false", "nil"]).to_owned(),
            8 | 9 if !self.variables.is_empty() => {
                let name = self.variables[self.random.below(self.variables.len())].clone();
                if self.random.once_in(4) {
                    format!("{name}.a")
                } else {
                    name
                }
            }
            10 => "(list 1 \"a\" 2.5)".to_owned(),
            11 => "(dict \"a\" 1 \"b\" (list 1 2))".to_owned(),
            12 if self.random.once_in(3) => self.time(),
            _ if depth > 0 && self.random.once_in(2) => {
                let inner = self.pipeline(depth - 1);
                if self.random.once_in(6) {
                    format!("({inner}).a")
                } else {
                    format!("({inner})")
                }
            }
            _ => ".s".to_owned(),
        }
    }
}
