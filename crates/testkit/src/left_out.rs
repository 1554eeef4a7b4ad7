//! What cannot be tested on a machine is told.

use std::{env, fs::File, io::Write};

/// What cannot be tested on this machine; `cargo xtask test` tells it at its end.
///
/// # Panics
/// When the list, if one is asked for, cannot be written.
pub fn left_out(what: &str) {
    let _told = writeln!(std::io::stderr(), "LEFT OUT: {what}");
    let Some(path) = env::var_os("VORONKA_LEFT_OUT") else { return };
    let mut file = File::options().create(true).append(true).open(path).expect("the list can be written");
    file.write_all(format!("{what}\n").as_bytes()).expect("the list can be written");
}
