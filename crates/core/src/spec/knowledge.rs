//! What a partner's bot may know: `knowledge/*.md`.

mod read;

use std::sync::Arc;

use jiff::civil::Date;

use crate::lang::Lang;

pub(crate) use read::read;

/// A page of knowledge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its path under `knowledge/` (`allergens.md`).
    pub path: Arc<str>,
    /// Its title: stated, else the first heading, else the file's name.
    pub title: String,
    /// Other words it is found by.
    pub also: Vec<String>,
    /// The last day it may be used.
    pub valid_until: Option<Date>,
    /// Who may be answered from it.
    pub audience: Audience,
    /// Products it is about, by id.
    pub products: Vec<String>,
    /// Its language; `None` = the partner's main one.
    pub lang: Option<Lang>,
    /// Its text: Markdown without the front matter.
    pub body: Arc<str>,
}

impl Page {
    /// Whether answers may rest on it on this day.
    pub fn valid_on(&self, day: Date) -> bool {
        self.valid_until.is_none_or(|last| day <= last)
    }
}

/// Who may be answered from a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Audience {
    /// Customers and the team.
    #[default]
    Customers,
    /// The team alone.
    Team,
}
