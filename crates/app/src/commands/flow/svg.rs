//! A drawing as SVG that needs nothing else: light and dark by the reader's choice, every text escaped.

use std::fmt::Write;

use super::{
    layout::{self, Layout, Pass, Place, Px, Size},
    words::{Drawn, Labelled, Way, name},
};

/// Letters of a line, and lines of a text.
const LINE_CHARS: usize = 30;
const LINES_MAX: usize = 4;
/// Pixels: a line's height, the room about a text, and about how wide a letter of it is.
const LINE: Px = 18;
const INSET: Px = 10;
const LETTER: Px = 8;
const SMALL_LETTER: Px = 7;
/// Between two flows.
const APART: Px = 32;
/// Room above a flow for its name.
const TITLE: Px = 40;

const STYLE: &str = "\
svg{--bg:#f7f7f5;--surface:#fff;--line:#c9c9c2;--text:#1c1c1a;--muted:#6b6b64;--accent:#3f51c7;--ok:#15803d;--warm:#a16207}\
@media(prefers-color-scheme:dark){svg{--bg:#161615;--surface:#1f1f1d;--line:#4a4a44;--text:#ecece6;--muted:#9d9d94;--accent:#8b9bff;--ok:#4ade80;--warm:#facc15}}\
text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif;fill:var(--text)}\
.title{font-size:18px;font-weight:600}.head{fill:var(--muted);font-size:12px}.note{fill:var(--warm);font-size:12px}\
.ground{fill:var(--bg)}.box{fill:var(--surface);stroke:var(--line)}.way{fill:none;stroke:var(--muted)}.aside{stroke-dasharray:4 3}.tip{fill:var(--muted)}\
.label{font-size:12px;fill:var(--muted)}.ask .box,.contact .box,.offer .box,.order .box{stroke:var(--accent);stroke-width:1.5}\
.begin .box,.anywhere .box,.end .box,.stop .box{rx:22px}.end .box,.begin .box{stroke:var(--ok)}.handoff .box,.notify .box{stroke:var(--warm)}\
.flow .box{stroke-width:3}";

/// All flows below each other.
pub(super) fn text(all: &[Drawn]) -> String {
    let laid: Vec<(&Drawn, Layout)> = all.iter().map(|drawn| (drawn, lay_out(drawn))).collect();
    let width = laid.iter().map(|(_, laid)| laid.size.width).max().unwrap_or(0).max(320);
    let height = laid.iter().map(|(_, laid)| laid.size.height + TITLE + APART).sum::<Px>();
    let mut svg = String::new();
    // Writing to a String does not fail.
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <style>{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" class=\"ground\"/>"
    );
    let mut top = 0;
    for (drawn, laid) in &laid {
        let _ = writeln!(svg, "<text class=\"title\" x=\"20\" y=\"{}\">{}</text>", top + 30, escaped(&drawn.title));
        let _ = writeln!(svg, "<g transform=\"translate(0 {})\">", top + TITLE);
        flow(&mut svg, drawn, laid);
        svg.push_str("</g>\n");
        top += laid.size.height + TITLE + APART;
    }
    svg.push_str("</svg>\n");
    svg
}

fn lay_out(drawn: &Drawn) -> Layout {
    let sizes: Vec<Size> = drawn.boxes.iter().map(|one| room(&lines(one))).collect();
    let ways = drawn.ways.iter().map(|way| layout::Way {
        from: way.from,
        to: way.to,
        label: way.label.as_deref().map(|label| {
            let lines = wrapped(label, LINES_MAX);
            Size { width: widest(&lines) * SMALL_LETTER + INSET, height: count(lines.len()) * LINE }
        }),
    });
    layout::lay_out(&sizes, &ways.collect::<Vec<_>>())
}

fn flow(svg: &mut String, drawn: &Drawn, laid: &Layout) {
    let ends: Vec<(Place, Size)> =
        drawn.boxes.iter().zip(&laid.places).map(|(one, place)| (*place, room(&lines(one)))).collect();
    for (way, route) in drawn.ways.iter().zip(&laid.routes) {
        line(svg, way, &route.through, ends[way.from], ends[way.to]);
    }
    for (way, route) in drawn.ways.iter().zip(&laid.routes) {
        if let (Some(text), Some(place)) = (&way.label, route.label) {
            label(svg, text, place);
        }
    }
    for (one, place) in drawn.boxes.iter().zip(&laid.places) {
        put(svg, one, *place);
    }
}

/// A line of text, and how it looks.
struct Line {
    class: &'static str,
    text: String,
}

