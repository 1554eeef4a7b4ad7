//! `voronka broadcast`: what the team sends to many. The running house sends it; this only asks.

use std::{
    borrow::Cow,
    io::{self, BufRead, IsTerminal},
    process::ExitCode,
};

use super::unreadable;
use crate::{
    broadcasts::{Act, BroadcastWish as Asked, Done, Phase, Preview, Standing},
    cli::{Broadcast, BroadcastWish, OneBroadcast},
    observe::{Client, ControlError},
    out::{self, Problem},
    texts::Texts,
};

pub(super) async fn run(wish: Broadcast, texts: &Texts) -> Result<ExitCode, Problem> {
    let reached = Client::reach(&wish.data).await.map_err(|error| unreadable(&wish.data, &error))?;
    let house = reached.ok_or_else(|| {
        let args = vec![("path", wish.data.display().to_string())];
        Problem::new("broadcast-no-house", args).hint("broadcast-no-house-hint")
    })?;
    let (one, act) = match &wish.wish {
        BroadcastWish::Preview(one) => (one, Act::Preview),
        BroadcastWish::Test(test) => (&test.one, Act::Test { member: test.to.clone() }),
        BroadcastWish::Start(start) => {
            if !start.yes && !agreed(&house, &start.one, texts).await? {
                return Ok(ExitCode::FAILURE);
            }
            (&start.one, Act::Start)
        }
        BroadcastWish::Stop(one) => (one, Act::Stop),
        BroadcastWish::Status(one) => (one, Act::Status),
    };
    let done = asked(&house, one, act).await?;
    if wish.json {
        out::line(&serde_json::to_string(&done).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    match &done {
        Done::Previewed(preview) => tell(preview, texts),
        Done::Shown { messages } => {
            out::note(&texts.get("broadcast-shown", &[("count", Cow::from(messages.to_string()))]));
        }
        Done::At(standing) => out::line(&words(standing, one, texts)),
    }
    Ok(ExitCode::SUCCESS)
}

async fn asked(house: &Client, one: &OneBroadcast, act: Act) -> Result<Done, Problem> {
    let asked = Asked { partner: one.partner.clone(), sequence: one.sequence.clone(), act };
    let failed = |error: ControlError| Problem::new("broadcast-failed", vec![("cause", error.to_string())]);
    house.broadcast(&asked).await.map_err(failed)?
}

/// Who is not asked has agreed on the command line, or does not send.
async fn agreed(house: &Client, one: &OneBroadcast, texts: &Texts) -> Result<bool, Problem> {
    if !io::stdin().is_terminal() {
        return Err(Problem::new("broadcast-unasked", vec![]).hint("broadcast-unasked-hint"));
    }
    let Done::Previewed(preview) = asked(house, one, Act::Preview).await? else { return Ok(false) };
    tell(&preview, texts);
    out::note(&texts.get("broadcast-ask", &[("count", Cow::from((preview.now + preview.later).to_string()))]));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|error| unreadable("-".as_ref(), &error))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "да" | "д" | "yes" | "y"))
}

fn tell(preview: &Preview, texts: &Texts) {
    for message in &preview.messages {
        out::line(message);
        out::line("");
    }
    let count = |count: u64| Cow::from(count.to_string());
    let args = [
        ("now", count(preview.now)),
        ("later", count(preview.later)),
        ("had", count(preview.had)),
        ("left_out", count(preview.left_out)),
        ("barred", count(preview.barred)),
    ];
    out::note(&texts.get("broadcast-preview", &args));
    if preview.ad && preview.barred > 0 {
        out::note(&texts.get("broadcast-ad", &[]));
    }
}

fn words(standing: &Standing, one: &OneBroadcast, texts: &Texts) -> String {
    let key = match standing.phase {
        Phase::New => "broadcast-new",
        Phase::Sending => "broadcast-sending",
        Phase::Stopping => "broadcast-is-stopping",
        Phase::Sent => "broadcast-sent",
        Phase::Stopped => "broadcast-stopped",
    };
    let met = Cow::from(standing.met.to_string());
    texts.get(key, &[("sequence", Cow::from(one.sequence.clone())), ("met", met)])
}
