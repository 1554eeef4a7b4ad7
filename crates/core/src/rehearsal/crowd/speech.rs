//! What a simulated customer says to what stands on their screen. They read the open step as a person reads its question; what
//! their words mean is decided by the turn alone.

use std::sync::Arc;

use jiff::{ToSpan, civil, tz::TimeZone};
use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::Living;
use crate::{
    ids::FlowId,
    lang::Lang,
    message::{Bubble, ContactOf, Content, Event, MediaKind, Press, Profile},
    spec::{
        expr::{Expr, Fact, Path, Scope},
        flow::{Action, Ask, Choice, Kind},
        value::{Period, Value},
    },
    turn::{
        Owner,
        token::{Act, Plain, Token},
    },
};

/// What is said in each language.
struct Phrases {
    complaints: &'static [&'static str],
    questions: &'static [&'static str],
    babble: &'static [&'static str],
    human: &'static str,
    stop: &'static str,
    no: &'static str,
    yes: &'static str,
    address: &'static str,
    price_of: fn(&str) -> String,
}

const RUSSIAN: Phrases = Phrases {
    complaints: &["Безобразие, сколько можно!", "Это ужас, верните деньги", "Отвратительно отвечаете"],
    questions: &["А доставка есть?", "Сколько ждать?", "Как можно оплатить?", "А скидки бывают?", "Что посоветуете?"],
    babble: &["ыыы", "ну такое", "апвр", "))))", "потом"],
    human: "Позовите человека",
    stop: "стоп",
    no: "Нет",
    yes: "Да",
    address: "Самара, улица Ленина, 5",
    price_of: |product| format!("Сколько стоит {product}?"),
};

const ENGLISH: Phrases = Phrases {
    complaints: &["This is outrageous", "Terrible service, I want my money back", "Awful"],
    questions: &[
        "Do you deliver?",
        "How long does it take?",
        "How can I pay?",
        "Any discounts?",
        "What do you suggest?",
    ],
    babble: &["hmmm", "asdf", "whatever", ":))", "later"],
    human: "Let me talk to a person",
    stop: "stop",
    no: "No",
    yes: "Yes",
    address: "5 High Street, York",
    price_of: |product| format!("How much is {product}?"),
};

fn phrases(lang: Lang) -> &'static Phrases {
    match lang {
        Lang::Ru => &RUSSIAN,
        Lang::En => &ENGLISH,
    }
}

/// Of those who see a button that leaves a question open, so many in a thousand press it.
const SKIPS: u64 = 120;
/// Numbers that people name where no bound says otherwise.
const NUMBERS: (i64, i64) = (1, 30);
/// Days from today that people name.
const DAYS: (i64, i64) = (1, 20);

impl<'a> Living<'a> {
    /// The first thing that they do.
    pub(super) fn arrive(&self) -> Event {
        let door = &self.scene.doors[self.person.door];
        self.event(match door.kind.as_str() {
            "web" => Content::Visited { link: String::new() },
            _ => Content::Command { name: "start".into(), args: String::new() },
        })
    }

    /// What they say to what was said last.
    pub(super) fn speak(&mut self) -> Event {
        let habits = self.person.temper.habits();
        let said = phrases(self.lang());
        let roll = self.chance.below(1_000);
        let mut upto = 0;
        let mut falls = |share: u64| {
            upto += share;
            roll < upto
        };
        let content = if falls(habits.complains) {
            text(self.chance.pick::<&str>(said.complaints))
        } else if falls(habits.human) {
            text(said.human)
        } else if falls(habits.babbles) {
            text(self.chance.pick::<&str>(said.babble))
        } else if falls(habits.asks) {
            self.question()
        } else {
            return self.answer();
        };
        self.event(content)
    }

    /// They want no more letters: by the button under one, else in words.
    pub(super) fn opt_out(&mut self) -> Event {
        let button = self.button(|token| token == Token::Plain(Plain::Stop));
        self.event(button.unwrap_or_else(|| text(phrases(self.lang()).stop)))
    }

    pub(super) fn event(&self, content: Content) -> Event {
        let door = &self.scene.doors[self.person.door];
        let profile = Profile {
            name: self.person.name.map(str::to_owned),
            language: Some(self.lang().code().to_owned()),
            zone: door.tells_zone.then(|| self.person.zone.iana_name().map(str::to_owned)).flatten(),
            page: None,
        };
        Event::Customer { content, profile }
    }

