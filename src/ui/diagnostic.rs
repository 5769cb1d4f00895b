//! Errors, with the line of the file they speak of where there is one.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use kudo_engine::package::Diagnostic;

/// Returns an error as a compiler would draw it.
pub(crate) fn drawn(diagnostic: &Diagnostic, has_color: bool) -> String {
    drawn_as(Level::ERROR, diagnostic, has_color)
}

/// Returns a warning as a compiler would draw it.
pub(crate) fn drawn_warning(diagnostic: &Diagnostic, has_color: bool) -> String {
    drawn_as(Level::WARNING, diagnostic, has_color)
}

fn drawn_as(level: Level<'_>, diagnostic: &Diagnostic, has_color: bool) -> String {
    let renderer = if has_color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let title = level.primary_title(diagnostic.message.as_str());
    let mut group = annotate_snippets::Group::with_title(title);
    match &diagnostic.source_line {
        Some(source) if diagnostic.line > 0 => {
            let start = column_offset(source, diagnostic.column.max(1));
            let end = source[start..]
                .chars()
                .next()
                .map_or(start, |c| start + c.len_utf8());
            group = group.element(
                Snippet::source(source.as_str())
                    .line_start(diagnostic.line)
                    .path(diagnostic.file.as_str())
                    .annotation(AnnotationKind::Primary.span(start..end)),
            );
        }
        _ if !diagnostic.file.is_empty() => {
            group = group.element(annotate_snippets::Origin::path(diagnostic.file.as_str()));
        }
        _ => {}
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    renderer.render(&[group]).clone()
}

/// Returns the byte at which the 1-based `column` of `line` begins.
fn column_offset(line: &str, column: usize) -> usize {
    line.char_indices()
        .nth(column.saturating_sub(1))
        .map_or(line.len(), |(offset, _)| offset)
}
