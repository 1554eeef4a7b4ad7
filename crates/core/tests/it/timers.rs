//! Timers: each rings once, in the partner's time, and one that was cancelled says nothing though its event is on its way.

use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    message::{Event, TeamAction, Timer},
    rows::{Lane, TimerRow, TurnCommit},
};
use voronka_testkit::Rehearsal;

use crate::{
    partners::playbook,
    shop::{NOON, fact, files, shop, text},
};

const ASKS: &str = "title: Заказ
about: клиент заказывает
start: {commands: [/a]}
silence: [{after: 1h, say: Вы тут?}, {after: 20h, end: бросил}]
steps:
  - ask: Сколько гостей?
    as: гости
    number: {min: 1, max: 50}
  - ask: Какая начинка?
    as: начинка
    choice: {ягоды: Ягоды, шоколад: Шоколад}
  - say: Записали.
";
const WAITS: &str = "title: Пауза
about: пауза
start: {commands: [/a]}
steps:
  - say: Минутку.
  - wait: 10m
  - say: Готово.
";

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

/// A conversation in another zone, begun at a moment.
fn in_zone(zone: &str, quiet: &str, silence: &str, begun: &str) -> Rehearsal {
    let flow = ASKS.replace("silence: [{after: 1h, say: Вы тут?}, {after: 20h, end: бросил}]", silence);
    let mut files = files(&[("a", &flow)]);
    let config = String::from_utf8(files["config.yaml"].clone()).expect("a config");
    let config = config.replace("Europe/Moscow", zone).replace("21:00-9:00", quiet);
    files.insert("config.yaml".into(), config.into_bytes());
    let mut talk = Rehearsal::new(playbook("lavka", &files), "telegram", begun);
    talk.me("/a");
    talk
}

/// The timers that the last turn set, and their moments.
fn set(talk: &Rehearsal) -> Vec<(Timer, Timestamp)> {
    let rows = talk.last.iter().flat_map(|commit| &commit.timers);
    rows.filter_map(|row| match row {
        TimerRow::Set { due, timer } => Some((timer.clone(), *due)),
        TimerRow::Cancel { .. } => None,
    })
    .collect()
}

fn due(talk: &Rehearsal) -> Timestamp {
    set(talk).first().expect("a timer was set").1
}

fn rings(talk: &Rehearsal, timer: &Timer) -> (Timestamp, Event) {
    let due = talk.state().timers[timer.name()];
    (due, Event::Timer { timer: timer.clone() })
}

fn commit(talk: &Rehearsal) -> &TurnCommit {
    talk.last.as_ref().expect("a turn")
}

const FIRST: Timer = Timer::Silence { entry: 0 };

#[test]
fn a_reminder_whose_event_waits_behind_the_customers_answer_is_not_said() {
    let mut talk = shop(&[("a", ASKS)]);
    talk.me("/a");
    let late = rings(&talk, &FIRST);
    // In one turn, the answer first; then in turns of their own.
    let mut together = shop(&[("a", ASKS)]);
    together.me("/a");
    together.take(vec![(moment(NOON), text("12")), rings(&together, &FIRST)]);
    assert!(
        together.words().contains("Какая начинка?") && !together.words().contains("Вы тут?"),
        "{:?}",
        together.said
    );
    talk.wait(SignedDuration::from_mins(30));
    talk.me("12");
    talk.take(vec![late]);
    assert!(talk.said.is_empty(), "{:?}", talk.said);
    assert_eq!(talk.state().run.expect("the flow goes on").silences, 0);
    talk.wait(SignedDuration::from_mins(61));
    assert!(talk.words().contains("Вы тут?"), "the new silence is counted as ever");
}

#[test]
fn who_writes_while_the_reminder_waits_before_the_answer_is_not_asked_whether_they_are_there() {
    let mut talk = shop(&[("a", ASKS)]);
    talk.me("/a");
    talk.take(vec![rings(&talk, &FIRST), (moment(NOON), text("12"))]);
    assert!(talk.words().contains("Какая начинка?") && !talk.words().contains("Вы тут?"), "{:?}", talk.said);
    assert_eq!(set(&talk).len(), 1, "and silence is counted from now");
}

#[test]
fn a_reminder_says_nothing_once_a_person_took_over_or_the_customer_opted_out() {
    for end in ["person", "opted out"] {
        let mut talk = shop(&[("a", ASKS)]);
        talk.me("/a");
        let late = rings(&talk, &FIRST);
        match end {
            "person" => talk.team(TeamAction::TakeOver),
            _ => talk.me("/stop"),
        };
        assert!(commit(&talk).timers.contains(&TimerRow::Cancel { name: "silence" }), "in the same commit: {end}");
        talk.take(vec![late]);
        assert!(talk.said.is_empty(), "{end}: {:?}", talk.said);
    }
}

