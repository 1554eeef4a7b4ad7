//! What each route needs. A route that is not here is not there for anybody: forgetting one shuts it.

use axum::http::Method;

/// What whoever asks must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Need {
    /// Anybody: the way to the pages.
    Open,
    /// Signed in.
    SignedIn,
    /// Signed in, and the second factor was shown lately: one's own keys.
    OwnKeys,
    /// Runs the house: all partners beside each other.
    House,
    /// May see a partner's customers, leads and orders.
    Read,
    /// May talk to them.
    Answer,
    /// May move orders.
    Sell,
    /// May see how the business does, on a page that others see without it.
    Figures,
    /// May send to many.
    Broadcast,
    /// May try again or drop what could not be processed.
    Mend,
    /// May see the partner's settings, and end a pause.
    Settings,
    /// May take data along; the second factor was shown lately.
    Export,
}

impl Need {
    /// Whether the second factor must have been shown lately.
    pub(super) fn wants_proof(self) -> bool {
        matches!(self, Self::OwnKeys | Self::Export)
    }

    #[cfg(test)]
    pub(super) const ALL: [Self; 12] = [
        Self::Open,
        Self::SignedIn,
        Self::OwnKeys,
        Self::House,
        Self::Read,
        Self::Answer,
        Self::Sell,
        Self::Figures,
        Self::Broadcast,
        Self::Mend,
        Self::Settings,
        Self::Export,
    ];
}

/// All routes below `/admin`.
pub(super) const RULES: &[(Method, &str, Need)] = &[
    (Method::GET, "/", Need::SignedIn),
    (Method::GET, "/.assets/{name}", Need::Open),
    (Method::GET, "/.look/{name}", Need::Open),
    (Method::GET, "/.login", Need::Open),
    (Method::POST, "/.login", Need::Open),
    (Method::POST, "/.logout", Need::Open),
    (Method::GET, "/.join/{token}", Need::Open),
    (Method::POST, "/.join/{token}", Need::Open),
    (Method::GET, "/.again", Need::SignedIn),
    (Method::POST, "/.again", Need::SignedIn),
    (Method::GET, "/.account", Need::SignedIn),
    (Method::POST, "/.account/out", Need::SignedIn),
    (Method::POST, "/.account/codes", Need::OwnKeys),
    (Method::GET, "/.partners", Need::House),
    (Method::GET, "/{partner}", Need::Read),
    (Method::GET, "/{partner}/chats", Need::Read),
    (Method::POST, "/{partner}/me", Need::Read),
    (Method::GET, "/{partner}/chats.csv", Need::Export),
    (Method::GET, "/{partner}/chats/{conversation}", Need::Read),
    (Method::GET, "/{partner}/chats/{conversation}/messages", Need::Read),
    (Method::GET, "/{partner}/chats/{conversation}/files/{message}", Need::Read),
    (Method::POST, "/{partner}/chats/{conversation}/take", Need::Answer),
    (Method::POST, "/{partner}/chats/{conversation}/back", Need::Answer),
    (Method::POST, "/{partner}/chats/{conversation}/handled", Need::Answer),
    (Method::POST, "/{partner}/chats/{conversation}/reply", Need::Answer),
    (Method::POST, "/{partner}/chats/{conversation}/note", Need::Answer),
    (Method::POST, "/{partner}/chats/{conversation}/wrong", Need::Answer),
    (Method::POST, "/{partner}/chats/{conversation}/same", Need::Answer),
    (Method::POST, "/{partner}/chats/{conversation}/not-same", Need::Answer),
    (Method::POST, "/{partner}/chats/{conversation}/split", Need::Answer),
    (Method::GET, "/{partner}/leads", Need::Read),
    (Method::GET, "/{partner}/leads.csv", Need::Export),
    (Method::GET, "/{partner}/orders", Need::Read),
    (Method::GET, "/{partner}/orders.csv", Need::Export),
    (Method::POST, "/{partner}/orders/{order}/move", Need::Sell),
    (Method::POST, "/{partner}/orders/{order}/undo", Need::Sell),
    (Method::GET, "/{partner}/more", Need::Read),
    (Method::GET, "/{partner}/questions", Need::Read),
    (Method::GET, "/{partner}/questions.csv", Need::Export),
    (Method::GET, "/{partner}/broadcasts", Need::Read),
    (Method::GET, "/{partner}/broadcasts/{sequence}", Need::Read),
    (Method::POST, "/{partner}/broadcasts/{sequence}/test", Need::Broadcast),
    (Method::POST, "/{partner}/broadcasts/{sequence}/start", Need::Broadcast),
    (Method::POST, "/{partner}/broadcasts/{sequence}/stop", Need::Broadcast),
    (Method::GET, "/{partner}/settings", Need::Settings),
    (Method::GET, "/{partner}/settings/file", Need::Settings),
    (Method::POST, "/{partner}/letters/{letter}/retry", Need::Mend),
    (Method::POST, "/{partner}/letters/{letter}/drop", Need::Mend),
    (Method::POST, "/{partner}/pause/end", Need::Settings),
    (Method::GET, "/{partner}/events", Need::Read),
];

/// What a route needs; `None`: it is not there.
pub(super) fn need(method: &Method, path: &str) -> Option<Need> {
    // What is asked for by HEAD is answered as by GET, without the body.
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    RULES.iter().find(|(of, route, _)| of == method && *route == path).map(|(_, _, need)| *need)
}
