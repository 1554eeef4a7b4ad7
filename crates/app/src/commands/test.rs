//! `voronka test`: a partner's scripted customers, one by one.

use std::{borrow::Cow, path::Path, process::ExitCode, sync::Arc};

use serde_json::json;
use voronka_core::spec::{diagnostic::Level, partner::PartnerSpec, position::Located, script::Script};
use voronka_files::LoadedPartner;

use super::{check, folder_of};
use crate::{
    cli::Test,
    diagnostics::{Look, Told},
    out::{self, Problem},
    rehearse::{Tested, rehearse},
    texts::Texts,
};

pub(crate) fn run(wish: &Test, texts: &Texts) -> Result<ExitCode, Problem> {
    let folder = folder_of(&wish.partner)?;
    let loaded = voronka_files::load(&folder).map_err(|error| check::refused(&folder, &error))?;
    // Keys of messengers are not needed: nobody is written to.
    let read = PartnerSpec::parse(loaded.id.clone(), &loaded.files);
    let name = folder.display().to_string();
    let Some(spec) = read.spec else {
        let mut broken = read.diagnostics;
        broken.retain(|found| found.code.level() == Level::Error);
        let told = Told::new(&broken, &loaded.files, &name, texts);
        print(&told, &name, wish, texts);
        return Ok(ExitCode::FAILURE);
    };
    let scripts = wanted(read.scripts, wish.file.as_deref(), &folder)?;
    let rehearsed = rehearse(&Arc::new(spec), &scripts);
    for test in &rehearsed.tests {
        tell(test, &loaded, &name, wish, texts);
    }
    let failed = rehearsed.tests.iter().filter(|test| test.failure.is_some()).count();
    if !wish.json {
        let (count, failed) = (rehearsed.tests.len().to_string(), failed.to_string());
        let key = if failed == "0" { "test-passed" } else { "test-failed" };
        out::line(&texts.get(key, &[("count", Cow::from(count)), ("failed", Cow::from(failed))]));
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The scripts of a file, however it is named: `tort`, `tests/tort.yaml`, or a path to it.
fn wanted(mut scripts: Vec<Script>, file: Option<&Path>, folder: &Path) -> Result<Vec<Script>, Problem> {
    if let Some(file) = file {
        let inside = file.strip_prefix(folder).unwrap_or(file);
        let named = |script: &Script| {
            let path = Path::new(&*script.place.file);
            path.ends_with(inside) || path.with_extension("").ends_with(inside) || file.ends_with(path)
        };
        scripts.retain(named);
    }
    if scripts.is_empty() {
        let named = file.map_or_else(|| folder.join("tests"), Path::to_path_buf);
        let args = vec![("path", named.display().to_string())];
        return Err(Problem::new("problem-no-tests", args).hint("problem-no-tests-hint"));
    }
    Ok(scripts)
}

fn print(told: &Told<'_>, name: &str, wish: &Test, texts: &Texts) {
    if wish.json {
        told.json().for_each(|line| out::line(&line));
    } else {
        told.lines(name, Look::of_stdout(), texts).for_each(|line| out::line(&line));
    }
}

fn tell(test: &Tested, loaded: &LoadedPartner, name: &str, wish: &Test, texts: &Texts) {
    let line = Located::of(&test.place, &loaded.files).start.line;
    let file = format!("{name}/{}", test.place.file);
    let failure: Vec<_> = test.failure.iter().cloned().collect();
    let told = Told::new(&failure, &loaded.files, name, texts);
    if wish.json {
        let failure: Option<serde_json::Value> = told.json().next().and_then(|text| serde_json::from_str(&text).ok());
        let told = json!({
            "file": file, "line": line, "test": test.name, "passed": failure.is_none(), "failure": failure,
            "transcript": test.transcript,
        });
        return out::line(&told.to_string());
    }
    let sign = if failure.is_empty() { '✓' } else { '✗' };
    out::line(&format!("{sign} {file}:{line} {}", test.name));
    print(&told, name, wish, texts);
}
