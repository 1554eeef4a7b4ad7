//! The partner's pause as its owner sees it: since when, at whose wish, how many wait; and its end, for an owner who cannot write
//! to the bot.

use std::sync::Arc;

use axum::{Extension, extract::State, response::Response};
use voronka_core::spec::config::Pause;

use super::{
    BASE, House,
    admit::Visit,
    login::Need,
    page::{self, Frame, Problem},
    show::Dates,
};

/// A pause that lasts.
pub(super) struct Paused {
    pub(super) since: String,
    pub(super) by: String,
    /// How many wait for an answer; 0: nobody.
    pub(super) waiting: u32,
    /// Where its button posts to; `None`: whoever reads may not end it.
    pub(super) end: Option<String>,
}

impl Paused {
    /// `None`: there is no pause.
    pub(super) async fn of(house: &House, visit: &Visit, f: &Frame, dates: &Dates) -> Result<Option<Self>, Problem> {
        let adjustments = house.admin.adjusted.of(&visit.partner.id).await?;
        let Some(Pause { since, by }) = adjustments.pause().cloned() else { return Ok(None) };
        let may_end = visit.door.who.may(&visit.partner.id, Need::Settings);
        Ok(Some(Self {
            since: dates.full(since),
            by,
            waiting: f.figures.waiting,
            end: may_end.then(|| format!("{}/pause/end", f.base)),
        }))
    }
}

/// A second click changes nothing.
pub(super) async fn end(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let partner = &visit.partner.id;
    if house.admin.adjusted.end_pause(partner).await?.is_some() {
        tracing::info!(%partner, "the pause was ended on the owner's page");
    }
    Ok(page::go_to(&format!("{BASE}/{partner}/more")))
}
