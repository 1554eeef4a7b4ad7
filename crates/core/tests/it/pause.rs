//! The partner's pause: the bot answers nobody, nothing is lost by it, and it is set from a member's chat.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use jiff::SignedDuration;
use voronka_core::{
    message::{Content, TeamAction},
    spec::{
        adjust::{Adjustment, Adjustments},
        config::Pause,
        expr::Fact,
        partner::PartnerSpec,
    },
    turn::{DeskPlace, Look, Named, Owner, Playbook, Seen},
};
use voronka_testkit::Rehearsal;

use crate::{
    desk::{Shop, Who, minutes, token, words},
    partners::playbook,
    shop::{NOON, ORDER, at_filling, fact, files, shop},
};

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// The partner's team sets something.
fn set(talk: &mut Rehearsal, adjustment: Adjustment) {
    let mut spec = PartnerSpec::clone(&talk.setting().playbook.spec);
    let mut all = Adjustments::default();
    all.set(adjustment);
    all.apply(&mut spec.config);
    talk.edit(Playbook::new(Arc::new(spec)));
}

fn pause(talk: &mut Rehearsal) {
    let since = talk.now();
    set(talk, Adjustment::Pause(Pause { since, by: "хозяйка".into() }));
}

fn go_on(talk: &mut Rehearsal) {
    set(talk, Adjustment::GoOn);
}

#[test]
fn in_a_pause_whoever_writes_hears_so_once_and_is_answered_when_it_is_over() {
    let mut talk = shop(&[]);
    talk.me("привет");
    pause(&mut talk);
    talk.me("доставка есть?");
    assert!(talk.words().contains("на паузе"), "{}", talk.words());
    talk.me("вы тут?");
    assert!(talk.said.is_empty(), "{}", talk.words());
    assert_eq!(talk.state().unread, 3, "the team sees what waits");
    assert!(talk.wait(hours(2)).is_empty());
    go_on(&mut talk);
    talk.wait(minutes(61));
    let said = talk.words();
    assert!(said.contains("Я снова с вами") && said.contains("Привозим по Москве"), "{said}");
    assert!(talk.wait(hours(5)).is_empty(), "once");
}

#[test]
fn whoever_writes_after_the_pause_is_answered_at_once_to_what_has_waited_too() {
    let mut talk = shop(&[]);
    talk.me("привет");
    pause(&mut talk);
    talk.me("доставка есть?");
    go_on(&mut talk);
    talk.pass(minutes(5));
    talk.me("вы тут?");
    assert!(talk.words().contains("Привозим по Москве"), "{}", talk.words());
    assert!(talk.wait(hours(5)).is_empty(), "nothing waits any more");
}

#[test]
fn a_conversation_that_begins_in_the_pause_begins_with_the_first_flow_after_it() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    pause(&mut talk);
    talk.me("привет");
    assert!(talk.words().contains("на паузе") && !talk.words().contains("Что празднуем"), "{}", talk.words());
    go_on(&mut talk);
    talk.wait(minutes(61));
    assert!(talk.words().contains("Что празднуем"), "{}", talk.words());
}

#[test]
fn who_comes_by_a_link_in_the_pause_is_known_by_it_and_served_after_it() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    pause(&mut talk);
    talk.did(Content::Command { name: "start".into(), args: "vesna".into() });
    assert!(talk.words().contains("на паузе"), "{}", talk.words());
    assert_eq!(talk.snapshot().lead.source.as_deref(), Some("vesna"));
    go_on(&mut talk);
    talk.wait(minutes(61));
    assert!(talk.words().contains("Что празднуем"), "{}", talk.words());
}

