//! Figures in a chat of the team, from what was counted (decision 19): each with its comparison to the time before.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::{
    super::work::Work,
    Errand, Look,
    asked::{self, Asked},
    lists::by_key,
    token::Own,
    wording::Say,
};
use crate::{
    chart::{Chart, Reader},
    drawing::{Drawing, Photo},
    lang::{Lang, print},
    message::Button,
    money::{Currency, Money},
    ports::QuestionCard,
    spec::{config::Right, rich::Rich},
    tally::{
        Counted, Tally,
        cohort::Cohort,
        funnel::Funnel,
        quickness::{By, Quickness},
    },
};

/// Lines of each part of a report.
const LINES_MAX: usize = 5;
/// Questions without an answer that are shown.
const QUESTIONS_MAX: usize = 8;
/// Weeks that are put beside each other.
const WEEKS: i64 = 4;

/// Of how long a report tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::turn) enum Span {
    Day,
    Week,
    Month,
}

impl Span {
    const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// By the number of a button, or a word behind a command.
    pub(super) fn of(days: u32) -> Self {
        Self::ALL.into_iter().find(|span| span.days() == i64::from(days)).unwrap_or(Self::Week)
    }

    pub(super) fn named(word: &str) -> Self {
        let word = word.trim().to_lowercase();
        match word.as_str() {
            "день" | "сегодня" | "day" | "today" => Self::Day,
            "месяц" | "month" => Self::Month,
            _ => Self::Week,
        }
    }

    fn days(self) -> i64 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
        }
    }

    fn say(self) -> Say<'static> {
        match self {
            Self::Day => Say::Day,
            Self::Week => Say::Week,
            Self::Month => Say::Month,
        }
    }
}

/// Which report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::turn) enum Report {
    /// The partner's own figures.
    Stats,
    /// How people go through the funnel.
    Analytics,
    /// What is asked for most.
    Top,
}

impl Report {
    fn of(self) -> &'static [Counted] {
        use Counted as C;
        match self {
            Self::Stats => &[C::Came, C::Active, C::Contact, C::Lead, C::Order, C::OrderSum, C::Handed, C::Cohort],
            Self::Analytics => &[
                C::Came,
                C::Active,
                C::Funnel,
                C::Reached,
                C::Order,
                C::OrderSum,
                C::Handed,
                C::FlowStarted,
                C::FlowEnded,
                C::Rating,
                C::Answered,
                C::Cohort,
            ],
            Self::Top => &[C::Came, C::Cart, C::FlowStarted, C::Unanswered],
        }
    }

    /// Whose it is to see.
    fn right(self) -> Right {
        match self {
            Self::Stats | Self::Analytics => Right::Figures,
            Self::Top => Right::Demand,
        }
    }

    fn own(self) -> Own {
        match self {
            Self::Stats => Own::Stats,
            Self::Analytics => Own::Analytics,
            Self::Top => Own::Top,
        }
    }
}

/// What was counted in a span, and in the one before.
struct Sums<'a> {
    tallies: &'a [Tally],
    since: Date,
    until: Date,
}

impl Sums<'_> {
    fn within(&self) -> Vec<Tally> {
        self.tallies.iter().filter(|tally| (self.since..=self.until).contains(&tally.day)).cloned().collect()
    }

    fn all(&self, what: Counted) -> i64 {
        self.sum(|tally| tally.what == what)
    }

    fn one(&self, what: Counted, key: &str) -> i64 {
        self.sum(|tally| tally.what == what && tally.key == key)
    }

    fn sum(&self, is: impl Fn(&Tally) -> bool) -> i64 {
        let days = self.since..=self.until;
        self.tallies.iter().filter(|tally| days.contains(&tally.day) && is(tally)).map(|tally| tally.n).sum()
    }

    /// Money that orders brought when they were placed, by currency.
    fn revenue(&self, currency: Currency) -> Money {
        Money { minor: self.one(Counted::OrderSum, &format!("placed {}", currency.code())), currency }
    }

    /// Of the customers who came in the span: who have ordered, and all (ME-7).
    fn converted(&self) -> (i64, i64) {
        let ordered = self.sum(|tally| tally.what == Counted::Cohort && tally.key.starts_with("order"));
        (ordered, self.one(Counted::Cohort, "came"))
    }
}

