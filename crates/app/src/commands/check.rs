//! `voronka check`: all mistakes of all files at once.
use std::process::ExitCode;
use crate::{cli::Check, out::{self, Problem}, texts::Texts};
use super::{run::folders, unreadable};

pub(crate) fn run(wish: &Check, _texts: &Texts) -> Result<ExitCode, Problem> {
    let mut errors = 0;
    for folder in folders(&wish.dir)? {
        let loaded = voronka_files::load(&folder).map_err(|error| unreadable(&folder, &error))?;
        for found in &loaded.diagnostics {
            errors += usize::from(found.code.level() == voronka_core::spec::diagnostic::Level::Error);
            out::line(&format!("{}/{}: {} {:?}", folder.display(), found.place.file, found.code.as_str(), found.args));
        }
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
