//! Figures that members of a team read in their own chats.

use std::{cell::RefCell, rc::Rc};

use jiff::Timestamp;
use voronka_core::{
    drawing::{Drawing, Photo},
    fact::Fact,
    ids::{AccountId, ConversationId, CustomerId},
    message::Content,
    ports::QuestionCard,
    rows::FactRow,
    tally::{Counted, Tally},
    turn::{Look, Seen},
};

use crate::desk::Shop;

/// What the owner reads by a command, of figures that were counted.
fn figures_by(command: &str) -> String {
    let mut boss = Shop::open().boss;
    boss.look_by(Box::new(|look| match look {
        Look::Report { of, since, until } => {
            assert_eq!(until.to_string(), "2026-12-01");
            let day = |day: &str| day.parse().expect("a day");
            let all = [
                (day("2026-12-01"), Counted::Came, "", 6),
                (day("2026-11-28"), Counted::Came, "vesna", 6),
                (day("2026-11-20"), Counted::Came, "", 10),
                (day("2026-12-01"), Counted::Active, "", 20),
                (day("2026-12-01"), Counted::Contact, "phone", 6),
                (day("2026-12-01"), Counted::Order, "placed", 30),
                (day("2026-12-01"), Counted::Order, "paid", 20),
                (day("2026-12-01"), Counted::Funnel, "came", 5),
                (day("2026-12-01"), Counted::Funnel, "contact", 3),
                (day("2026-11-28"), Counted::Funnel, "order", 2),
                (day("2026-11-28"), Counted::Funnel, "paid", 1),
                (day("2026-11-28"), Counted::Funnel, "order.unnamed", 1),
                (day("2026-11-20"), Counted::Funnel, "paid", 50),
                (day("2026-11-28"), Counted::Reached, "заказ", 4),
                (day("2026-11-28"), Counted::Stage, "заказ", 40),
                (day("2026-12-01"), Counted::OrderSum, "placed RUB", 1_260_000),
                (day("2026-12-01"), Counted::Handoff, "asked", 4),
                (day("2026-12-01"), Counted::Handed, "", 4),
                (day("2026-12-01"), Counted::Cart, "malina", 2),
                (day("2026-12-01"), Counted::FlowStarted, "zakaz", 8),
                (day("2026-12-01"), Counted::FlowEnded, "zakaz.бросил", 4),
                // Two to three seconds, and an hour and a half.
                (day("2026-12-01"), Counted::Answered, "bot.45", 19),
                (day("2026-12-01"), Counted::Answered, "bot.89", 1),
                (day("2026-12-01"), Counted::Answered, "person.73", 3),
                (day("2026-10-22"), Counted::Cohort, "came", 10),
                (day("2026-10-22"), Counted::Cohort, "contact.1", 3),
                (day("2026-10-22"), Counted::Cohort, "contact.4", 2),
                (day("2026-10-22"), Counted::Cohort, "order.2", 1),
                (day("2026-11-30"), Counted::Cohort, "came", 4),
                (day("2026-11-30"), Counted::Cohort, "order.1", 1),
            ];
            let wanted = all.into_iter().filter(|(day, what, ..)| of.contains(what) && (*since..=*until).contains(day));
            let tally = |(day, what, key, n): (_, _, &str, _)| Tally { day, what, key: key.into(), n };
            Some(Seen::Report(wanted.map(tally).collect()))
        }
        Look::Unanswered { .. } => Some(Seen::Unanswered(Vec::new())),
        _ => None,
    }));
    boss.did(Content::Command { name: command.into(), args: String::new() });
    boss.words().replace('\u{a0}', " ")
}

#[test]
fn figures_are_read_from_what_was_counted_and_compared_with_the_time_before() {
    let stats = figures_by("my_stats");
    for part in [
        "Новые клиенты: 12 ▲ 20 %",
        "Оставили контакт: 6",
        "Заказы: 30",
        "Сумма заказов: 12 600 ₽",
        "Конверсия новых клиентов в заказ: 25 %",
        "Бот справился сам: 80 %",
    ] {
        assert!(stats.contains(part), "{part} in {stats}");
    }
    let top = figures_by("top");
    assert!(top.contains("Торт «Малина» — 2") && top.contains("без ссылки — 6"), "{top}");
}