impl Work {
    /// A report, for whoever may see it.
    pub(super) fn ask_for_report(&mut self, report: Report, span: Span) -> Option<Errand> {
        self.by_right(report.right(), Errand::Report(report, span))
    }

    /// What a report is made of: the span, the one before, and some weeks beside each other.
    pub(super) fn look_at_report(&self, report: Report, span: Span) -> Look {
        let since = self.days_ago((2 * span.days()).max(7 * WEEKS) - 1);
        let today = self.today();
        Look::Report { of: report.of(), since: since.min(Cohort::since(today)), until: today }
    }

    /// The questions of a span, the latest of them where there are very many.
    pub(super) fn look_at_questions(&self, span: Span) -> Look {
        let zone = self.book.spec.config.zone.clone();
        let begins = self.days_ago(span.days() - 1).to_zoned(zone);
        Look::Unanswered { since: begins.map_or(Timestamp::MIN, |begins| begins.timestamp()), limit: asked::READ_MAX }
    }

    pub(super) fn days_ago(&self, days: i64) -> Date {
        self.today().checked_sub(jiff::Span::new().days(days)).unwrap_or(Date::MIN)
    }

    pub(super) fn show_report(&mut self, report: Report, span: Span, tallies: &[Tally], questions: &[QuestionCard]) {
        let text = match report {
            Report::Stats => self.stats(span, tallies),
            Report::Analytics => self.analytics(span, tallies),
            Report::Top => self.top(span, tallies, questions),
        };
        self.reply.close();
        if report == Report::Stats
            && let Some(chart) = self.chart(span, tallies)
        {
            self.reply.photo(Photo::Drawn(Drawing::Chart(Box::new(chart))));
        }
        self.reply.say(&Rich::plain(text));
        let of = |span: Span| self.own_button_of(span.say(), report.own(), u32::try_from(span.days()).unwrap_or(7));
        let buttons: Vec<Button> = Span::ALL.into_iter().filter(|one| *one != span).map(of).collect();
        self.reply.buttons(buttons);
        self.reply.close();
    }

