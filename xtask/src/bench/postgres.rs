//! Turns over PostgreSQL: what they cost bot and database together.

use super::{
    Stand,
    figure::Figure,
    load::{self, CHATS, OPEN_BOTS, Played, Who},
};
use crate::{
    botload::{How, Staged},
    peers::postgres::Server,
    shell::Failure,
};

/// Closed loop, nullbot and the binary in turn, each time over a fresh database with its usual settings.
pub(super) fn turns(stand: &mut Stand) -> Result<Vec<Figure>, Failure> {
    let messages = stand.extent.messages;
    let (mut floors, mut runs, mut databases) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..stand.extent.rounds {
        floors.push(load::play(stand, Who::Nullbot, 1, &load::closed(messages * 4))?.cpu_us());
        let (played, database_us) = over_postgres(stand, &load::closed(messages), 1, CHATS * messages)?;
        runs.push(played);
        databases.push(database_us);
    }
    let bots: Vec<f64> = runs.iter().map(Played::cpu_us).collect();
    let whole: Vec<f64> = bots.iter().zip(&databases).map(|(bot, database)| bot + database).collect();
    let ratios = whole.iter().zip(&floors).map(|(whole, floor)| whole / floor).collect();
    let waits = waits(stand, &runs)?;
    let name = "CPU of a durable LLM turn over PostgreSQL, bot and database, of nullbot's";
    let mut figures = vec![
        Figure::new("postgres_cpu_ratio", name, "×", ratios).at_most(8.0),
        Figure::new("postgres_cpu_us", "CPU of a turn over PostgreSQL, bot and database", "µs", whole),
        Figure::new("postgres_bot_cpu_us", "the same, the bot alone", "µs", bots),
        Figure::new("postgres_database_cpu_us", "the same, the database alone", "µs", databases),
        Figure::new(
            "postgres_turns_per_s",
            "durable turns a second over PostgreSQL, closed loop, 200 chats",
            "",
            runs.iter().map(Played::turns_per_s).collect(),
        ),
        Figure::new(
            "postgres_lost_calm",
            "lost, doubled or misplaced over PostgreSQL, without faults",
            "",
            runs.iter().map(load::wrong).collect(),
        )
        .at_most(0.0),
    ];
    figures.extend(waits);
    Ok(figures)
}

/// Open loop at parts of what the closed one came to: what is added to the model's time. Half is what is promised; what holds at
/// less is told beside it.
fn waits(stand: &Stand, closed: &[Played]) -> Result<Vec<Figure>, Failure> {
    let mut saturations: Vec<f64> = closed.iter().map(Played::turns_per_s).collect();
    saturations.sort_by(f64::total_cmp);
    let saturation = saturations[saturations.len() / 2];
    let mut figures = Vec::new();
    for (part, of, ids) in [
        (2.0, "half", ["postgres_added_p50", "postgres_added_p99"]),
        (4.0, "a quarter", ["postgres_added_p50_quarter", "postgres_added_p99_quarter"]),
        (8.0, "an eighth", ["postgres_added_p50_eighth", "postgres_added_p99_eighth"]),
    ] {
        let rate = saturation / part;
        let more = [("--llm-ms", stand.model_ms.to_string()), ("--bots", OPEN_BOTS.to_string())];
        let options = load::open_loop(rate, stand.extent.open_s, &more);
        let mut runs = Vec::new();
        for _ in 0..stand.extent.rounds {
            runs.push(over_postgres(stand, &options, OPEN_BOTS, 1)?.0);
        }
        let added = |quantile: &str| {
            let all = runs.iter().map(|run| run.number(&format!("/latency_ms/{quantile}")) - f64::from(stand.model_ms));
            all.collect::<Vec<f64>>()
        };
        let at = format!("at {rate:.0} turns/s over {OPEN_BOTS} bots, {of} of saturation, over PostgreSQL");
        let p50 = format!("added to the model's {} ms, p50, {at}", stand.model_ms);
        figures.push(Figure::new(ids[0], p50, "ms", added("p50")));
        let p99 = Figure::new(ids[1], "the same, p99", "ms", added("p99"));
        figures.push(if of == "half" { p99.at_most(20.0) } else { p99 });
    }
    Ok(figures)
}

/// One run over a fresh database, and what a turn of it cost the database in µs.
fn over_postgres(stand: &Stand, options: &[String], bots: usize, turns: usize) -> Result<(Played, f64), Failure> {
    let server = Server::for_voronka(&stand.binary)?;
    let staged = Staged::new(&stand.binary, How::Webhook, bots)?;
    let watch = server.watch();
    let address = server.address("postgres", "voronka_app");
    let played = load::play_with(stand, Some(staged), options, Some(&address))?;
    let (cpu_s, _memory) = watch.end();
    #[expect(clippy::cast_precision_loss, reason = "some ten thousand turns")]
    let turns = turns as f64;
    Ok((played, cpu_s * 1e6 / turns))
}
