//! What an answer rests on, as it is stored with it: for the owner's eyes, who shows it, doubts it and mends the files.

use serde::Serialize;

use super::Ground;
use crate::{ports::ToolCall, turn::playbook::Playbook};

/// Longest arguments of a call that are kept, in characters.
const ARGUMENTS_CHARS_MAX: usize = 300;
/// Most products that are kept.
const PRODUCTS_MAX: usize = 12;

/// What worded an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Worded {
    /// A model.
    Model,
    /// The catalogue: cards or a list.
    Catalogue,
    /// A passage, word for word.
    Passages,
}

/// The small print of an answer.
#[derive(Debug, Serialize)]
pub(super) struct Basis<'a> {
    /// Files of the pages that were read.
    pages: Vec<&'a str>,
    /// Their passages, best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    passages: Vec<Read<'a>>,
    /// Ids of the products that the catalogue gave.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    products: Vec<&'a str>,
    /// Names of the tools that were called.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<&'a str>,
    /// The same with their arguments.
    #[serde(skip_serializing_if = "<[Called]>::is_empty")]
    calls: &'a [Called],
    /// Version of the system prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<&'static str>,
    worded: Worded,
}

/// A passage that was read.
#[derive(Debug, Serialize)]
struct Read<'a> {
    page: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    heading: &'a str,
    /// How sure it was that it bears on the question, in hundredths.
    sure: u8,
}

/// A tool that a model called.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Called {
    tool: String,
    /// As the model wrote them.
    arguments: String,
}

impl Called {
    pub(super) fn of(call: &ToolCall) -> Self {
        Self { tool: call.name.clone(), arguments: call.arguments.chars().take(ARGUMENTS_CHARS_MAX).collect() }
    }
}

impl<'a> Basis<'a> {
    pub(super) fn of(
        grounds: &'a [Ground],
        worded: Worded,
        prompt: Option<&'static str>,
        calls: &'a [Called],
        book: &'a Playbook,
    ) -> Self {
        let read: Vec<_> = grounds.iter().flat_map(|ground| &ground.passages).collect();
        let found = grounds.iter().filter_map(|ground| ground.found.as_ref());
        let goods = found.flat_map(|(_, found)| found.sold_out.iter().chain(&found.goods)).take(PRODUCTS_MAX);
        let mut pages: Vec<&str> = Vec::new();
        for passage in &read {
            if !pages.contains(&passage.page.as_str()) {
                pages.push(&passage.page);
            }
        }
        let passages = read.into_iter().map(|passage| {
            // A score is between 0 and 1.
            let sure = (passage.score.clamp(0.0, 1.0) * 100.0).round();
            Read { page: &passage.page, heading: &passage.heading, sure: hundredths(sure) }
        });
        Self {
            passages: passages.collect(),
            pages,
            products: goods
                .filter_map(|at| book.spec.catalogue.products.get(*at))
                .map(|product| &*product.id)
                .collect(),
            tools: calls.iter().map(|call| call.tool.as_str()).collect(),
            calls,
            prompt,
            worded,
        }
    }

    pub(super) fn json(&self) -> String {
        // Nothing here fails to serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn hundredths(value: f32) -> u8 {
    (0..=100_u8).rev().find(|whole| f32::from(*whole) <= value).unwrap_or(0)
}
