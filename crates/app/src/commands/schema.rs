//! `voronka schema`: JSON Schemas of a partner's files, for editors.

use std::{borrow::Cow, fs, process::ExitCode};

use voronka_core::spec::schema;

use super::chain;
use crate::{
    cli::Schema,
    out::{self, Problem},
    texts::Texts,
};

pub(crate) fn run(wish: &Schema, texts: &Texts) -> Result<ExitCode, Problem> {
    let problem = |error: &std::io::Error| {
        let args = vec![("path", wish.dir.display().to_string()), ("cause", chain(error))];
        Problem::new("problem-schemas", args)
    };
    fs::create_dir_all(&wish.dir).map_err(|error| problem(&error))?;
    let schemas = schema::all();
    for (name, schema) in &schemas {
        let text = serde_json::to_string_pretty(schema).unwrap_or_default() + "\n";
        fs::write(wish.dir.join(format!("{name}.json")), text).map_err(|error| problem(&error))?;
    }
    let args = [("count", Cow::from(schemas.len().to_string())), ("dir", Cow::from(wish.dir.display().to_string()))];
    out::note(&texts.get("schemas-written", &args));
    Ok(ExitCode::SUCCESS)
}