#[test]
fn a_wait_whose_flow_was_called_off_does_not_move_the_next_one() {
    let mut talk = shop(&[("a", WAITS)]);
    talk.me("/a");
    let late = rings(&talk, &Timer::Wait);
    talk.me("/cancel");
    talk.wait(SignedDuration::from_mins(3));
    talk.me("/a");
    talk.take(vec![late]);
    assert!(talk.said.is_empty(), "the wait of the new run is not over: {:?}", talk.said);
    talk.wait(SignedDuration::from_mins(10));
    assert!(talk.words().contains("Готово."));
}

#[test]
fn a_timer_that_rings_twice_acts_once() {
    let mut talk = shop(&[("a", WAITS)]);
    talk.me("/a");
    let rung = rings(&talk, &Timer::Wait);
    talk.take(vec![rung.clone(), rung.clone()]);
    assert_eq!(talk.said.len(), 1);
    talk.take(vec![rung]);
    assert!(talk.said.is_empty());
}

#[test]
fn a_timer_that_is_not_set_costs_no_statement() {
    let mut talk = shop(&[]);
    for words in ["привет", "доставка есть?", "спасибо"] {
        talk.me(words);
        assert!(commit(&talk).timers.is_empty(), "{:?}", commit(&talk).timers);
    }
    let mut asked = shop(&[("a", ASKS)]);
    asked.me("/a");
    asked.me("12");
    asked.me("ягоды");
    assert_eq!(commit(&asked).timers, [TimerRow::Cancel { name: "silence" }], "the flow is over");
    asked.me("спасибо");
    assert!(commit(&asked).timers.is_empty());
}

/// 02:30 does not exist on that day: clocks go from 02:00 to 03:00.
#[test]
fn a_day_later_in_the_gap_of_spring_is_the_next_time_there_is() {
    let silence = "silence: [{after: 1d, say: Вы тут?}]";
    let mut talk = in_zone("Europe/Berlin", "12:00-13:00", silence, "2027-03-27T02:30:00+01:00");
    assert_eq!(due(&talk), moment("2027-03-28T03:30:00+02:00"));
    talk.wait(SignedDuration::from_hours(23) - SignedDuration::from_mins(1));
    assert!(talk.words().is_empty());
    talk.wait(SignedDuration::from_hours(2));
    assert_eq!(talk.said.len(), 1);
}

/// 02:30 comes twice: clocks go from 03:00 to 02:00.
#[test]
fn a_day_later_in_the_fold_of_autumn_rings_once() {
    let silence = "silence: [{after: 1d, say: Вы тут?}]";
    let mut talk = in_zone("Europe/Berlin", "12:00-13:00", silence, "2027-10-30T02:30:00+02:00");
    assert_eq!(due(&talk), moment("2027-10-31T02:30:00+02:00"));
    talk.wait(SignedDuration::from_hours(30));
    assert_eq!(talk.said.len(), 1, "{:?}", talk.said);
}

#[test]
fn hours_are_hours_over_a_change_of_the_clock() {
    let silence = "silence: [{after: 3h, say: Вы тут?}]";
    let talk = in_zone("Europe/Berlin", "12:00-13:00", silence, "2027-03-28T00:30:00+01:00");
    assert_eq!(due(&talk), moment("2027-03-28T04:30:00+02:00"));
    let talk = in_zone("Europe/Berlin", "12:00-13:00", silence, "2027-10-31T00:30:00+02:00");
    assert_eq!(due(&talk), moment("2027-10-31T02:30:00+01:00"));
}

#[test]
fn quiet_hours_that_end_in_a_gap_end_after_it_and_in_a_fold_not_a_day_late() {
    let silence = "silence: [{after: 1h, say: Вы тут?}]";
    let gap = in_zone("Europe/Berlin", "22:00-2:30", silence, "2027-03-28T00:00:00+01:00");
    // The clock goes from two to three: that is the first minute behind the night.
    assert_eq!(due(&gap), moment("2027-03-28T03:00:00+02:00"));
    // A quarter past two for the second time: it was half past two once, and will be again.
    let fold = in_zone("Europe/Berlin", "22:00-2:30", silence, "2027-10-31T02:15:00+02:00");
    assert_eq!(due(&fold), moment("2027-10-31T02:30:00+01:00"));
}

#[test]
fn a_reminder_keeps_the_partners_night_and_not_that_of_greenwich() {
    let silence = "silence: [{after: 1h, say: Вы тут?}]";
    let talk = in_zone("Asia/Vladivostok", "21:00-9:00", silence, "2026-12-01T11:30:00Z");
    assert_eq!(due(&talk), moment("2026-12-02T09:00:00+10:00"));
    let noon = in_zone("Asia/Vladivostok", "21:00-9:00", silence, "2026-12-01T22:30:00Z");
    assert_eq!(due(&noon), moment("2026-12-02T09:30:00+10:00"), "at night in London it is morning there");
}