#[test]
fn what_was_pressed_and_shared_in_the_pause_counts_after_it_in_its_order() {
    let mut talk = at_filling();
    pause(&mut talk);
    talk.press("Ягоды");
    assert!(talk.words().contains("на паузе"), "{}", talk.words());
    go_on(&mut talk);
    talk.wait(minutes(61));
    assert!(talk.words().contains("телефон"), "{}", talk.words());
    pause(&mut talk);
    talk.contact("+79123456789");
    assert_eq!(talk.snapshot().customer.phone, None);
    go_on(&mut talk);
    talk.wait(minutes(61));
    assert!(talk.snapshot().customer.phone.is_some(), "{}", talk.words());
}

#[test]
fn a_flow_waits_with_its_reminders_and_goes_on_where_it_was() {
    let mut talk = at_filling();
    pause(&mut talk);
    // «Вы тут?» after an hour, and the end after twenty.
    assert!(talk.wait(hours(3)).is_empty());
    assert!(talk.state().run.is_some());
    go_on(&mut talk);
    talk.wait(minutes(61));
    assert!(talk.words().contains("Вы тут?"), "{}", talk.words());
    talk.press("Ягоды");
    assert!(talk.words().contains("телефон"), "{}", talk.words());
}

#[test]
fn what_is_due_in_sequences_waits_for_the_end_of_the_pause() {
    let mut files = files(&[]);
    let letter =
        "enter: {fact: message}\non_reply: continue\nsteps:\n  - {id: раз, after: 1h, say: \"У нас новинка!\"}\n";
    files.insert("sequences/news.yaml".into(), letter.into());
    let mut talk = Rehearsal::new(playbook("lavka", &files), "telegram", NOON);
    talk.me("привет");
    pause(&mut talk);
    assert!(talk.wait(hours(6)).is_empty());
    go_on(&mut talk);
    talk.wait(minutes(61));
    assert_eq!(talk.words(), "У нас новинка!");
}

#[test]
fn the_team_is_told_of_what_waits_and_answers_itself() {
    let mut shop = Shop::open();
    pause(&mut shop.anna);
    shop.anna.named("Анна", "есть малина?");
    let card = shop.cards(Who::Master);
    assert!(words(&card).contains("— есть малина?"), "{card:?}");
    assert!(shop.cards(Who::Boss).is_empty(), "who takes no handed-over conversations is not told");
    shop.presses(Who::Master, &token(&card, "Написать"));
    let (said, _) = shop.writes(Who::Master, "Есть, сегодня испекли");
    assert_eq!(said, "Есть, сегодня испекли");
    // What a person has answered waits for nobody; given back, it waits for the end of the pause again.
    assert_eq!(shop.anna.state().waits_from, None);
    shop.anna.team(TeamAction::GiveBack);
    assert!(shop.anna.said.is_empty() && shop.anna.state().owner == Owner::Bot);
    go_on(&mut shop.anna);
    assert!(shop.anna.wait(minutes(61)).is_empty(), "nothing was left without an answer");
}

#[test]
fn who_gives_a_conversation_back_in_a_pause_hears_that_the_bot_is_silent() {
    let mut shop = Shop::open();
    pause(&mut shop.anna);
    pause(&mut shop.master);
    shop.anna.named("Анна", "есть малина?");
    let card = shop.cards(Who::Master);
    shop.presses(Who::Master, &token(&card, "Написать"));
    let back = shop.master.token("Вернуть боту");
    let told = shop.presses(Who::Master, &back);
    assert!(told.contains("Сейчас бот на паузе и молчит"), "{told}");
    assert_eq!(shop.anna.state().owner, Owner::Bot);
    go_on(&mut shop.master);
    let told = shop.presses(Who::Master, &back);
    assert!(told.contains("Диалог снова ведёт бот"), "{told}");
}

#[test]
fn the_way_out_is_open_in_a_pause() {
    let mut talk = shop(&[]);
    talk.me("привет");
    pause(&mut talk);
    talk.me("стоп");
    assert!(fact(&talk, "opt_out"));
}

#[test]
fn what_waits_at_night_is_answered_in_the_morning() {
    let mut talk = shop(&[]);
    pause(&mut talk);
    talk.me("доставка есть?");
    talk.wait(hours(10));
    go_on(&mut talk);
    assert!(talk.wait(hours(9)).is_empty(), "it is night");
    talk.wait(hours(3));
    assert!(talk.words().contains("Привозим по Москве"), "{}", talk.words());
}

