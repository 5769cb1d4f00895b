//! Texts made by rules: a file of rules tells how the cases of a kind are written.
//!
//! ```text
//! # a comment
//! [case]                     a rule; each line below is one way to write it
//! {{ date «"layout» «0..9» }}
//! [layout]
//! «part*1-6»
//! ```
//!
//! | written | gives |
//! |---|---|
//! | `«name»` | a text of that rule |
//! | `«"name»` | the same as a string literal, which suits Go and JSON |
//! | `«name*1-6»` | one to six texts of it |
//! | `«~name»` | a text of it that is broken in one place with a text of `scrap` |
//! | `«-5..20»` | a whole number of that range |
//! | `«0x0a»` | a character by its number |
//! | `«»` | nothing |
//! | `«A,B=name*1-6»` | nothing, but the texts' first parts are `«$A»` then and the second ones `«$B»` |
//!
//! The parts are divided by `¦`. Where rules call one another too deeply each takes its first way, so
//! that one has to end.

use std::collections::BTreeMap;
use std::io;

use super::random::Random;

/// How deeply rules call one another freely.
const DEPTH: usize = 10;

/// Rules by name.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rules: BTreeMap<String, Vec<Way>>,
}

/// One way to write a rule.
type Way = Vec<Piece>;

#[derive(Debug)]
enum Piece {
    Text(String),
    Number { least: i64, most: i64 },
    Use(Use),
}

/// A rule that is used in another.
#[derive(Debug)]
struct Use {
    name: String,
    quoted: bool,
    broken: bool,
    least: usize,
    most: usize,
    names: Vec<String>,
}

/// What is known by name within a text.
type Names = BTreeMap<String, String>;

impl Rules {
    /// Adds the rules of a text; one of the same name is replaced.
    pub(crate) fn add(&mut self, text: &str) -> io::Result<()> {
        let mut name = None;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let title = line
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
                .filter(|title| title.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            if let Some(title) = title {
                self.rules.insert(title.to_owned(), Vec::new());
                name = Some(title.to_owned());
            } else if let Some(ways) = name.as_ref().and_then(|name| self.rules.get_mut(name))
                && !line.is_empty()
            {
                ways.push(way(line)?);
            }
        }
        Ok(())
    }

    /// Adds a rule of plain words.
    pub(crate) fn add_words<'w>(&mut self, name: &str, words: impl Iterator<Item = &'w str>) {
        let ways = words.map(|word| vec![Piece::Text(word.to_owned())]);
        self.rules.insert(name.to_owned(), ways.collect());
    }

    /// Checks that each rule that is used is there.
    pub(crate) fn checked(self) -> io::Result<Self> {
        for piece in self.rules.values().flatten().flatten() {
            let Piece::Use(Use { name, .. }) = piece else {
                continue;
            };
            if !name.starts_with('$') && self.rules.get(name).is_none_or(Vec::is_empty) {
                return Err(io::Error::other(format!("there is no rule `{name}`")));
            }
        }
        Ok(self)
    }

    /// Returns a text of a rule.
    pub(crate) fn text(&self, name: &str, random: &mut Random) -> String {
        let mut text = String::new();
        self.write(name, &mut Names::new(), 0, random, &mut text);
        text
    }

    fn write(
        &self,
        name: &str,
        names: &mut Names,
        depth: usize,
        random: &mut Random,
        text: &mut String,
    ) {
        if let Some(known) = name.strip_prefix('$') {
            text.push_str(names.get(known).map_or("", String::as_str));
            return;
        }
        let Some(ways) = self.rules.get(name) else {
            return;
        };
        let at = if depth > DEPTH {
            0
        } else {
            random.below(ways.len())
        };
        for piece in &ways[at] {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Number { least, most } => {
                    text.push_str(&random.between(*least, *most).to_string());
                }
                Piece::Use(one) => self.write_use(one, names, depth + 1, random, text),
            }
        }
    }

    fn write_use(
        &self,
        one: &Use,
        names: &mut Names,
        depth: usize,
        random: &mut Random,
        text: &mut String,
    ) {
        let count = one.least + random.below(one.most - one.least + 1);
        let mut made: Vec<String> = Vec::new();
        for _ in 0..count {
            let mut piece = String::new();
            self.write(&one.name, names, depth, random, &mut piece);
            made.push(piece);
        }
        if !one.names.is_empty() {
            for (part, name) in one.names.iter().enumerate() {
                let parts = made
                    .iter()
                    .map(|text| text.split('¦').nth(part).unwrap_or_default());
                names.insert(name.clone(), parts.collect());
            }
            return;
        }
        let mut made = made.concat();
        if one.broken {
            made = broken(&made, &self.text("scrap", random), random);
        }
        if one.quoted {
            made = serde_json::Value::String(made).to_string();
        }
        text.push_str(&made);
    }
}

/// Returns a text with up to four characters replaced.
fn broken(text: &str, scrap: &str, random: &mut Random) -> String {
    let chars: Vec<char> = text.chars().collect();
    let from = random.below(chars.len());
    let to = (from + random.below(5)).min(chars.len());
    let (before, after) = (&chars[..from.min(to)], &chars[to..]);
    let (before, after): (String, String) = (before.iter().collect(), after.iter().collect());
    [&before, scrap, &after].concat()
}

fn way(line: &str) -> io::Result<Way> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('«') {
        let wrong = || io::Error::other(format!("no end of «: {line}"));
        let (inside, after) = after.split_once('»').ok_or_else(wrong)?;
        pieces.push(Piece::Text(before.to_owned()));
        pieces.push(piece(inside).ok_or_else(|| io::Error::other(format!("wrong: «{inside}»")))?);
        rest = after;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(pieces)
}

fn piece(inside: &str) -> Option<Piece> {
    if inside.is_empty() {
        return Some(Piece::Text(String::new()));
    }
    if let Some(digits) = inside.strip_prefix("0x") {
        let char = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
        return Some(Piece::Text(char.to_string()));
    }
    if let Some((least, most)) = inside.split_once("..") {
        let (least, most) = (least.parse().ok()?, most.parse().ok()?);
        return (least <= most).then_some(Piece::Number { least, most });
    }
    let (names, used) = inside.split_once('=').unwrap_or(("", inside));
    let (name, (least, most)) = match used.split_once('*') {
        Some((name, times)) => {
            let (least, most) = times.split_once('-').unwrap_or((times, times));
            (name, (least.parse().ok()?, most.parse().ok()?))
        }
        None => (used, (1, 1)),
    };
    let (quoted, name) = name
        .strip_prefix('"')
        .map_or((false, name), |rest| (true, rest));
    let (broken, name) = name
        .strip_prefix('~')
        .map_or((false, name), |rest| (true, rest));
    (least <= most).then(|| {
        Piece::Use(Use {
            name: name.to_owned(),
            quoted,
            broken,
            least,
            most,
            names: names
                .split(',')
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
        })
    })
}