fn lines(one: &Labelled) -> Vec<Line> {
    let line = |class: &'static str| move |text: String| Line { class, text };
    let mut lines = vec![line("head")(one.head.clone())];
    lines.extend(wrapped(&one.text, LINES_MAX).into_iter().map(line("")));
    lines.extend(one.notes.iter().flat_map(|note| wrapped(note, LINES_MAX)).map(line("note")));
    lines
}

fn room(lines: &[Line]) -> Size {
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    Size { width: widest(&texts) * LETTER + 2 * INSET, height: count(lines.len()) * LINE + INSET }
}

fn widest(lines: &[impl AsRef<str>]) -> Px {
    count(lines.iter().map(|line| line.as_ref().chars().count()).max().unwrap_or(0)).max(6)
}

fn count(n: usize) -> Px {
    Px::try_from(n).unwrap_or(Px::MAX)
}

/// Words in lines; what is too much for them ends with dots.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        // A word longer than a line is cut: links are.
        let pieces: Vec<char> = word.chars().collect();
        for piece in pieces.chunks(LINE_CHARS) {
            let piece: String = piece.iter().collect();
            match lines.last_mut() {
                Some(line) if line.chars().count() + 1 + piece.chars().count() <= LINE_CHARS => {
                    line.extend([" ", &piece]);
                }
                _ => lines.push(piece),
            }
        }
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines
}

fn put(svg: &mut String, one: &Labelled, place: Place) {
    let lines = lines(one);
    let Size { width, height } = room(&lines);
    let (left, top) = (place.x - width / 2, place.y - height / 2);
    let _ = write!(
        svg,
        "<g class=\"{}\"><rect class=\"box\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>",
        name(one.kind)
    );
    for (nth, line) in lines.iter().enumerate() {
        let y = top + INSET / 2 + LINE * count(nth) + 13;
        let _ = write!(
            svg,
            "<text class=\"{}\" x=\"{}\" y=\"{y}\" text-anchor=\"middle\">{}</text>",
            line.class,
            place.x,
            escaped(&line.text)
        );
    }
    svg.push_str("</g>\n");
}

fn label(svg: &mut String, text: &str, place: Place) {
    let lines = wrapped(text, LINES_MAX);
    let (width, height) = (widest(&lines) * SMALL_LETTER + 4, count(lines.len()) * LINE);
    let (left, top) = (place.x - width / 2, place.y - height / 2);
    let _ = write!(svg, "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" class=\"ground\"/>");
    for (nth, line) in lines.iter().enumerate() {
        let y = top + LINE * count(nth) + 13;
        let _ = writeln!(
            svg,
            "<text class=\"label\" x=\"{}\" y=\"{y}\" text-anchor=\"middle\">{}</text>",
            place.x,
            escaped(line)
        );
    }
}

/// A way from the edge of a box through the layers between to the edge of another, with a tip.
fn line(svg: &mut String, way: &Way, through: &[Pass], (from, out): (Place, Size), (to, into): (Place, Size)) {
    let class = if way.aside { "way aside" } else { "way" };
    let down = from.y < to.y;
    let sign = if down { 1 } else { -1 };
    let start = Place { x: from.x, y: from.y + sign * out.height / 2 };
    let end = Place { x: to.x, y: to.y - sign * (into.height / 2 + 6) };
    let mut path = format!("M{} {}", start.x, start.y);
    let mut before = start;
    let mut bend = |path: &mut String, to: Place| {
        let middle = Px::midpoint(before.y, to.y);
        let _ = write!(path, "C{} {middle} {} {middle} {} {}", before.x, to.x, to.x, to.y);
        before = to;
    };
    for Pass { x, top, bottom } in through.iter().copied() {
        let (near, far) = if down { (top, bottom) } else { (bottom, top) };
        bend(&mut path, Place { x, y: near });
        bend(&mut path, Place { x, y: far });
    }
    bend(&mut path, end);
    let tip = (end.y + sign * 6, end.y - sign);
    let _ = writeln!(
        svg,
        "<path class=\"{class}\" d=\"{path}\"/><path class=\"tip\" d=\"M{} {}L{} {}L{} {}Z\"/>",
        end.x,
        tip.0,
        end.x - 4,
        tip.1,
        end.x + 4,
        tip.1
    );
}

/// As text of XML, without the signs that it cannot hold.
fn escaped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}')).fold(
        String::new(),
        |mut escaped, c| {
            match c {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '"' => escaped.push_str("&quot;"),
                _ => escaped.push(c),
            }
            escaped
        },
    )
}