    fn lang(&self) -> Lang {
        self.scene.playbook.spec.config.languages.first().copied().unwrap_or_default()
    }

    fn question(&mut self) -> Content {
        let said = phrases(self.lang());
        let products = &self.scene.playbook.spec.catalogue.products;
        if !products.is_empty() && self.chance.one_in(2) {
            return text(&(said.price_of)(&self.chance.pick(products).name));
        }
        text(self.chance.pick::<&str>(said.questions))
    }

    /// An answer to the open step; without one, whatever there is to press.
    fn answer(&mut self) -> Event {
        let scene = self.scene;
        let open = self.open().and_then(|(flow, step)| {
            let flow = scene.playbook.spec.flows.get(&flow)?;
            Some((&flow.id, flow.step(flow.find(&step)?)))
        });
        let content = match open.map(|(flow, step)| (flow, &step.action)) {
            Some((flow, Action::Ask(ask))) => self.answer_question(flow, ask),
            Some((_, Action::Contact(_))) => self.answer_contact(),
            Some((_, Action::Offer(_))) => self.answer_offer(),
            Some((_, Action::Order(_))) => self.answer_order(),
            _ => return self.press_anything(),
        };
        self.event(content)
    }

    fn answer_question(&mut self, flow: &FlowId, ask: &Ask) -> Content {
        let clocks = self.clocks(flow, ask);
        let is_listed = clocks.is_empty() || clocks.iter().any(|(_, zone)| self.lives_by(zone));
        if ask.skip.is_some()
            && (self.chance.permille(SKIPS) || !is_listed)
            && let Some(skip) = self.button(|token| matches!(token, Token::Act { act: Act::Skip, .. }))
        {
            return skip;
        }
        let said = phrases(self.lang());
        let lang = self.lang();
        match &ask.kind {
            Kind::Choice(choices) | Kind::Choices(choices) if !choices.is_empty() => {
                let choice = self.choose(ask, choices, &clocks);
                let label = choice.label.get(lang).clone();
                let others = &choice.also;
                let words = if others.is_empty() || !self.chance.one_in(3) {
                    label.clone()
                } else {
                    self.chance.pick(others).clone()
                };
                self.press_or_type(&label, words)
            }
            Kind::YesNo => {
                let agrees = match &ask.ads {
                    Some(_) => self.person.is_keen(650, &mut self.chance),
                    None => self.chance.one_in(2),
                };
                self.wants_letters_again(agrees && ask.ads.is_some());
                let word = if agrees { said.yes } else { said.no };
                self.press_or_type(word, word.to_owned())
            }
            kind => {
                let examples: Vec<String> = self.labels(|token| matches!(token, Token::Option { .. }));
                if !examples.is_empty() && self.chance.permille(self.person.temper.habits().presses) {
                    let example = self.chance.pick(&examples).clone();
                    return self.press_or_type(&example, example.clone());
                }
                self.made_up(kind)
            }
        }
    }

    /// Options that tell where somebody lives. What they mean is what the partner's files promise, whatever the bot makes of them.
    fn clocks(&self, flow: &FlowId, ask: &Ask) -> Vec<(Arc<str>, &'a TimeZone)> {
        let told = self.promises.told.iter();
        let asked = told.filter(|((in_flow, slot, _), _)| in_flow == flow && *slot == ask.slot);
        asked.map(|((_, _, option), zone)| (Arc::clone(option), zone)).collect()
    }

    /// Whether their clock shows what it shows there.
    fn lives_by(&self, zone: &TimeZone) -> bool {
        let now = self.stage.now();
        zone.to_offset(now) == self.person.zone.to_offset(now)
    }

