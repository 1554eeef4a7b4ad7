//! Buttons: which can be shown, what becomes of the others, and in what rows they stand.

use super::cut::shortened;
use crate::{
    capabilities::{ButtonLimits, Capabilities},
    message::{Button, List, Press},
    spec::rich::Rich,
};

/// The buttons that the channel can show. The others become words: links a line each, too many a numbered list of all, of
/// which as many stay as there is room for; a button that shares what the channel cannot share is dropped.
pub(super) fn shown(wanted: Vec<Button>, list: List, capabilities: &Capabilities, text: &mut Rich) -> Vec<Button> {
    let mut buttons = Vec::with_capacity(wanted.len());
    for button in wanted {
        match &button.press {
            Press::ShareContact if capabilities.buttons.is_none() || !capabilities.contact_button.it() => {}
            Press::SharePlace if capabilities.buttons.is_none() || !capabilities.place_button.it() => {}
            Press::Url { url } if capabilities.buttons.is_none() || !capabilities.url_buttons.it() => {
                let line = format!("{}: {url}", button.label);
                text.add_line(&line, Some(url));
            }
            Press::Token { .. } | Press::Url { .. } | Press::ShareContact | Press::SharePlace => buttons.push(button),
        }
    }
    let Some(limits) = capabilities.buttons.as_ref().filter(|limits| limits.count_max > 0 && limits.label_max > 0)
    else {
        enumerate(&buttons, list, text);
        return Vec::new();
    };
    if buttons.len() > limits.count_max {
        // Half a choice in buttons would hide the other half: the list names all, and a number or a name answers it. Only
        // what has no words to answer with stays a button.
        let (said, pressed): (Vec<Button>, Vec<Button>) =
            buttons.into_iter().partition(|button| matches!(button.press, Press::Token { .. }));
        enumerate(&said, list, text);
        buttons = pressed;
        let rest = buttons.split_off(buttons.len().min(limits.count_max));
        for button in rest {
            if let Press::Url { url } = &button.press {
                text.add_line(&format!("{}: {url}", button.label), Some(url));
            }
        }
    }
    for button in &mut buttons {
        button.label = shortened(&button.label, limits.label_max);
    }
    buttons
}

/// «1. Малина», a line each.
fn enumerate(buttons: &[Button], list: List, text: &mut Rich) {
    for (n, button) in buttons.iter().enumerate() {
        if n == 0 && !text.text.trim().is_empty() && !text.text.ends_with('\n') {
            text.text.push('\n');
        }
        let line = match list {
            List::Numbers => format!("{}. {}", n + 1, button.label),
            List::Bullets => format!("• {}", button.label),
        };
        text.add_line(&line, None);
    }
}

/// Rows of buttons: short labels side by side, a long one alone.
pub(super) fn rows(buttons: Vec<Button>, limits: &ButtonLimits) -> Vec<Vec<Button>> {
    let per_row = limits.per_row.max(1);
    let mut rows: Vec<Vec<Button>> = Vec::new();
    for button in buttons {
        // A row shares the width of a full one: three letters a button where there are eight, more where there are two.
        let room = |in_row: usize| limits.label_comfortable.saturating_mul(per_row) / in_row.max(1);
        let letters = |button: &Button| button.label.chars().count();
        match rows.last_mut() {
            Some(row)
                if row.len() < per_row
                    && row.iter().chain([&button]).all(|one| letters(one) <= room(row.len() + 1)) =>
            {
                row.push(button);
            }
            _ => rows.push(vec![button]),
        }
    }
    rows
}
