//! Trees, drawn as KUDO drew them (kudo-spec 7.1).

/// A line and what hangs below it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tree {
    text: String,
    children: Vec<Self>,
}

impl Tree {
    /// Returns a line with nothing below it.
    pub(crate) fn leaf(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            children: Vec::new(),
        }
    }

    /// Returns a line with these below it.
    pub(crate) fn branch(
        text: impl Into<String>,
        children: impl IntoIterator<Item = Self>,
    ) -> Self {
        Self {
            text: text.into(),
            children: children.into_iter().collect(),
        }
    }

    /// Returns the drawing, the root as its first line.
    pub(crate) fn draw(&self) -> String {
        let mut lines = format!("{}\n", self.text);
        self.draw_children("", &mut lines);
        lines
    }

    fn draw_children(&self, indent: &str, lines: &mut String) {
        for (index, child) in self.children.iter().enumerate() {
            let is_last = index + 1 == self.children.len();
            let (edge, below) = if is_last {
                ("└── ", "    ")
            } else {
                ("├── ", "│   ")
            };
            let text = child.text.replace('\n', " ");
            *lines += &[indent, edge, text.as_str(), "\n"].concat();
            child.draw_children(&format!("{indent}{below}"), lines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_joined_down_to_the_last() {
        let tree = Tree::branch(".", [Tree::branch("a", [Tree::leaf("b")]), Tree::leaf("c")]);

        assert_eq!(tree.draw(), ".\n├── a\n│   └── b\n└── c\n");
    }
}