#[test]
fn a_funnel_counts_the_people_who_came_and_what_counts_orders_says_so() {
    let analytics = figures_by("analytics");
    for part in [
        "Считаем людей: кто впервые написал в эти дни и как далеко дошёл",
        "Написали впервые: 12",
        "Оставили контакт: 6 (50 %)",
        "Заказали: 3 (50 %)",
        "Оплатили: 1 (33 %)",
        "Заказали, не оставив контакта: 1",
        "• заказ — 4 (33 %)",
        "Заказы, от новых и прежних клиентов\n• оформлено: 30, 12 600 ₽\n• оплачено: 20",
        "• 25 ноября – 1 декабря: 12 новичков, 30 заказов, 12 600 ₽",
        "vesna — 6",
        "Заказ — 8: бросил 50 %",
        "21–27 октября: из 10 новичков 5 оставили контакт (3 за первую неделю), 1 заказал (позже первой недели)",
        "25 ноября – 1 декабря: из 4 новичков пока никто не оставил контакт, 1 заказал",
        "бот: обычно 3 с, почти всегда до 3 с",
        "люди: обычно 6 минут, почти всегда до 6 минут",
    ] {
        assert!(analytics.contains(part), "{part} in {analytics}");
    }
}

#[test]
fn figures_come_with_a_chart_of_their_days_where_there_is_anything_to_see() {
    let mut boss = Shop::open().boss;
    let mut charts = |counted: Vec<Tally>| {
        boss.look_by(Box::new(move |look| match look {
            Look::Report { .. } => Some(Seen::Report(counted.clone())),
            _ => None,
        }));
        ["день", "неделя", "месяц"].map(|args| {
            let told = boss.did(Content::Command { name: "my_stats".into(), args: args.into() });
            assert!(told.len() == 1 && told[0].text.text.starts_with("Ваши показатели"), "{told:?}");
            match &told[0].photo {
                Some(Photo::Drawn(Drawing::Chart(chart))) => chart.days.len(),
                other => {
                    assert_eq!(*other, None);
                    0
                }
            }
        })
    };
    let day = "2026-11-28".parse().unwrap();
    // A day is shown in its week.
    assert_eq!(charts(vec![Tally { day, what: Counted::Came, key: String::new(), n: 2 }]), [7, 7, 30]);
    assert_eq!(charts(Vec::new()), [0, 0, 0]);
}

fn asked(at: &str, question: &str) -> QuestionCard {
    let fact = Fact::Unanswered { question: question.into() };
    QuestionCard {
        id: 1,
        fact: FactRow {
            customer: CustomerId::of(&["1"]),
            name: fact.name(),
            data: serde_json::to_string(&fact).expect("a fact"),
            at: at.parse().expect("a moment"),
        },
        name: None,
        conversation: ConversationId::of(&["1"]),
        account: AccountId::parse("telegram").expect("an account"),
        words: "Здравствуйте! Меня зовут Анна".into(),
    }
}

#[test]
fn questions_without_an_answer_are_of_the_span_and_the_most_asked_comes_first() {
    let mut boss = Shop::open().boss;
    let looked = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&looked);
    boss.look_by(Box::new(move |look| match look {
        Look::Report { .. } => Some(Seen::Report(Vec::new())),
        Look::Unanswered { since, limit } => {
            heard.borrow_mut().push((*since, *limit));
            let mut all = vec![
                asked("2026-12-01T08:00:00+03:00", "Можно с собакой?"),
                asked("2026-11-30T10:00:00+03:00", "есть парковка"),
                asked("2026-11-29T10:00:00+03:00", "А парковка у вас есть?"),
                asked("2026-11-05T10:00:00+03:00", "Доставите в Тутаев?"),
            ];
            all.retain(|card| card.fact.at >= *since);
            Some(Seen::Unanswered(all))
        }
        _ => None,
    }));
    let mut told = |args: &str| {
        boss.did(Content::Command { name: "top".into(), args: args.into() });
        boss.words().replace('\u{a0}', " ")
    };
    let week = told("");
    let lines = ["• есть парковка — 2 раза, последний 30 ноября", "• Можно с собакой? — 1 декабря"];
    assert!(week.contains(&lines.join("\n")) && !week.contains("Тутаев") && !week.contains("Анна"), "{week}");
    assert!(told("месяц").ends_with("• Доставите в Тутаев? — 5 ноября"));
    let today = told("день");
    assert!(today.contains("Можно с собакой?") && !today.contains("парковка"), "{today}");
    let midnight = |day: &str| format!("{day}T00:00:00+03:00").parse::<Timestamp>().expect("a moment");
    let days = ["2026-11-25", "2026-11-02", "2026-12-01"].map(|day| (midnight(day), 1_000));
    assert_eq!(*looked.borrow(), days);
}
