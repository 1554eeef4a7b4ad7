use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::value::RawValue;

/// Most tool loops that are remembered.
const LOOPS_MAX: usize = 512;
/// Ids of OpenAI are longer than this; shorter ones may not be unique among conversations.
const ID_LENGTH_MIN: usize = 16;

/// Reasoning that must travel back with the calls it led to, until their results are in: opaque, encrypted items. Kept in
/// this process alone, for a turn that is cut off begins anew.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    loops: Mutex<VecDeque<(String, Reasoning)>>,
}

/// The items, as they came.
pub(crate) type Reasoning = Arc<[Box<RawValue>]>;

impl Memory {
    /// Remembers what led to the calls that begin with this one.
    pub(crate) fn keep(&self, first_call: &str, reasoning: Vec<Box<RawValue>>) {
        if first_call.len() < ID_LENGTH_MIN || reasoning.is_empty() {
            return;
        }
        let mut loops = self.loops.lock().unwrap_or_else(PoisonError::into_inner);
        loops.retain(|(call, _)| call != first_call);
        if loops.len() >= LOOPS_MAX {
            loops.pop_front();
        }
        loops.push_back((first_call.to_owned(), reasoning.into()));
    }

    /// What led to the calls that begin with this one.
    pub(crate) fn of(&self, first_call: &str) -> Option<Reasoning> {
        let loops = self.loops.lock().unwrap_or_else(PoisonError::into_inner);
        loops.iter().rev().find(|(call, _)| call == first_call).map(|(_, reasoning)| Arc::clone(reasoning))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_an_end_and_ids_that_may_collide_are_not_kept() {
        let memory = Memory::default();
        let item = || vec![RawValue::from_string("{}".into()).unwrap()];
        memory.keep("call_0", item());
        assert!(memory.of("call_0").is_none());
        for n in 0..=LOOPS_MAX {
            memory.keep(&format!("call_{n:020}"), item());
        }
        assert!(memory.of(&format!("call_{:020}", 0)).is_none());
        assert!(memory.of(&format!("call_{LOOPS_MAX:020}")).is_some());
    }
}
