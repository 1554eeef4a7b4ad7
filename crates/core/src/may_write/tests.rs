use proptest::prelude::*;

use super::*;

const ZONES: [&str; 6] =
    ["Europe/Moscow", "Asia/Vladivostok", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn span(from: i8, until: i8) -> Span {
    Span { from: civil::time(from, 0, 0, 0), until: civil::time(until, 0, 0, 0) }
}

fn letter() -> Letter {
    Letter::NEWS
}

fn moscow() -> TimeZone {
    TimeZone::get("Europe/Moscow").unwrap()
}

fn situation(zone: &TimeZone) -> Situation<'_> {
    Situation {
        zone,
        quiet: span(21, 9),
        limits: Limits { per_day: 2, per_week: 5 },
        unasked: &[],
        reach: Reach::Open,
        led_by: LedBy::Bot,
        ads: Ads::Agreed,
        window: Window::Always,
    }
}

const NOON: &str = "2026-11-20T12:00:00+03:00";

#[test]
fn by_day_a_service_message_may_leave_until_the_night() {
    let zone = moscow();
    let verdict = may_write(&letter(), &situation(&zone), at(NOON));
    assert_eq!(verdict, Verdict::Now { expires: Some(at("2026-11-20T21:00:00+03:00")) });
}

#[test]
fn at_night_it_waits_for_the_customers_morning_and_not_ours() {
    let zone = TimeZone::get("Asia/Vladivostok").unwrap();
    // Three in the afternoon in Moscow is ten in the evening in Vladivostok.
    let verdict = may_write(&letter(), &situation(&zone), at("2026-11-20T15:00:00+03:00"));
    assert_eq!(verdict, Verdict::NotBefore(at("2026-11-21T09:00:00+10:00"), Why::QuietHours));
}

#[test]
fn an_answer_and_a_person_do_not_wait_for_the_morning() {
    let zone = moscow();
    for by in [By::Answer, By::Person] {
        let verdict = may_write(&Letter { by, ..letter() }, &situation(&zone), at("2026-11-20T03:00:00+03:00"));
        assert_eq!(verdict, Verdict::Now { expires: None });
    }
}

#[test]
fn an_advertisement_needs_consent_and_an_account_that_allows_it_whoever_writes() {
    let zone = moscow();
    for by in [By::Answer, By::Bot, By::Person] {
        let ad = Letter { purpose: Purpose::Ad, by, ..letter() };
        for (ads, why) in [(Ads::NoConsent, Why::NoConsent), (Ads::Denied, Why::AdsDenied)] {
            let verdict = may_write(&ad, &Situation { ads, ..situation(&zone) }, at(NOON));
            assert_eq!(verdict, Verdict::Never(why));
        }
    }
}

#[test]
fn to_who_opted_out_nothing_is_written_unasked_and_no_advertisement_at_all() {
    let zone = moscow();
    let out = Situation { reach: Reach::OptedOut, ..situation(&zone) };
    assert_eq!(may_write(&letter(), &out, at(NOON)), Verdict::Never(Why::OptedOut));
    let answer = Letter { by: By::Answer, ..letter() };
    assert_eq!(may_write(&answer, &out, at(NOON)), Verdict::Now { expires: None });
    let ad = Letter { purpose: Purpose::Ad, by: By::Person, ..letter() };
    assert_eq!(may_write(&ad, &out, at(NOON)), Verdict::Never(Why::OptedOut));
}

#[test]
fn a_closed_window_is_told_and_one_that_closes_bounds_the_sending() {
    let zone = moscow();
    let shut = Situation { window: Window::Until(at("2026-11-20T11:00:00+03:00")), ..situation(&zone) };
    for by in [By::Bot, By::Person] {
        assert_eq!(may_write(&Letter { by, ..letter() }, &shut, at(NOON)), Verdict::Never(Why::WindowClosed));
        let template = Letter { by, form: Form::Template, ..letter() };
        assert!(matches!(may_write(&template, &shut, at(NOON)), Verdict::Now { .. }));
    }
    let closes = at("2026-11-20T13:00:00+03:00");
    let open = Situation { window: Window::Until(closes), ..situation(&zone) };
    assert_eq!(may_write(&letter(), &open, at(NOON)), Verdict::Now { expires: Some(closes) });
}

#[test]
fn enough_is_enough_a_day_and_a_week() {
    let zone = moscow();
    let today = [at("2026-11-20T10:00:00+03:00"), at("2026-11-20T11:00:00+03:00")];
    let verdict = may_write(&letter(), &Situation { unasked: &today, ..situation(&zone) }, at(NOON));
    assert_eq!(verdict, Verdict::NotBefore(at("2026-11-21T09:00:00+03:00"), Why::EnoughToday));

    let week: Vec<Timestamp> = (15..20).map(|day| at(&format!("2026-11-{day}T10:00:00+03:00"))).collect();
    let verdict = may_write(&letter(), &Situation { unasked: &week, ..situation(&zone) }, at(NOON));
    assert_eq!(verdict, Verdict::NotBefore(at("2026-11-22T10:00:00+03:00"), Why::EnoughThisWeek));

    let own = Letter { per_day: Some(Quota { sent: 1, max: 1 }), ..letter() };
    let verdict = may_write(&own, &situation(&zone), at(NOON));
    assert_eq!(verdict, Verdict::NotBefore(at("2026-11-21T09:00:00+03:00"), Why::EnoughToday));
}

#[test]
fn what_would_come_too_late_never_comes() {
    let zone = moscow();
    let soon = Letter { expires: Some(at("2026-11-20T23:00:00+03:00")), ..letter() };
    let verdict = may_write(&soon, &situation(&zone), at("2026-11-20T22:00:00+03:00"));
    assert_eq!(verdict, Verdict::Never(Why::Expired));
}

