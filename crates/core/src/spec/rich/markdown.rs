//! A model's Markdown, line by line. Models break its rules all the time, so nothing here is an error.

use super::{
    Rich, Style,
    inline::{Dialect, inline},
};

/// Reads Markdown into a text with light styles.
pub(super) fn read(text: &str) -> Rich {
    let mut rich = Rich::default();
    let mut code = false;
    let mut blank = false;
    for line in text.lines() {
        let body = line.trim();
        if body.starts_with("```") || body.starts_with("~~~") {
            code = !code;
            continue;
        }
        let ruler = !code && is_ruler(body);
        if ruler || body.is_empty() {
            // The line under a table's head parts nothing.
            blank |= !body.starts_with('|');
            continue;
        }
        let mut read = Rich::default();
        if code {
            read.push_plain(line.trim_end());
        } else {
            block(line, &mut read);
        }
        // A line of which nothing is left (an image, a tag) leaves no gap.
        if read.is_blank() {
            continue;
        }
        if !rich.text.is_empty() {
            rich.push_plain(if blank { "\n\n" } else { "\n" });
        }
        rich.push_rich(&read);
        blank = false;
    }
    rich
}

/// `---`, `***`, `===` and the second line of a table.
fn is_ruler(body: &str) -> bool {
    let signs = body.chars().filter(|c| !c.is_whitespace()).count();
    let only = |sign: char| body.chars().all(|c| c == sign || c.is_whitespace());
    let table = body.starts_with('|') && body.chars().all(|c| "|-: ".contains(c));
    signs >= 3 && (only('-') || only('*') || only('_') || only('=') || table)
}

fn block(line: &str, out: &mut Rich) {
    let body = line.trim();
    let indent = line.len() - line.trim_start().len();
    let quoted = body.trim_start_matches('>').trim_start();
    let body = if body.starts_with('>') { quoted } else { body };
    if let Some(title) = heading(body) {
        let span = out.open(Style::Bold);
        inline(title, Dialect::Markdown, out);
        out.close(span);
        let mut at = 0;
        // The whole line is bold already.
        out.spans.retain(|inner| {
            at += 1;
            at == 1 || inner.style != Style::Bold
        });
    } else if let Some(item) = ["- ", "* ", "+ ", "• "].iter().find_map(|sign| body.strip_prefix(sign)) {
        out.push_plain(&"  ".repeat((indent / 2).min(4)));
        out.push_plain("• ");
        inline(item.trim_start(), Dialect::Markdown, out);
    } else if body.len() > 1 && body.starts_with('|') && body.ends_with('|') {
        let cells: Vec<&str> = body[1..body.len() - 1].split('|').map(str::trim).collect();
        inline(&cells.join(" · "), Dialect::Markdown, out);
    } else {
        inline(body, Dialect::Markdown, out);
    }
}

/// The text of `## heading ##`.
fn heading(body: &str) -> Option<&str> {
    let level = body.bytes().take_while(|b| *b == b'#').count();
    let title = body[level..].strip_prefix(' ')?;
    (1..=6).contains(&level).then(|| title.trim_end_matches('#').trim())
}
