//! Lists as files for a spreadsheet. What a customer wrote must not become a formula there (SECURITY, S-40).

use axum::{
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue},
    response::{IntoResponse, Response},
};
use voronka_core::lang::Lang;

use super::{admit::Visit, page::Problem, show::Dates};

/// Rows of a file.
pub(super) const CSV_ROWS_MAX: usize = 5_000;
/// Without it a spreadsheet takes the letters for others.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A file with a line of heads and a line a row.
pub(super) fn file(visit: &Visit, name: &str, head: Vec<String>, rows: Vec<Vec<String>>) -> Result<Response, Problem> {
    // As spreadsheets of these languages part cells.
    let separator = match visit.door.words.lang() {
        Lang::Ru => ';',
        Lang::En => ',',
    };
    let mut text = BYTE_ORDER_MARK.to_owned();
    for cells in std::iter::once(head).chain(rows) {
        for (n, value) in cells.iter().enumerate() {
            if n > 0 {
                text.push(separator);
            }
            text.push_str(&cell(value));
        }
        text.push_str("\r\n");
    }
    let day = Dates::of(visit).today();
    let kept_as = format!("attachment; filename=\"{}-{name}-{day}.csv\"", visit.partner.id);
    let kept_as = HeaderValue::from_str(&kept_as).map_err(|_| Problem::Failed)?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")), (CONTENT_DISPOSITION, kept_as)], text)
        .into_response())
}

/// In quotes; what would be read as a formula gets an apostrophe, which spreadsheets take for a mark of text.
fn cell(value: &str) -> String {
    let formula = value.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
        || value.starts_with(['\t', '\r', '\n']);
    let mark = if formula { "'" } else { "" };
    format!("\"{mark}{}\"", value.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_40_cell_formula() {
        for (value, kept) in [
            ("Анна", "\"Анна\""),
            ("торт \"Прага\"; 2 кг", "\"торт \"\"Прага\"\"; 2 кг\""),
            ("=HYPERLINK(\"http://evil\")", "\"'=HYPERLINK(\"\"http://evil\"\")\""),
            ("+79123456789", "\"'+79123456789\""),
            ("-2+3", "\"'-2+3\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("  =1", "\"'  =1\""),
            ("\t=1", "\"'\t=1\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("два\nряда", "\"два\nряда\""),
        ] {
            assert_eq!(cell(value), kept);
        }
    }
}
