//! Parts of pages that the program itself writes: lists of codes and phrases, the help of each command.

use std::fmt::Write as _;

use clap::{Command, CommandFactory};
use voronka_core::spec::{
    config::Gender,
    diagnostic::{Code, Level},
    texts::Phrase,
};

use super::{Tongue, page::Page, pages, settle};
use crate::{
    cli::{Cli, worded},
    diagnostics::can_mend,
    texts::Texts,
};

const END: &str = "<!-- end -->";

/// What stands between `<!-- generated: NAME -->` and the end.
fn part(name: &str, page: &Page) -> String {
    let texts = page.tongue.texts();
    match name {
        "codes" => codes(page.tongue),
        "phrases" => phrases(page.tongue),
        "commands" => commands(&texts),
        other => panic!("{}: nobody writes {other}", page.name()),
    }
}

/// A table of all codes with links to their stories.
fn codes(tongue: Tongue) -> String {
    let pages = pages(tongue);
    let (error, warning, head) = match tongue {
        Tongue::Russian => ("ошибка", "предупреждение", "| код | что это | о чём |\n| --- | --- | --- |\n"),
        Tongue::English => ("error", "warning", "| code | level | about |\n| --- | --- | --- |\n"),
    };
    let mut table = head.to_owned();
    for code in Code::ALL {
        let has = |page: &&Page| page.headings.iter().any(|heading| heading.text == code.as_str());
        let Some(page) = pages.iter().find(has) else { continue };
        let file = page.path.file_name().unwrap().to_string_lossy();
        let level = match code.level() {
            Level::Error => error,
            Level::Warning => warning,
        };
        let mend = if can_mend(*code) { ", `--fix`" } else { "" };
        let (name, anchor) = (code.as_str(), code.as_str().to_lowercase());
        let title = title(page, name);
        writeln!(table, "| [{name}]({file}#{anchor}) | {level}{mend} | {title} |").unwrap();
    }
    table
}

/// The words in bold that a story begins with.
fn title(page: &Page, code: &str) -> String {
    let at = page.headings.iter().position(|heading| heading.text == code).unwrap();
    let section = &page.text[page.section(at)];
    let bold = section.split("**").nth(1).unwrap_or_else(|| panic!("{}: {code} has no title", page.name()));
    bold.trim_end_matches('.').to_owned()
}

fn phrases(tongue: Tongue) -> String {
    let mut table = match tongue {
        Tongue::Russian => "| ключ | встроенные слова |\n| --- | --- |\n".to_owned(),
        Tongue::English => "| key | built-in words |\n| --- | --- |\n".to_owned(),
    };
    for phrase in Phrase::ALL {
        let words = match tongue {
            Tongue::Russian => phrase.russian(Gender::Feminine),
            Tongue::English => phrase.english(),
        };
        writeln!(table, "| `{}` | {} |", phrase.key(), words.replace('|', "\\|")).unwrap();
    }
    table
}

fn commands(texts: &Texts) -> String {
    let root = worded(Cli::command(), "cli", texts);
    let mut told = String::new();
    for command in root.get_subcommands() {
        describe(command, "voronka", &mut told);
    }
    told
}

/// A command with its arguments, and those below it.
fn describe(command: &Command, above: &str, told: &mut String) {
    let name = format!("{above} {}", command.get_name());
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    writeln!(told, "### `{name}`\n\n{about}.\n").unwrap();
    let own = command.get_arguments().filter(|arg| arg.get_help().is_some() && arg.get_id() != "help");
    let mut any = false;
    for arg in own {
        any = true;
        let value = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
        let shown = match arg.get_long() {
            Some(long) if arg.get_action().takes_values() => format!("--{long} {value}"),
            Some(long) => format!("--{long}"),
            None => value,
        };
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.trim_end_matches('.').replace('*', "\\*");
        let variable = arg.get_env().map(|name| format!(" (`{}`)", name.to_string_lossy())).unwrap_or_default();
        let usual: Vec<String> =
            arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
        let usual = if usual.is_empty() || !arg.get_action().takes_values() {
            String::new()
        } else {
            format!(" `= {}`", usual.join(","))
        };
        writeln!(told, "- `{shown}`{usual}{variable}: {help}.").unwrap();
    }
    if any {
        told.push('\n');
    }
    for below in command.get_subcommands() {
        describe(below, &name, told);
    }
}

#[test]
fn what_the_program_writes_into_the_book_is_up_to_date() {
    let mut seen = 0;
    for page in Tongue::BOTH.into_iter().flat_map(pages) {
        let mut wanted = String::new();
        let mut rest = page.text.as_str();
        while let Some((before, behind)) = rest.split_once("<!-- generated: ") {
            let (name, behind) = behind.split_once(" -->").unwrap();
            let (_, after) = behind.split_once(END).unwrap_or_else(|| panic!("{}: no {END}", page.name()));
            write!(wanted, "{before}<!-- generated: {name} -->\n\n{}\n{END}", part(name, &page)).unwrap();
            rest = after;
            seen += 1;
        }
        wanted.push_str(rest);
        settle(&page, &wanted);
    }
    assert_eq!(seen, 6, "codes, phrases and commands in both books");
}