/// What a member's chat has asked to be set.
fn asked(shop: &mut Shop, who: Who, content: Content) -> (Option<Adjustment>, String) {
    let all = Rc::new(RefCell::new(None));
    let told = Rc::clone(&all);
    let member = if who == Who::Boss { &mut shop.boss } else { &mut shop.master };
    member.look_by(Box::new(move |look| match look {
        Look::Adjust(adjustment, signature) => {
            assert!(["хозяйка", "мастер"].contains(&signature.by.as_str()), "{signature:?}");
            told.borrow_mut().replace(adjustment.clone());
            Some(Seen::Adjusted)
        }
        _ => None,
    }));
    let said = words(member.did(content));
    let asked = all.borrow_mut().take();
    (asked, said)
}

fn command(args: &str) -> Content {
    Content::Command { name: "my_settings".into(), args: args.into() }
}

#[test]
fn an_owner_pauses_the_bot_and_lets_it_go_on_and_nobody_else_does() {
    let mut shop = Shop::open();
    let (nothing, settings) = asked(&mut shop, Who::Boss, command(""));
    assert!(nothing.is_none() && settings.contains("Часы работы: пн–вс 09:00–20:00"), "{settings}");
    let press = |label: &str, shop: &Shop| Content::Button { token: shop.boss.token(label), label: None };
    let halt = press("Поставить бота на паузу", &shop);
    let (adjustment, said) = asked(&mut shop, Who::Boss, halt.clone());
    assert!(matches!(adjustment, Some(Adjustment::Pause(Pause { by, .. })) if by == "хозяйка"), "{said}");
    pause(&mut shop.boss);
    let (_, stats) = asked(&mut shop, Who::Boss, command(""));
    assert!(stats.contains("Бот на паузе: "), "{stats}");
    let again = press("Снять с паузы", &shop);
    assert_eq!(asked(&mut shop, Who::Boss, again).0, Some(Adjustment::GoOn));
    for content in [halt, command("пауза"), command("название Моя лавка"), command("сводка 7:00")]
    {
        let (adjustment, said) = asked(&mut shop, Who::Master, content);
        assert!(adjustment.is_none() && said.contains("только владелец"), "{said}");
    }
}

#[test]
fn name_hours_links_and_the_digest_are_set_in_words_that_can_be_read() {
    let mut shop = Shop::open();
    let mut said = |args: &str| asked(&mut shop, Who::Boss, command(args)).0;
    assert_eq!(said("название Лавка у дома"), Some(Adjustment::Name("Лавка у дома".into())));
    let digest = said("сводка 8:30");
    assert!(matches!(digest, Some(Adjustment::DigestAt { at, to }) if at.hour() == 8 && to == "хозяйка"));
    for unread in [
        "название",
        "часы всегда",
        "сводка утром",
        "сводка 24:00",
        "ссылка shop https://a.example/",
        "ссылка",
        "что-то",
    ] {
        assert_eq!(said(unread), None, "{unread}");
    }
}

#[test]
fn a_link_leads_to_https_alone_as_its_redirect_does() {
    let mut shop = Shop::with_a_link();
    let mut said = |args: &str| asked(&mut shop, Who::Boss, command(args)).0;
    let to = "https://a.example/".parse().unwrap();
    assert_eq!(said("ссылка каталог https://a.example/"), Some(Adjustment::Link { name: "каталог".into(), to }));
    assert_eq!(said("ссылка каталог http://a.example/"), None);
}

