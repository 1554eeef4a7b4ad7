//! Each statement names the partner whose rows it is about.

use super::*;

/// Statements that are of no partner: they frame transactions, or ask as `voronka_dispatch` what waits of all partners, which
/// sees keys alone.
const OF_NO_PARTNER: &[&str] = &[
    "SELF_CHECK",
    "SCHEMA_FOUND",
    "SCHEMA_NUMBER",
    "SERVER_VERSION",
    "BLOCKERS",
    "MIGRATED",
    "AS_DISPATCH",
    "AS_OURSELVES",
    "NUMBERS_PASS",
    "LETTER_NUMBERS_PASS",
    "WAITING",
    "TIMERS_DUE",
    "TIMER_NEXT",
    "UNSENT",
    "COUNT_MAIL",
    "OLDEST_MAIL",
    "COUNT_OUTBOX",
    "OLDEST_BUBBLE",
    "COUNT_TIMERS",
    "COUNT_LETTERS",
    "SIGN",
    "SIGN_AGAIN",
    "FREE_OF_DEAD",
    "BURY",
    "INSTANCES",
    "LEASES",
    "LEASES_TAKE",
    "LEASES_LET_GO",
    "LEAVE",
    "WANT",
    "NEWS_ADD",
    "NEWS_LAST",
    "NEWS",
    "NEWS_DROP",
    "VALUE_HOLDERS",
    "BACKUP_TAKE",
    "BACKUP_LAST",
    "BACKUP_RENEW",
    "BACKUP_END",
];

/// The tables of a statement that are not bound to the partner: they would be read across partners, were it not for row-level
/// security.
fn unbound(sql: &str) -> Vec<String> {
    let named = |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let (mut unbound, mut without_alias) = (Vec::new(), 0);
    for (at, _) in sql.match_indices("voronka.").filter(|(at, _)| !sql[..*at].ends_with('\'')) {
        let table = named(&sql[at + "voronka.".len()..]);
        let behind = sql[at + "voronka.".len() + table.len()..].trim_start().trim_start_matches("AS ");
        let alias = named(behind);
        let has_alias = !alias.is_empty() && alias.chars().all(char::is_lowercase);
        let is_bound = if sql[..at].trim_end().ends_with("INTO") {
            let columns = if has_alias { behind[alias.len()..].trim_start() } else { behind };
            columns.starts_with("(partner, ") && (sql.contains("SELECT $1, ") || sql.contains("VALUES ($1, "))
        } else if has_alias {
            sql.contains(&format!("{alias}.partner = ")) || sql.contains(&format!("= {alias}.partner"))
        } else {
            without_alias += 1;
            sql.matches("WHERE partner = $1").count() >= without_alias
        };
        if !is_bound {
            unbound.push(table);
        }
    }
    unbound
}

/// S-54.
#[test]
fn every_sql_names_partner() {
    for (name, sql) in all().filter(|(name, _)| !OF_NO_PARTNER.contains(name)) {
        assert!(sql.contains("$1"), "{name}");
        assert_eq!(unbound(sql), Vec::<String>::new(), "{name}");
    }
    assert!(OF_NO_PARTNER.iter().all(|name| all().any(|(known, _)| known == *name)));
}

#[test]
fn a_table_that_is_not_bound_to_the_partner_is_found() {
    for (sql, table) in [
        ("SELECT text FROM voronka.messages WHERE seq = $1", "messages"),
        (
            "SELECT 1 FROM voronka.orders o JOIN voronka.customers u ON u.id = o.customer WHERE o.partner = $1",
            "customers",
        ),
        (
            "SELECT 1 FROM voronka.orders o WHERE o.partner = $1 AND EXISTS (SELECT FROM voronka.leads WHERE heat > 0)",
            "leads",
        ),
        (
            "DELETE FROM voronka.outbox o USING unnest($2::uuid[]) AS t (id) WHERE o.id = t.id AND t.partner = $1",
            "outbox",
        ),
        ("UPDATE voronka.leads SET heat = 0 WHERE customer = $1", "leads"),
        ("INSERT INTO voronka.facts (customer, name) VALUES ($1, $2)", "facts"),
    ] {
        assert_eq!(unbound(sql), [table], "{sql}");
    }
}

/// What other files make of a table's name is bound to the partner as well.
#[test]
fn no_other_file_has_sql_that_does_not_name_the_partner() {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && name != "tests" && name != "sql" {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") && name != "sql.rs" && name != "tests.rs" {
                let text = std::fs::read_to_string(&path).unwrap();
                let words = ["FROM voronka.", "INTO voronka.", "UPDATE voronka.", "JOIN voronka."];
                for line in text.lines().filter(|line| words.iter().any(|word| line.contains(word))) {
                    assert!(line.contains("partner"), "{name}: {line}");
                }
            }
        }
    }
}
