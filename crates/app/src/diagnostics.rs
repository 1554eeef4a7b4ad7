//! Findings of `voronka check` in the reader's words: lines for a terminal, JSON for programs.

mod fix;
mod print;
mod sources;
mod words;

#[cfg(test)]
mod tests;

use voronka_core::spec::{
    diagnostic::{Diagnostic, Level},
    partner::PartnerFiles,
    position::{DiagnosticJson, RelatedJson},
};

pub(crate) use self::{
    fix::{can_mend, mend},
    print::Look,
};
use self::{sources::Sources, words::Words};
use crate::texts::Texts;

/// A partner's findings with their places, in the order of files and lines.
pub(crate) struct Told<'a> {
    findings: Vec<DiagnosticJson>,
    sources: Sources<'a>,
}

impl<'a> Told<'a> {
    /// Words findings; `folder` stands before the names of files, so that an editor can open them.
    pub(crate) fn new(found: &[Diagnostic], files: &'a PartnerFiles, folder: &str, texts: &Texts) -> Self {
        let sources = Sources::of(found, files);
        let mut found: Vec<&Diagnostic> = found.iter().collect();
        // What stands first is read first: a later finding is often its consequence.
        found.sort_by_key(|found| (&found.place.file, found.place.bytes.start, found.code));
        let findings = found.into_iter().map(|found| told(found, &sources, folder, texts)).collect();
        Self { findings, sources }
    }

    /// One object a finding.
    pub(crate) fn json(&self) -> impl Iterator<Item = String> {
        self.findings.iter().filter_map(|finding| serde_json::to_string(finding).ok())
    }

    /// Lines for people.
    pub(crate) fn lines(&self, folder: &str, look: Look, texts: &Texts) -> impl Iterator<Item = String> {
        self.findings.iter().map(move |finding| {
            let file = finding.file.strip_prefix(folder).unwrap_or(&finding.file);
            let line = self.sources.line(file.trim_start_matches('/'), finding.line);
            print::finding(finding, line, look, texts)
        })
    }
}

fn told(found: &Diagnostic, sources: &Sources<'_>, folder: &str, texts: &Texts) -> DiagnosticJson {
    let place = &found.place;
    let start = sources.position(&place.file, place.bytes.start);
    let end = sources.position(&place.file, place.bytes.end);
    let path = |file: &str| if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") };
    // «может быть, «порции» (строка 40)?» is said of a place in the same file.
    let near = found.related.iter().find(|other| other.file == place.file);
    let near = near.map(|other| sources.position(&other.file, other.bytes.start).line);
    let words = Words::of(found, near, texts);
    let related = found.related.iter().map(|other| {
        let at = sources.position(&other.file, other.bytes.start);
        RelatedJson { file: path(&other.file), line: at.line, column: at.column, message: words.related.clone() }
    });
    DiagnosticJson {
        file: path(&place.file),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        code: found.code.as_str(),
        level: match found.code.level() {
            Level::Error => "error",
            Level::Warning => "warning",
        },
        related: related.collect(),
        message: words.message,
        hint: words.hint,
        transcript: found.transcript(),
    }
}