    /// An option; who is asked about advertisements thinks twice, who is asked where they live tells it if it is there.
    fn choose<'c>(&mut self, ask: &Ask, choices: &'c [Choice], clocks: &[(Arc<str>, &TimeZone)]) -> &'c Choice {
        if let Some(Value::Choice(agreeing)) = &ask.ads {
            let agrees = self.person.is_keen(650, &mut self.chance);
            let wanted: Vec<&Choice> = choices.iter().filter(|one| (*one.id == **agreeing) == agrees).collect();
            if !wanted.is_empty() {
                self.wants_letters_again(agrees);
                return self.chance.pick::<&Choice>(&wanted);
            }
        }
        let clock = |choice: &Choice| clocks.iter().find(|(option, _)| *option == choice.id).map(|(_, zone)| *zone);
        let own: Vec<&Choice> =
            choices.iter().filter(|choice| clock(choice).is_some_and(|zone| self.lives_by(zone))).collect();
        let choice = if own.is_empty() { self.chance.pick(choices) } else { self.chance.pick::<&Choice>(&own) };
        if self.is_heard_by_bot()
            && let Some(zone) = clock(choice)
        {
            self.life.told = Some(zone.clone());
        }
        choice
    }

    /// A person of the team who has the conversation fills no answer in.
    fn is_heard_by_bot(&self) -> bool {
        self.now.as_ref().is_some_and(|now| now.state.owner == Owner::Bot)
    }

    /// Who had asked for no more letters says yes to the question about them, or does not.
    fn wants_letters_again(&mut self, agrees: bool) {
        self.life.opted_out &= !(agrees && self.is_heard_by_bot());
    }

    /// An answer in their own words.
    fn made_up(&mut self, kind: &Kind) -> Content {
        let said = phrases(self.lang());
        let today = self.stage.now().to_zoned(self.person.zone.clone()).date();
        let words = match kind {
            Kind::Number { min, max, .. } | Kind::Money { min, max } => {
                let low = bound(min.as_ref()).unwrap_or(NUMBERS.0);
                let high = bound(max.as_ref()).unwrap_or_else(|| low.max(1).saturating_mul(NUMBERS.1 / 10));
                self.chance.within(low, high.max(low)).to_string()
            }
            Kind::Date(_) | Kind::DateTime(_) => {
                let day = today.checked_add(self.chance.within(DAYS.0, DAYS.1).days()).unwrap_or(today);
                let hour = if matches!(kind, Kind::DateTime(_)) { " 15:00" } else { "" };
                format!("{}{hour}", short_day(day))
            }
            Kind::Time(_) => format!("{}:30", self.chance.within(10, 19)),
            Kind::Phone => self.phone(),
            Kind::Email => format!("klient{}@example.com", self.person.nth),
            Kind::Location => return Content::Location { latitude: 55.75, longitude: 37.62 },
            Kind::Photo => {
                let file = format!("photo-{}", self.person.nth);
                return Content::Media {
                    kind: MediaKind::Photo,
                    file,
                    caption: None,
                    name: None,
                    seconds: None,
                    to: None,
                };
            }
            Kind::Text { .. } | Kind::Choice(_) | Kind::Choices(_) | Kind::YesNo => said.address.to_owned(),
        };
        Content::Text { text: words }
    }

    fn phone(&self) -> String {
        // A number of nobody's: of a range that is kept for films and books where there is one.
        match self.scene.playbook.spec.config.country.as_str() {
            "GB" => format!("+447700900{:03}", self.person.nth % 1_000),
            _ => format!("+7900{:07}", self.person.nth),
        }
    }

    fn answer_contact(&mut self) -> Content {
        let agrees = self.person.is_keen(620, &mut self.chance);
        let consented = self.now.as_ref().and_then(|now| now.state.run.as_ref()).is_some_and(|run| run.consented);
        if !agrees && !consented {
            let decline = self.button(|token| matches!(token, Token::Act { act: Act::Decline, .. }));
            return decline.unwrap_or_else(|| text(phrases(self.lang()).no));
        }
        let phone = self.phone();
        let shares = self.shown.iter().flat_map(|bubble| bubble.rows.iter().flatten());
        if shares.into_iter().any(|button| button.press == Press::ShareContact) {
            return Content::Contact { phone, name: None, whose: ContactOf::Sender };
        }
        match self.button(|token| matches!(token, Token::Act { act: Act::Agree, .. })) {
            Some(agree) if !consented => agree,
            _ => Content::Text { text: phone },
        }
    }

    fn answer_offer(&mut self) -> Content {
        let products = self.labels(|token| matches!(token, Token::Option { .. } | Token::Product(_)));
        if products.is_empty() {
            return self.question();
        }
        let product = self.chance.pick(&products).clone();
        self.press_or_type(&product, product.clone())
    }

    fn answer_order(&mut self) -> Content {
        let confirms = self.person.is_keen(680, &mut self.chance);
        let wanted = |token| match token {
            Token::Act { act: Act::Confirm, .. } => confirms,
            Token::Act { act: Act::Change, .. } => !confirms,
            _ => false,
        };
        let said = phrases(self.lang());
        self.button(wanted).unwrap_or_else(|| text(if confirms { said.yes } else { said.no }))
    }

    /// Something that may be pressed besides the end of all letters; a link is opened. Nothing there: a question.
    fn press_anything(&mut self) -> Event {
        let links = &self.scene.playbook.spec.config.links;
        let buttons = self.shown.iter().flat_map(|bubble| bubble.rows.iter().flatten());
        let mut ways: Vec<Event> = Vec::new();
        for button in buttons {
            match &button.press {
                Press::Token { token } if Token::parse(token) != Some(Token::Plain(Plain::Stop)) => {
                    let label = Some(button.label.clone());
                    ways.push(self.event(Content::Button { token: token.clone(), label }));
                }
                Press::Url { url } => {
                    let known = links.iter().find(|(_, address)| address.as_str() == url);
                    ways.extend(known.map(|(name, _)| Event::Click { link: name.to_string() }));
                }
                Press::Token { .. } | Press::ShareContact | Press::SharePlace => {}
            }
        }
        if ways.is_empty() {
            let question = self.question();
            return self.event(question);
        }
        let way = self.chance.index(ways.len());
        ways.swap_remove(way)
    }

    // What stands on the screen.

    /// Presses the newest button whose token is wanted.
    fn button(&self, wanted: impl Fn(Token) -> bool) -> Option<Content> {
        let mut all = self.shown.iter().rev().flat_map(buttons);
        let (label, token) = all.find(|(_, token)| Token::parse(token).is_some_and(&wanted))?;
        Some(Content::Button { token: token.to_owned(), label: Some(label.to_owned()) })
    }

    /// Labels of the buttons whose token is wanted.
    fn labels(&self, wanted: impl Fn(Token) -> bool) -> Vec<String> {
        let all = self.shown.iter().flat_map(buttons);
        let wanted = all.filter(|(_, token)| Token::parse(token).is_some_and(&wanted));
        wanted.map(|(label, _)| label.to_owned()).collect()
    }

    /// Presses the button of this label, if it is there and they are so disposed; else types.
    fn press_or_type(&mut self, label: &str, words: String) -> Content {
        let presses = self.chance.permille(self.person.temper.habits().presses);
        let found = self.shown.iter().rev().flat_map(buttons).find(|(shown, _)| *shown == label);
        match found {
            Some((_, token)) if presses => Content::Button { token: token.to_owned(), label: Some(label.to_owned()) },
            _ => Content::Text { text: words },
        }
    }
}