#[test]
fn while_a_person_leads_the_bot_writes_nothing_unasked() {
    let zone = moscow();
    let verdict = may_write(&letter(), &Situation { led_by: LedBy::Person, ..situation(&zone) }, at(NOON));
    assert_eq!(verdict, Verdict::NotBefore(at("2026-11-20T13:00:00+03:00"), Why::PersonLeads));
}

#[test]
fn an_hour_that_the_clock_skips_is_the_first_minute_behind_the_gap() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let at = |text: &str| moment(text.parse().unwrap(), &zone).to_zoned(zone.clone()).datetime().to_string();
    assert_eq!(at("2027-03-28T02:30:00"), "2027-03-28T03:00:00");
    assert_eq!(at("2027-03-28T11:30:00"), "2027-03-28T11:30:00");
    // Of an hour that comes twice the first counts.
    let autumn = moment("2026-10-25T02:30:00".parse().unwrap(), &zone);
    assert_eq!(autumn.to_string(), "2026-10-25T00:30:00Z");
}

prop_compose! {
    fn times()(hour in 0_i8..24, minute in 0_i8..60) -> civil::Time { civil::time(hour, minute, 0, 0) }
}

prop_compose! {
    fn spans()(from in times(), until in times()) -> Span { Span { from, until } }
}

prop_compose! {
    /// A year and a half, to the minute: both changes of every clock.
    fn moments()(minute in 0_i64..800_000) -> Timestamp {
        at("2026-06-01T00:00:00Z") + SignedDuration::from_mins(minute)
    }
}

/// Hours that leave some of the day.
fn overlap(quiet: Span, hours: Option<Span>) -> bool {
    let open = |minute: i32| {
        let time = civil::time(0, 0, 0, 0) + SignedDuration::from_mins(minute.into());
        !quiet.holds(time) && hours.is_none_or(|hours| hours.holds(time))
    };
    // An hour at least, so that no clock change skips all of it.
    (0..24 * 60).filter(|minute| open(*minute)).count() >= 120
}

proptest! {
    #[test]
    fn nothing_unasked_leaves_at_night_or_outside_its_hours(
        zone in prop::sample::select(&ZONES[..]),
        quiet in spans(), hours in prop::option::of(spans()), now in moments(), sent in prop::collection::vec(0_i64..12_000, 0..8),
    ) {
        prop_assume!(overlap(quiet, hours));
        let zone = TimeZone::get(zone).unwrap();
        let unasked: Vec<Timestamp> = sent.iter().map(|minutes| now - SignedDuration::from_mins(*minutes)).collect();
        let letter = Letter { hours, ..letter() };
        let situation = Situation { quiet, unasked: &unasked, ..situation(&zone) };
        let fits = |at: Timestamp| {
            let time = at.to_zoned(zone.clone()).time();
            !quiet.holds(time) && hours.is_none_or(|hours| hours.holds(time))
        };
        match may_write(&letter, &situation, now) {
            Verdict::Now { expires } => {
                let expires = expires.expect("what nobody asked for grows old");
                prop_assert!(fits(now) && expires > now);
                // Until the last moment in which it may still be sent it is never night.
                let minutes = expires.duration_since(now).as_mins();
                for minute in (0..minutes).step_by(7) {
                    prop_assert!(fits(now + SignedDuration::from_mins(minute)), "{minute} of {minutes} minutes later");
                }
            }
            Verdict::NotBefore(until, _) => prop_assert!(until > now && fits(until)),
            Verdict::Never(why) => prop_assert!(false, "{why:?}"),
        }
    }

    #[test]
    fn whoever_asks_again_when_told_to_is_let_through_in_the_end(
        zone in prop::sample::select(&ZONES[..]),
        quiet in spans(), hours in prop::option::of(spans()), now in moments(), sent in prop::collection::vec(0_i64..12_000, 0..8),
    ) {
        prop_assume!(overlap(quiet, hours));
        let zone = TimeZone::get(zone).unwrap();
        let unasked: Vec<Timestamp> = sent.iter().map(|minutes| now - SignedDuration::from_mins(*minutes)).collect();
        let letter = Letter { hours, ..letter() };
        let situation = Situation { quiet, unasked: &unasked, ..situation(&zone) };
        let mut asked = now;
        let mut times = 0;
        while let Verdict::NotBefore(until, _) = may_write(&letter, &situation, asked) {
            prop_assert!(until > asked);
            asked = until;
            times += 1;
            prop_assert!(times <= 8, "told to wait {times} times");
        }
        prop_assert!(asked.duration_since(now) <= SignedDuration::from_hours(9 * 24));
    }

    #[test]
    fn no_advertisement_leaves_without_consent_and_nothing_unasked_after_opting_out(
        now in moments(), by in prop::sample::select(&[By::Answer, By::Bot, By::Person][..]),
        purpose in prop::sample::select(&[Purpose::Service, Purpose::Ad][..]),
        ads in prop::sample::select(&[Ads::Agreed, Ads::NoConsent, Ads::Denied][..]),
        reach in prop::sample::select(&[Reach::Open, Reach::OptedOut, Reach::Blocked][..]),
    ) {
        let zone = moscow();
        let letter = Letter { purpose, by, ..letter() };
        let verdict = may_write(&letter, &Situation { reach, ads, ..situation(&zone) }, now);
        if let Verdict::Now { .. } = verdict {
            prop_assert!(purpose == Purpose::Service || (ads == Ads::Agreed && reach == Reach::Open));
            prop_assert!(by != By::Bot || reach == Reach::Open);
            prop_assert!(reach != Reach::Blocked);
        }
    }
}