    fn sums<'a>(&self, span: Span, tallies: &'a [Tally]) -> (Sums<'a>, Sums<'a>) {
        let since = self.days_ago(span.days() - 1);
        let before = self.days_ago(2 * span.days() - 1);
        let day_before = self.days_ago(span.days());
        (Sums { tallies, since, until: self.today() }, Sums { tallies, since: before, until: day_before })
    }

    fn head_of(&self, ru: &str, en: &str, span: Span, now: &Sums<'_>) -> String {
        let days = match span {
            Span::Day => print::date(now.until, self.lang, self.today()),
            Span::Week | Span::Month => print::dates(now.since, now.until, self.lang, self.today()),
        };
        format!("{}: {days}", word(self.lang, ru, en))
    }

    fn stats(&self, span: Span, tallies: &[Tally]) -> String {
        let lang = self.lang;
        let (now, before) = self.sums(span, tallies);
        let mut lines = vec![self.head_of("Ваши показатели", "Your figures", span, &now)];
        lines.extend(self.pause_line());
        let mut line = |ru: &str, en: &str, of: &dyn Fn(&Sums<'_>) -> i64| {
            let (n, was) = (of(&now), of(&before));
            lines.push(format!("{}: {}{}", word(lang, ru, en), figure(n, lang), change(n, was)));
        };
        line("Новые клиенты", "New customers", &|sums| sums.all(Counted::Came));
        line("Оставили контакт", "Left a contact", &|sums| sums.all(Counted::Contact));
        line("Стали горячими", "Became hot", &|sums| sums.one(Counted::Lead, "hot"));
        line("Заказы", "Orders", &|sums| sums.one(Counted::Order, "placed"));
        let currency = self.book.spec.config.currency;
        let (sum, was) = (now.revenue(currency), before.revenue(currency));
        let revenue = print::money(sum, lang);
        lines.push(format!(
            "{}: {revenue}{}",
            word(lang, "Сумма заказов", "Sum of orders"),
            change(sum.minor, was.minor)
        ));
        let (ordered, came) = now.converted();
        let what = word(lang, "Конверсия новых клиентов в заказ", "New customers who ordered");
        lines.push(format!("{what}: {}", share(ordered, came)));
        lines.push(self.automation(&now));
        lines.join("\n")
    }

    /// The figures by day. A day alone is no picture: its week is.
    fn chart(&self, span: Span, tallies: &[Tally]) -> Option<Chart> {
        let config = &self.book.spec.config;
        let since = self.days_ago(span.days().max(Span::Week.days()) - 1);
        let reader = Reader { lang: self.lang, currency: config.currency, today: self.today() };
        Chart::of(&config.name, tallies, since, self.today(), reader)
    }

    /// How many of those who wrote on a day the bot served without a person (ME-9).
    fn automation(&self, now: &Sums<'_>) -> String {
        let (active, handed) = (now.all(Counted::Active), now.all(Counted::Handed));
        let what = word(self.lang, "Бот справился сам", "The bot managed alone");
        format!("{what}: {}", share((active - handed).max(0), active))
    }

    fn analytics(&self, span: Span, tallies: &[Tally]) -> String {
        let lang = self.lang;
        let (now, _) = self.sums(span, tallies);
        let within = now.within();
        let funnel = Funnel::of(&within);
        let mut lines = vec![self.head_of("Воронка", "Funnel", span, &now)];
        lines.extend(self.steps(funnel));
        let stages: Vec<String> = self
            .book
            .spec
            .config
            .stages
            .iter()
            .filter_map(|stage| {
                let n = now.one(Counted::Reached, stage);
                (n > 0).then(|| format!("{stage} — {} ({})", figure(n, lang), share(n, funnel.came)))
            })
            .collect();
        part(&mut lines, word(lang, "Новички дошли до этапа", "Newcomers who reached a stage"), stages);
        part(&mut lines, word(lang, "Откуда пришли", "Where they came from"), self.sources(&within));
        let ended = by_key(&within, Counted::FlowEnded);
        let flows = by_key(&within, Counted::FlowStarted).into_iter().take(LINES_MAX).map(|(flow, n)| {
            let of_flow = ended.iter().filter_map(|(key, n)| Some((key.strip_prefix(&*flow)?.strip_prefix('.')?, n)));
            let outcomes: Vec<String> =
                of_flow.take(3).map(|(outcome, of)| format!("{outcome} {}", share(*of, n))).collect();
            let title = self.flow_title(&flow);
            if outcomes.is_empty() {
                format!("{title} — {n}")
            } else {
                format!("{title} — {n}: {}", outcomes.join(", "))
            }
        });
        let flows: Vec<String> = flows.collect();
        part(&mut lines, word(lang, "Сценарии: сколько раз начинали", "Flows: how often they were begun"), flows);
        let orders = word(lang, "Заказы, от новых и прежних клиентов", "Orders, of new and earlier customers");
        part(&mut lines, orders, self.orders_told(&now));
        part(&mut lines, word(lang, "По неделям", "By week"), self.weeks(tallies));
        part(&mut lines, word(lang, "Новички по неделям", "Newcomers by week"), self.cohorts(tallies));
        let quickness =
            [(By::Bot, "бот", "the bot"), (By::Person, "люди", "people")].into_iter().filter_map(|(by, ru, en)| {
                let told = Quickness::of(&within, by)?.told(lang);
                Some(format!("{}: {told}", word(lang, ru, en)))
            });
        part(&mut lines, word(lang, "За сколько приходит ответ", "How long an answer takes"), quickness.collect());
        lines.push(String::new());
        lines.push(self.automation(&now));
        let (stars, n) = by_key(&within, Counted::Rating)
            .iter()
            .fold((0, 0), |(stars, all), (key, n)| (stars + key.parse::<i64>().unwrap_or_default() * n, all + n));
        if n > 0 {
            let mean = (Decimal::from(stars) / Decimal::from(n)).round_dp(1);
            lines.push(format!("{}: {} ({n})", word(lang, "Оценка", "Rating"), print::number(mean, lang)));
        }
        lines.join("\n")
    }

    fn sources(&self, tallies: &[Tally]) -> Vec<String> {
        let of = |(key, n): (String, i64)| {
            let name =
                if key.is_empty() { word(self.lang, "без ссылки", "without a link").to_owned() } else { key };
            format!("{name} — {}", figure(n, self.lang))
        };
        by_key(tallies, Counted::Came).into_iter().take(LINES_MAX).map(of).collect()
    }

    /// How far the newcomers of a span have come: people, each step of those who took the one before.
    fn steps(&self, funnel: Funnel) -> Vec<String> {
        let lang = self.lang;
        let whose = word(
            lang,
            "Считаем людей: кто впервые написал в эти дни и как далеко дошёл",
            "People: who first wrote on these days, and how far they have come",
        );
        let mut lines = vec![whose.to_owned()];
        let steps = [
            (word(lang, "Написали впервые", "Wrote for the first time"), funnel.came, None),
            (word(lang, "Оставили контакт", "Left a contact"), funnel.contact, Some(funnel.came)),
            (word(lang, "Заказали", "Ordered"), funnel.order, Some(funnel.contact)),
            (word(lang, "Оплатили", "Paid"), funnel.paid, Some(funnel.order)),
        ];
        lines.extend(steps.map(|(name, n, of)| {
            let of = of.map_or_else(String::new, |of| format!(" ({})", share(n, of)));
            format!("{name}: {}{of}", figure(n, lang))
        }));
        if funnel.unnamed > 0 {
            let what = word(lang, "Заказали, не оставив контакта", "Ordered and left no contact");
            lines.push(format!("{what}: {}", figure(funnel.unnamed, lang)));
        }
        lines
    }

    fn orders_told(&self, sums: &Sums<'_>) -> Vec<String> {
        let lang = self.lang;
        let (placed, paid) = (sums.one(Counted::Order, "placed"), sums.one(Counted::Order, "paid"));
        if placed <= 0 && paid <= 0 {
            return Vec::new();
        }
        let sum = print::money(sums.revenue(self.book.spec.config.currency), lang);
        vec![
            format!("{}: {}, {sum}", word(lang, "оформлено", "placed"), figure(placed, lang)),
            format!("{}: {}", word(lang, "оплачено", "paid"), figure(paid, lang)),
        ]
    }

    /// Weeks beside each other, the latest first: who came, and what was ordered by whomever.
    fn weeks(&self, tallies: &[Tally]) -> Vec<String> {
        let lang = self.lang;
        let week = |n: i64| {
            let sums = Sums { tallies, since: self.days_ago(7 * n + 6), until: self.days_ago(7 * n) };
            let days = print::dates(sums.since, sums.until, lang, self.today());
            let count = |what: &[&str], n: i64| print::counted(Decimal::from(n), what, lang);
            let (came, orders) = (sums.all(Counted::Came), sums.one(Counted::Order, "placed"));
            let (came, orders) = match lang {
                Lang::Ru => {
                    (count(&["новичок", "новичка", "новичков"], came), count(&["заказ", "заказа", "заказов"], orders))
                }
                Lang::En => (count(&["newcomer", "newcomers"], came), count(&["order", "orders"], orders)),
            };
            let sum = print::money(sums.revenue(self.book.spec.config.currency), lang);
            format!("{days}: {came}, {orders}, {sum}")
        };
        (0..WEEKS).map(week).collect()
    }

    fn cohorts(&self, tallies: &[Tally]) -> Vec<String> {
        let today = self.today();
        let line = |week: Cohort| format!("{}: {}", week.days(self.lang, today), week.told(self.lang));
        Cohort::weeks(tallies, today).into_iter().map(line).collect()
    }

    fn flow_title(&self, id: &str) -> String {
        let flow = crate::ids::FlowId::parse(id).ok().and_then(|id| self.book.flow(&id));
        flow.map_or_else(|| id.to_owned(), |flow| flow.title.clone())
    }

    fn top(&self, span: Span, tallies: &[Tally], questions: &[QuestionCard]) -> String {
        let lang = self.lang;
        let (now, _) = self.sums(span, tallies);
        let within = now.within();
        let mut lines = vec![self.head_of("Самое частое", "What comes up most", span, &now)];
        let name = |id: &str| {
            let known = self.book.spec.catalogue.products.iter().find(|product| *product.id == *id);
            known.map_or_else(|| id.to_owned(), |product| product.name.clone())
        };
        let listed = |what, name: &dyn Fn(&str) -> String| {
            let of = |(key, n): (String, i64)| format!("{} — {}", name(&key), figure(n, lang));
            by_key(&within, what).into_iter().take(LINES_MAX).map(of).collect::<Vec<_>>()
        };
        part(&mut lines, word(lang, "Товары", "Products"), listed(Counted::Cart, &name));
        part(&mut lines, word(lang, "Откуда пришли", "Where they came from"), self.sources(&within));
        part(&mut lines, word(lang, "Сценарии", "Flows"), listed(Counted::FlowStarted, &|id| self.flow_title(id)));
        let all = figure(now.all(Counted::Unanswered), lang);
        let read = figure(i64::try_from(asked::READ_MAX).unwrap_or(i64::MAX), lang);
        let head = match (lang, questions.len() < asked::READ_MAX) {
            (Lang::Ru, true) => format!("Вопросы без ответа ({all})"),
            (Lang::Ru, false) => format!("Вопросы без ответа ({all}), частые из последних {read}"),
            (Lang::En, true) => format!("Questions without an answer ({all})"),
            (Lang::En, false) => format!("Questions without an answer ({all}), frequent ones of the latest {read}"),
        };
        let told = |asked: Asked| asked.told(self.day_of(asked.last), self.today(), lang);
        part(&mut lines, &head, asked::most(questions).into_iter().take(QUESTIONS_MAX).map(told).collect());
        if lines.len() == 1 {
            lines.push(Say::NothingCounted.says(lang));
        }
        lines.join("\n")
    }
}

fn word<'a>(lang: Lang, ru: &'a str, en: &'a str) -> &'a str {
    match lang {
        Lang::Ru => ru,
        Lang::En => en,
    }
}

fn part(lines: &mut Vec<String>, head: &str, of: Vec<String>) {
    if !of.is_empty() {
        lines.push(String::new());
        lines.push(head.to_owned());
        lines.extend(of.into_iter().map(|line| format!("• {line}")));
    }
}

fn figure(n: i64, lang: Lang) -> String {
    print::number(Decimal::from(n), lang)
}

/// How many of how many, in percent.
fn share(n: i64, of: i64) -> String {
    if of <= 0 { "—".to_owned() } else { format!("{}\u{a0}%", (n * 100 + of / 2) / of) }
}

/// How it stands to the time before.
fn change(n: i64, was: i64) -> String {
    if was <= 0 || n == was {
        return String::new();
    }
    let percent = ((n - was).abs() * 100 + was / 2) / was;
    format!(" {} {percent}\u{a0}%", if n > was { "▲" } else { "▼" })
}