/// Labels and tokens of a bubble's buttons and cards; a card is known by its title.
fn buttons(bubble: &Bubble) -> impl Iterator<Item = (&str, &str)> {
    let below = bubble.rows.iter().flatten().map(|button| (button.label.as_str(), button));
    let cards = bubble.cards.iter().filter_map(|card| Some((card.title.as_str(), card.button.as_ref()?)));
    below.chain(cards).filter_map(|(label, button)| match &button.press {
        Press::Token { token } => Some((label, token.as_str())),
        Press::Url { .. } | Press::ShareContact | Press::SharePlace => None,
    })
}

fn text(words: &str) -> Content {
    Content::Text { text: words.to_owned() }
}

/// «15.12».
fn short_day(day: civil::Date) -> String {
    format!("{}.{:02}", day.day(), day.month())
}

/// A bound that is a plain number or sum.
fn bound(expr: Option<&Expr>) -> Option<i64> {
    match expr?.eval(&Nothing) {
        Value::Number(number) => number.trunc().to_i64(),
        Value::Money(money) => Decimal::from(money.minor).checked_div(Decimal::ONE_HUNDRED)?.to_i64(),
        _ => None,
    }
}

/// Nothing is known: of a bound only what it says by itself counts.
struct Nothing;

impl Scope for Nothing {
    fn value(&self, _: &Path) -> Value {
        Value::Empty
    }

    fn count(&self, _: &Fact, _: Option<Period>) -> u32 {
        0
    }

    fn since(&self, _: &Fact) -> Option<Period> {
        None
    }

    fn now(&self) -> civil::DateTime {
        civil::DateTime::default()
    }
}
