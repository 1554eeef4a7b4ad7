//! What edited files mean for conversations under way.

use std::sync::Arc;

use super::{
    diagnostic::{Code, Diagnostic, Place},
    flow::StepId,
    partner::PartnerSpec,
};
use crate::ids::FlowId;

/// F210: steps at which conversations stand, and which the files have no more. A flow with `on_change` says what is to be done
/// then. `standing`: flow, step and how many stand there.
pub fn gone(spec: &PartnerSpec, standing: &[(String, String, u64)]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (id, step, count) in standing {
        let Some(flow) = FlowId::parse(id).ok().and_then(|id| spec.flows.get(&id)) else { continue };
        let there = flow.find(&StepId(Arc::from(step.as_str()))).is_some();
        if there || flow.on_change.is_some() {
            continue;
        }
        let Some(first) = flow.steps.first() else { continue };
        let place = Place::new(&first.place.file, 0..0);
        let args = vec![("id", step.clone()), ("n", count.to_string())];
        found.push(Diagnostic { place, code: Code::F210, args, related: Vec::new() });
    }
    found
}