/// Asked at half past eight in the evening; all three fall into the night.
#[test]
fn reminders_that_the_night_held_back_keep_their_distance_in_the_morning() {
    let silence = "silence: [{after: 1h, say: Вы тут?}, {after: 90m, say: Помочь выбрать?}, {after: 3h, end: бросил}]";
    let mut talk = in_zone("Europe/Moscow", "21:00-9:00", silence, "2026-12-01T20:30:00+03:00");
    assert_eq!(due(&talk), moment("2026-12-02T09:00:00+03:00"));
    talk.wait(SignedDuration::from_mins(12 * 60 + 31));
    assert_eq!(talk.said.len(), 1, "one of them: {:?}", talk.said);
    let second = moment("2026-12-02T09:30:00+03:00");
    assert_eq!(set(&talk), [(Timer::Silence { entry: 1 }, second)], "half an hour later, as the file has it");
    talk.wait(SignedDuration::from_mins(30));
    assert_eq!(talk.said.len(), 1);
    assert_eq!(
        set(&talk),
        [(Timer::Silence { entry: 2 }, moment("2026-12-02T11:00:00+03:00"))],
        "who answers is in time"
    );
}

#[test]
fn in_the_night_in_which_the_clocks_change_reminders_keep_their_distance_as_well() {
    let silence = "silence: [{after: 1h, say: Вы тут?}, {after: 2h, say: Ждём вас.}]";
    let mut talk = in_zone("Europe/Berlin", "20:00-8:00", silence, "2027-03-27T19:30:00+01:00");
    let first = moment("2027-03-28T08:00:00+02:00");
    assert_eq!(due(&talk), first);
    talk.wait(first.duration_since(moment("2027-03-27T19:30:00+01:00")) + SignedDuration::from_mins(1));
    assert_eq!(talk.said.len(), 1);
    assert_eq!(due(&talk), moment("2027-03-28T09:00:00+02:00"));
}

/// PAINS 23, 26.
#[test]
fn what_nobody_asked_for_goes_behind_answers_and_not_into_the_night() {
    let mut talk = shop(&[("a", ASKS)]);
    talk.me("/a");
    assert!(commit(&talk).outbox.iter().all(|row| row.lane == Lane::Dialogue && row.expires.is_none()));
    talk.take(vec![rings(&talk, &FIRST)]);
    let row = &commit(&talk).outbox[0];
    assert_eq!((row.lane, row.expires), (Lane::Campaign, Some(moment("2026-12-01T21:00:00+03:00"))));
    let mut morning =
        in_zone("Europe/Moscow", "23:00-7:00", "silence: [{after: 1h, say: Вы тут?}]", "2026-12-01T07:00:00+03:00");
    morning.wait(SignedDuration::from_mins(61));
    let row = &commit(&morning).outbox[0];
    assert_eq!(row.expires, Some(moment("2026-12-01T20:00:00+03:00")), "half a day late it is of no use either");
    talk.me("12");
    assert!(commit(&talk).outbox.iter().all(|row| row.lane == Lane::Dialogue && row.expires.is_none()));
}

#[test]
fn a_clock_set_back_between_two_reminders_prolongs_nothing() {
    let mut talk = shop(&[("a", ASKS)]);
    talk.me("/a");
    let first = rings(&talk, &FIRST);
    talk.take(vec![first]);
    let second = talk.state().timers["silence"];
    assert!(second <= moment(NOON) + SignedDuration::from_hours(20), "{second}");
    talk.wait(SignedDuration::from_hours(21));
    assert!(fact(&talk, "flow.a.бросил"));
}

/// A reminder that the day's limit holds back is looked at again when there is room, and not at once, again and again.
#[test]
fn a_reminder_that_the_days_limit_holds_back_rings_when_there_is_room() {
    let silence =
        "silence: [{after: 1h, say: Раз}, {after: 2h, say: Два}, {after: 3h, say: Три}, {after: 20h, end: бросил}]";
    let mut talk = in_zone("Europe/Moscow", "21:00-9:00", silence, NOON);
    let texts = |said: &[voronka_core::message::Bubble]| -> Vec<&str> {
        let told = |bubble: &voronka_core::message::Bubble| {
            ["Раз", "Два", "Три"].into_iter().find(|word| bubble.text.text.starts_with(word))
        };
        said.iter().filter_map(told).collect()
    };
    assert_eq!(texts(talk.wait(SignedDuration::from_hours(2))), ["Раз", "Два"], "two a day");
    let turns = talk.commits.len();
    assert_eq!(texts(talk.wait(SignedDuration::from_hours(8))), Vec::<&str>::new());
    assert!(talk.commits.len() <= turns + 2, "{} turns for nothing", talk.commits.len() - turns);
    assert_eq!(texts(talk.wait(SignedDuration::from_hours(14))), ["Три"]);
}