#[test]
fn a_member_chooses_what_they_are_told_of() {
    let mut shop = Shop::open();
    asked(&mut shop, Who::Master, command(""));
    let notices = Content::Button { token: shop.master.token("Уведомления"), label: None };
    asked(&mut shop, Who::Master, notices);
    assert!(shop.master.buttons().contains(&"✓ Нужен человек".to_owned()), "{:?}", shop.master.buttons());
    let much = Content::Button { token: shop.master.token("Много пишет"), label: None };
    let (adjustment, _) = asked(&mut shop, Who::Master, much);
    let wanted = Adjustment::Told { member: "мастер".into(), about: Fact::ActivityHigh, wanted: true };
    assert_eq!(adjustment, Some(wanted));
    assert!(shop.master.buttons().contains(&"✓ Много пишет".to_owned()));
}

#[test]
fn who_takes_what_is_handed_over_at_night_hears_at_night_who_waits_in_a_pause() {
    let mut shop = Shop::of_team("{to: мастер, about: [handoff], quiet: false}");
    pause(&mut shop.anna);
    shop.anna.pass(hours(11));
    shop.anna.named("Анна", "есть малина?");
    assert!(words(&shop.cards(Who::Master)).contains("Ждёт: бот на паузе"), "{:?}", shop.cards(Who::Master));
}

#[test]
fn where_no_rule_names_it_the_owners_hear_once_who_waits() {
    let mut shop = Shop::without_handoff();
    pause(&mut shop.anna);
    shop.anna.named("Анна", "есть малина?");
    assert!(words(&shop.cards(Who::Boss)).contains("Ждёт: бот на паузе"), "{:?}", shop.cards(Who::Boss));
    assert!(shop.cards(Who::Master).is_empty());
    shop.anna.pass(minutes(30));
    shop.anna.me("а вишня?");
    assert!(shop.cards(Who::Boss).is_empty(), "once");
    go_on(&mut shop.anna);
    shop.anna.wait(minutes(61));
    pause(&mut shop.anna);
    shop.anna.me("а черника?");
    assert!(words(&shop.cards(Who::Boss)).contains("Ждёт: бот на паузе"), "in another pause");
}

#[test]
fn who_was_given_back_in_a_pause_and_writes_again_is_told_of_too() {
    let mut shop = Shop::without_handoff();
    pause(&mut shop.anna);
    shop.anna.named("Анна", "есть малина?");
    shop.anna.team(TeamAction::TakeOver);
    shop.anna.team(TeamAction::GiveBack);
    shop.anna.pass(minutes(30));
    shop.anna.burst(&["а вишня?", "а черника?"]);
    assert!(words(&shop.cards(Who::Boss)).contains("Ждёт: бот на паузе"));
}

#[test]
fn who_waits_in_a_pause_is_listed_as_answered_by_nobody() {
    let mut talk = shop(&[]);
    let owner = |talk: &Rehearsal| talk.loaded().conversation.as_ref().map(|row| row.owner);
    talk.me("привет");
    pause(&mut talk);
    talk.me("доставка есть?");
    assert_eq!(owner(&talk), Some("nobody"));
    go_on(&mut talk);
    talk.wait(minutes(61));
    assert_eq!(owner(&talk), Some("bot"));
}

#[test]
fn of_what_was_said_beyond_the_bots_memory_the_team_is_told() {
    let mut shop = Shop::open();
    pause(&mut shop.anna);
    for n in 0..35 {
        shop.anna.named("Анна", &format!("вопрос {n}"));
    }
    go_on(&mut shop.anna);
    shop.anna.wait(minutes(61));
    assert!(shop.anna.words().contains("Что празднуем"), "it began in the pause: {}", shop.anna.words());
    let card = words(&shop.cards(Who::Master));
    assert!(card.contains("Бот прочёл не всё") && card.contains("на первые сообщения он не ответит"), "{card}");
}

