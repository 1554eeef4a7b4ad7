//! Files that somebody meant to be read and nobody reads: saved as a text, as a table, or called otherwise.

use std::sync::Arc;

use super::PartnerFiles;
use crate::spec::{
    diagnostic::{Code, Diagnostic, Place},
    tree::finding,
};

/// Endings under which editors and office programs save texts and tables.
const OFFICE: [&str; 16] = [
    "txt", "doc", "docx", "rtf", "odt", "pdf", "html", "htm", "xls", "xlsx", "ods", "numbers", "pages", "json", "yaml",
    "yml",
];

/// Y114.
pub(super) fn files(files: &PartnerFiles) -> Vec<Diagnostic> {
    let unread = files.keys().filter_map(|path| Some((path, meant(path)?)));
    // What is meant may be there as well: then this is a copy that somebody keeps.
    let unread = unread.filter(|(_, meant)| !files.contains_key(meant.as_str()));
    unread.map(|(path, meant)| told(path, meant)).collect()
}

fn told(path: &Arc<str>, meant: String) -> Diagnostic {
    finding(Code::Y114, Place::new(path, 0..0), vec![("path", path.to_string()), ("meant", meant)])
}

/// What the file would be called if it were read; `None` for one that is read, or meant for people.
fn meant(path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let (stem, ending) = name.rsplit_once('.')?;
    let (lower, ending) = (stem.to_lowercase(), ending.to_lowercase());
    // `otzyv.yaml.txt`, where the system hides what comes last.
    let plain = stem.split('.').next().unwrap_or(stem);
    if lower.starts_with("readme") || !OFFICE.contains(&ending.as_str()) && ending != "csv" {
        return None;
    }
    let wanted = match (folder, lower.split('.').next().unwrap_or_default()) {
        ("", known @ ("config" | "scoring")) => format!("{known}.yaml"),
        ("", "catalogue" | "catalog" | "каталог") => match ending.as_str() {
            "yml" | "yaml" => "catalogue.yml".to_owned(),
            _ => "catalogue.csv".to_owned(),
        },
        // What `eval` asks.
        ("tests", "questions") if ending == "txt" => return None,
        ("flows" | "sequences" | "tests" | "training", _) => match ending.as_str() {
            // Tables and pages for people may lie there.
            "yaml" | "yml" | "csv" | "xls" | "xlsx" | "ods" | "pdf" | "html" | "htm" => return None,
            _ => format!("{folder}/{plain}.yaml"),
        },
        ("knowledge" | "texts", _) => format!("{folder}/{plain}.md"),
        _ => return None,
    };
    (wanted != path).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_otherwise_is_told_with_the_name_it_is_meant_by() {
        for (path, expected) in [
            ("flows/otzyv.yaml.txt", Some("flows/otzyv.yaml")),
            ("flows/otzyv.txt", Some("flows/otzyv.yaml")),
            ("flows/otzyv.yml", None),
            ("flows/README.txt", None),
            ("flows/otzyv.yaml", None),
            ("knowledge/dostavka.docx", Some("knowledge/dostavka.md")),
            ("knowledge/dostavka.md", None),
            ("knowledge/foto.jpg", None),
            ("tests/dialogues.jsonl", None),
            ("tests/questions.txt", None),
            ("tests/tort.txt", Some("tests/tort.yaml")),
            ("Config.yaml", Some("config.yaml")),
            ("config.yml", Some("config.yaml")),
            ("config.yaml", None),
            ("catalogue.xlsx", Some("catalogue.csv")),
            ("Каталог.xlsx", Some("catalogue.csv")),
            ("catalogue.csv", None),
            ("catalogue.yml", None),
            ("catalogue.xml", None),
            ("price.xlsx", None),
        ] {
            assert_eq!(meant(path).as_deref(), expected, "{path}");
        }
        let both = ["flows/a.yaml", "flows/a.txt", "flows/b.txt"].map(|path| (Arc::from(path), Vec::new())).into();
        let told = files(&both);
        assert_eq!(told.iter().map(|found| &*found.place.file).collect::<Vec<_>>(), ["flows/b.txt"]);
    }
}
