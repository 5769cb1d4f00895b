//! Reading the small part of the shell's language that pretend pods understand.

/// When a command of a script runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Always,
    AfterSuccess,
    AfterFailure,
}

/// A command and when it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) when: When,
    pub(super) words: Vec<String>,
}

/// Reads `a && b || c; d` with quotes; anything more is refused by name.
pub(super) fn parse(text: &str) -> Result<Vec<Step>, String> {
    let (mut steps, mut words, mut word) = (Vec::new(), Vec::new(), None::<String>);
    let mut when = When::Always;
    let mut letters = text.chars().peekable();
    let mut end = |words: &mut Vec<String>, when: When| {
        if !words.is_empty() {
            steps.push(Step {
                when,
                words: std::mem::take(words),
            });
        }
    };
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => {
                let quoted = word.get_or_insert_default();
                quoted.extend(letters.by_ref().take_while(|letter| *letter != '\''));
            }
            '"' => {
                let quoted = word.get_or_insert_default();
                while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
                    let escaped = letter == '\\'
                        && letters.peek().is_some_and(|next| "\"\\$".contains(*next));
                    quoted.push(if escaped {
                        letters.next().unwrap_or(letter)
                    } else {
                        letter
                    });
                }
            }
            '\\' => word.get_or_insert_default().extend(letters.next()),
            ';' | '\n' => {
                words.extend(word.take());
                end(&mut words, when);
                when = When::Always;
            }
            '&' | '|' if letters.peek() == Some(&letter) => {
                letters.next();
                words.extend(word.take());
                end(&mut words, when);
                when = if letter == '&' {
                    When::AfterSuccess
                } else {
                    When::AfterFailure
                };
            }
            '#' if word.is_none() => while letters.next_if(|letter| *letter != '\n').is_some() {},
            '&' | '|' | '>' | '<' | '`' | '(' | ')' | '$' | '*' => {
                return Err(format!("`{letter}` is not understood"));
            }
            letter if letter.is_whitespace() => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word.take());
    end(&mut words, when);
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_read_word_by_word() {
        let steps = parse("echo 'a b' \"c\\\"\" && false || exit 3 # why").unwrap();
        let words: Vec<Vec<String>> = steps.iter().map(|step| step.words.clone()).collect();
        assert_eq!(
            words,
            [vec!["echo", "a b", "c\""], vec!["false"], vec!["exit", "3"]]
        );
        assert_eq!(steps[1].when, When::AfterSuccess);
        assert_eq!(steps[2].when, When::AfterFailure);
        assert_eq!(parse("a | b").unwrap_err(), "`|` is not understood");
    }
}
