use std::collections::HashSet;

use voronka_core::ports::{ChatMessage, Prompt};

/// Ids for tool calls that are unique in the whole tool loop, whatever the vendor sends: some send none, some the tool's name.
#[derive(Debug)]
pub struct CallIds {
    taken: HashSet<String>,
}

impl CallIds {
    /// Ids unlike those that the prompt has.
    pub fn beside(prompt: &Prompt) -> Self {
        let calls = prompt.messages.iter().flat_map(|message| match message {
            ChatMessage::Assistant { calls, .. } => calls.as_slice(),
            ChatMessage::User { .. } | ChatMessage::Tool { .. } => &[],
        });
        Self { taken: calls.map(|call| call.id.clone()).collect() }
    }

    /// The vendor's id if it will do, else one of ours.
    pub fn take(&mut self, vendors: &str) -> String {
        let mut id = vendors.to_owned();
        let mut number = self.taken.len();
        while id.is_empty() || self.taken.contains(&id) {
            id = format!("call_{number}");
            number += 1;
        }
        self.taken.insert(id.clone());
        id
    }
}