#[test]
fn the_last_one_who_is_told_that_a_person_is_needed_remains_so() {
    let mut shop = Shop::open();
    asked(&mut shop, Who::Master, command(""));
    let notices = Content::Button { token: shop.master.token("Уведомления"), label: None };
    asked(&mut shop, Who::Master, notices);
    let last = Content::Button { token: shop.master.token("✓ Нужен человек"), label: None };
    let (adjustment, said) = asked(&mut shop, Who::Master, last.clone());
    assert!(adjustment.is_none() && said.contains("приходит только вам"), "{said}");
    assert!(shop.master.buttons().contains(&"✓ Нужен человек".to_owned()));
    // With another one who is told, they may.
    set(&mut shop.master, Adjustment::Told { member: "хозяйка".into(), about: Fact::Handoff, wanted: true });
    assert!(matches!(asked(&mut shop, Who::Master, last).0, Some(Adjustment::Told { wanted: false, .. })));
}

#[test]
fn hours_are_shown_as_they_were_understood_before_they_are_kept() {
    let mut shop = Shop::open();
    let (nothing, said) = asked(&mut shop, Who::Boss, command("часы пн-пт 9-13, 14-18; сб 10-15"));
    let understood = "пн–пт 09:00–13:00, 14:00–18:00; сб 10:00–15:00; вс закрыто";
    assert!(nothing.is_none() && said.contains(understood), "{said}");
    let first = Content::Button { token: shop.boss.token("Да, такие часы"), label: None };
    asked(&mut shop, Who::Boss, command("часы пн-пт 9-18"));
    let last = Content::Button { token: shop.boss.token("Да, такие часы"), label: None };
    let (nothing, said) = asked(&mut shop, Who::Boss, first);
    assert!(nothing.is_none() && said.contains("уже не действует"), "not what was shown last: {said}");
    let (kept, _) = asked(&mut shop, Who::Boss, last.clone());
    assert_eq!(kept, Some(Adjustment::Hours("пн–пт 09:00–18:00; сб–вс закрыто".into())));
    assert_eq!(asked(&mut shop, Who::Boss, last).0, None, "kept already");
    let (nothing, said) = asked(&mut shop, Who::Master, command("часы пн-пт 9-18"));
    assert!(nothing.is_none() && said.contains("только владелец"), "{said}");
}

#[test]
fn in_a_group_that_alone_is_named_nobody_changes_settings_or_pauses_the_bot() {
    let mut shop = Shop::open();
    let (_, settings) = asked(&mut shop, Who::Boss, command(""));
    assert!(settings.contains("/my_settings название"), "{settings}");
    let buttons = ["Поставить бота на паузу", "Вернуть как в файлах"].map(|label| shop.boss.token(label));
    asked(&mut shop, Who::Boss, command("часы пн-пт 9-18"));
    let hours = shop.boss.token("Да, такие часы");
    asked(&mut shop, Who::Boss, command(""));
    let notices = Content::Button { token: shop.boss.token("Уведомления"), label: None };
    asked(&mut shop, Who::Boss, notices);
    let notice = shop.boss.token("Много пишет");
    // The group that the owner's file names: whoever writes in it is known as its member.
    if let Some(writer) = &mut shop.boss.setting.writer {
        (writer.desk, writer.named) = (DeskPlace::Shared, Named::Place);
    }
    let presses = buttons.into_iter().chain([hours, notice]).map(|token| Content::Button { token, label: None });
    let words = ["пауза", "продолжить", "название Лавка", "часы пн-пт 9-18", "сводка 7:00"].map(command);
    for content in presses.chain(words) {
        let (adjustment, said) = asked(&mut shop, Who::Boss, content.clone());
        assert!(adjustment.is_none() && said.contains("назван в config.yaml (team) лично"), "{content:?}: {said}");
    }
    let (_, settings) = asked(&mut shop, Who::Boss, command(""));
    assert!(settings.contains("Часы работы") && !settings.contains("/my_settings название"), "{settings}");
    assert!(shop.boss.buttons().is_empty(), "{:?}", shop.boss.buttons());
    let (_, leads) = asked(&mut shop, Who::Boss, Content::Command { name: "my_link".into(), args: String::new() });
    assert!(!leads.contains("назван"), "customers are worked with all the same: {leads}");
}
