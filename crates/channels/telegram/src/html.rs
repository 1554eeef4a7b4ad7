use std::fmt::Write;

use voronka_core::spec::rich::{Rich, Span, Style};

/// Writes a text in Telegram's HTML. Signs of markup mean themselves; styles that cross are closed and opened again, since
/// Telegram takes only tags that nest.
pub(crate) fn html(rich: &Rich) -> String {
    let mut out = String::with_capacity(rich.text.len() + rich.text.len() / 8 + rich.spans.len() * 16);
    let mut spans: Vec<&Span> = rich.spans.iter().filter(|span| is_shown(rich, span)).collect();
    // The outer of two that begin together opens first.
    spans.sort_by_key(|span| (span.bytes.start, usize::MAX - span.bytes.end));
    let mut edges: Vec<usize> = spans.iter().flat_map(|span| [span.bytes.start, span.bytes.end]).collect();
    edges.sort_unstable();
    edges.dedup();
    let (mut open, mut waiting, mut at) = (Vec::<&Span>::new(), spans.as_slice(), 0);
    for edge in edges {
        escape(&rich.text[at..edge], &mut out);
        at = edge;
        close(edge, &mut open, &mut out);
        while let Some((next, rest)) = waiting.split_first().filter(|(next, _)| next.bytes.start == edge) {
            // A link in a link would close the outer one.
            let link = |span: &&Span| matches!(span.style, Style::Link(_));
            if !(link(next) && open.iter().any(link)) {
                tag(next, &mut out);
                open.push(next);
            }
            waiting = rest;
        }
    }
    escape(&rich.text[at..], &mut out);
    out
}

fn is_shown(rich: &Rich, span: &Span) -> bool {
    let inside = rich.text.get(span.bytes.clone()).is_some_and(|words| !words.is_empty());
    let known = match &span.style {
        Style::Bold | Style::Italic => true,
        Style::Link(url) => is_linkable(url),
    };
    inside && known
}

/// Addresses that Telegram opens.
pub(crate) fn is_linkable(url: &str) -> bool {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https" | "tg" | "mailto" | "tel"))
}

/// Closes what ends here; what was opened later and goes on is closed and opened again.
fn close<'a>(edge: usize, open: &mut Vec<&'a Span>, out: &mut String) {
    let Some(outermost) = open.iter().position(|span| span.bytes.end <= edge) else { return };
    let inner: Vec<&'a Span> = open.drain(outermost..).collect();
    for span in inner.iter().rev() {
        out.push_str(match span.style {
            Style::Bold => "</b>",
            Style::Italic => "</i>",
            Style::Link(_) => "</a>",
        });
    }
    for span in inner {
        if span.bytes.end > edge {
            tag(span, out);
            open.push(span);
        }
    }
}

fn tag(span: &Span, out: &mut String) {
    match &span.style {
        Style::Bold => out.push_str("<b>"),
        Style::Italic => out.push_str("<i>"),
        Style::Link(url) => {
            out.push_str("<a href=\"");
            escape(url, out);
            out.push_str("\">");
        }
    }
}

pub(crate) fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => "&quot;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

/// A link on a line of its own.
pub(crate) fn link_line(label: &str, url: &str, out: &mut String) {
    let mut words = String::new();
    escape(label, &mut words);
    let mut address = String::new();
    escape(url, &mut address);
    // Writing to a string cannot fail.
    let _written = write!(out, "\n<a href=\"{address}\">{words}</a>");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rich(text: &str, spans: &[(usize, usize, Style)]) -> Rich {
        let spans = spans.iter().map(|(start, end, style)| Span { bytes: *start..*end, style: style.clone() });
        Rich { text: text.into(), spans: spans.collect() }
    }

    fn link(url: &str) -> Style {
        Style::Link(url.into())
    }

    #[track_caller]
    fn check(text: &str, spans: &[(usize, usize, Style)], expected: &str) {
        assert_eq!(html(&rich(text, spans)), expected);
    }

    #[test]
    fn signs_mean_themselves() {
        check("a<b>&\"c\" 'd'", &[], "a&lt;b&gt;&amp;&quot;c&quot; 'd'");
        check("Торт 🎂 👩‍👩‍👧‍👦", &[], "Торт 🎂 👩‍👩‍👧‍👦");
    }

    #[test]
    fn styles_nest() {
        check("Торт", &[(0, 8, Style::Bold), (0, 4, Style::Italic)], "<b><i>То</i>рт</b>");
        check("ab", &[(0, 1, Style::Italic), (0, 2, Style::Bold)], "<b><i>a</i>b</b>");
        check("ab", &[(0, 2, Style::Bold), (0, 2, Style::Italic)], "<b><i>ab</i></b>");
        check("abc", &[(0, 1, Style::Bold), (1, 2, Style::Italic)], "<b>a</b><i>b</i>c");
    }

    #[test]
    fn styles_that_cross_are_closed_and_opened_again() {
        check("abc", &[(0, 2, Style::Bold), (1, 3, Style::Italic)], "<b>a<i>b</i></b><i>c</i>");
    }

    #[test]
    fn links_keep_their_address_and_do_not_nest() {
        check(
            "x",
            &[(0, 1, link("https://a.ru/?b=1&c=\"2\""))],
            "<a href=\"https://a.ru/?b=1&amp;c=&quot;2&quot;\">x</a>",
        );
        check("xy", &[(0, 2, link("https://a.ru")), (1, 2, link("https://b.ru"))], "<a href=\"https://a.ru\">xy</a>");
        check("x", &[(0, 1, link("javascript:alert(1)"))], "x");
    }

    #[test]
    fn spans_that_are_not_of_this_text_are_dropped() {
        check("Я", &[(0, 1, Style::Bold), (0, 9, Style::Bold), (2, 2, Style::Bold)], "Я");
    }

    /// Reads the tags of our own HTML; the words must be the text's, the tags must nest.
    fn words(html: &str) -> Option<String> {
        let (mut out, mut open, mut rest) = (String::new(), Vec::new(), html);
        while let Some((before, after)) = rest.split_once('<') {
            out.push_str(before);
            let (tag, behind) = after.split_once('>')?;
            match tag.strip_prefix('/') {
                Some(name) => (open.pop()? == name).then_some(())?,
                None => open.push(&tag[..1]),
            }
            rest = behind;
        }
        out.push_str(rest);
        let text = out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        open.is_empty().then_some(text)
    }

    proptest! {
        #[test]
        fn any_spans_over_any_text_nest_and_keep_the_words(
            text in "\\PC{0,40}",
            spans in prop::collection::vec((0..60_usize, 0..60_usize, 0..3_u8), 0..8),
        ) {
            let spans: Vec<_> = spans.into_iter().map(|(start, end, style)| (start, end, match style {
                0 => Style::Bold,
                1 => Style::Italic,
                _ => link("https://a.ru/?<>\"&"),
            })).collect();
            prop_assert_eq!(words(&html(&rich(&text, &spans))), Some(text));
        }
    }
}
