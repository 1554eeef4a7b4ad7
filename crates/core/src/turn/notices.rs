//! What the team is told: one card a turn, to whom the partner's file says, about the facts they want.

use std::sync::Arc;

use super::{TeamAddress, work::Work};
use crate::{
    fact::Fact,
    fit,
    ids::{BubbleId, NoticeId},
    lang::{Lang, print},
    lead::Temperature,
    message::{ConversationKey, List, Message, Purpose},
    order::OrderState,
    ports::Term,
    rows::{Author, Lane, NoticeRow, OutboxRow},
    spec::{config::Role, rich::Rich, texts::Phrase},
};

/// Last words of the customer shown in a card.
const WORDS_MAX: usize = 3;

/// Facts that are worth a card on the owner's page even if no messenger is named for them.
const ALWAYS: [&str; 13] = [
    "contact.left",
    "lead.hot",
    "order.placed",
    "order.change",
    "order.refused",
    "handoff",
    "handoff.asked",
    "complaint",
    "notify",
    "undelivered",
    "forget",
    BUDGET,
    BUDGET_NEARING,
];

/// Of those, the ones that a file cannot subscribe to. What was not delivered is none of them: a card about a card that was
/// not delivered would never end.
const OURS: [&str; 7] = ["notify", "order.change", "order.refused", "forget", BUDGET, BUDGET_NEARING, SET_ASIDE];

/// A card about an event that could not be processed.
pub(super) const SET_ASIDE: &str = "set_aside";

/// A card about money for models that is spent: the owners get it as well.
const BUDGET: &str = "budget";

/// A card about money for models that is nearly spent.
const BUDGET_NEARING: &str = "budget.nearing";

/// Whether a card is about money, and no customer.
fn is_of_money(about: &str) -> bool {
    matches!(about, BUDGET | BUDGET_NEARING)
}

/// What the customer is told of an order's new state; `None`: nothing.
pub(super) fn order_news(state: OrderState) -> Option<Phrase> {
    match state {
        OrderState::Paid => Some(Phrase::OrderPaid),
        OrderState::InProgress => Some(Phrase::OrderInProgress),
        OrderState::Shipped => Some(Phrase::OrderShipped),
        OrderState::Ready => Some(Phrase::OrderReady),
        OrderState::Completed => Some(Phrase::OrderCompleted),
        OrderState::Cancelled => Some(Phrase::OrderCancelled),
        OrderState::Refunded => Some(Phrase::OrderRefunded),
        OrderState::Draft
        | OrderState::Placed
        | OrderState::AwaitingPayment
        | OrderState::ReturnRequested
        | OrderState::Returned => None,
    }
}

/// Cards of a turn: rows for the owner's page, and bubbles for messengers.
#[derive(Debug, Default)]
pub(super) struct Cards {
    pub(super) rows: Vec<NoticeRow>,
    pub(super) outbox: Vec<OutboxRow>,
}

impl Work {
    pub(super) fn cards_for_team(&self) -> Cards {
        let mut abouts: Vec<String> = self.facts.iter().map(|event| event.fact.name()).collect();
        abouts.extend(self.notes.iter().map(|note| note.about.clone()));
        abouts.retain(|about| self.concerns(about));
        let mut seen = Vec::new();
        abouts.retain(|about| {
            !seen.contains(about) && {
                seen.push(about.clone());
                true
            }
        });
        let Some(first) = abouts.first() else { return Cards::default() };
        let text = self.card_text(&abouts);
        let id = |what: &str| [self.snap.key.conversation.to_string(), self.snap.version.to_string(), what.to_owned()];
        let notice = id("notice");
        let row = NoticeRow {
            id: NoticeId::of(&notice.each_ref().map(String::as_str)),
            conversation: Some(self.snap.key.conversation),
            about: first.clone(),
            text: text.clone(),
            at: self.now,
        };
        let version = self.snap.version.to_string();
        let card = |to| card(&self.snap.key, &[&version, "notice"], to, &text);
        let outbox = self.addressees(&abouts).into_iter().flat_map(card).collect();
        Cards { rows: vec![row], outbox }
    }

    fn concerns(&self, about: &str) -> bool {
        ALWAYS.contains(&about)
            || self.book.spec.config.notify.iter().any(|notify| notify.about.iter().any(|fact| fact.name() == about))
    }

    pub(super) fn addressees(&self, abouts: &[String]) -> Vec<&TeamAddress> {
        // What the file cannot subscribe to goes to whoever takes handed-over conversations.
        let ours = abouts.iter().any(|about| OURS.contains(&about.as_str()));
        let owners = abouts.iter().any(|about| is_of_money(about));
        let is_owner = |member: &Arc<str>| {
            self.book.spec.config.team.iter().any(|one| one.name == *member && one.role == Role::Owner)
        };
        let wants = |member: &Arc<str>| {
            if owners && is_owner(member) {
                return true;
            }
            let mut rules = self.book.spec.config.notify.iter().filter(|notify| notify.to == *member);
            rules.any(|notify| {
                let mut about = notify.about.iter().map(ToString::to_string);
                about.any(|fact| abouts.contains(&fact) || (ours && fact == "handoff"))
            })
        };
        self.setting.team.iter().filter(|address| wants(&address.member)).collect()
    }

    /// Tells that no model is asked for the rest of a term.
    pub(super) fn note_spent(&mut self, term: Term) {
        let lang = self.book.language(None, "");
        let (ru, en) = match term {
            Term::Day => ("До полуночи", "Until midnight"),
            Term::Month => ("До конца месяца", "Until the end of the month"),
        };
        let money = self.bound(term, lang);
        let text = match lang {
            Lang::Ru => format!(
                "{ru} бот отвечает без модели, по страницам и каталогу. Предел{money} стоит в config.yaml, budget."
            ),
            Lang::En => format!(
                "{en} the bot answers without a model, from pages and catalogue. The bound{money} is in config.yaml, budget."
            ),
        };
        self.note(BUDGET, text);
    }

    /// Tells that soon no model will be asked for the rest of a term.
    pub(super) fn note_nearly_spent(&mut self, term: Term) {
        let lang = self.book.language(None, "");
        let ((ru, ru_until), (en, en_until)) = match term {
            Term::Day => (("дневного", "до полуночи"), ("day's", "until midnight")),
            Term::Month => (("месячного", "до конца месяца"), ("month's", "until the end of the month")),
        };
        let money = self.bound(term, lang);
        let text = match lang {
            Lang::Ru => format!(
                "Израсходовано больше 80 % {ru} бюджета{money}. Когда он кончится, бот {ru_until} будет отвечать без модели. \
                 Предел стоит в config.yaml, budget."
            ),
            Lang::En => format!(
                "More than 80 % of the {en} budget{money} is spent. Once it is used up, the bot answers without a model {en_until}. \
                 The bound is in config.yaml, budget."
            ),
        };
        self.note(BUDGET_NEARING, text);
    }

    /// The money of a term, in brackets, where the file bounds it.
    fn bound(&self, term: Term, lang: Lang) -> String {
        let budget = self.book.spec.config.budget;
        let money = match term {
            Term::Day => Some(budget.day),
            Term::Month => budget.month,
        };
        money.map_or_else(String::new, |money| format!(" ({})", print::money(money, lang)))
    }

    /// Who, how hot and why, what they want, what was said last.
    pub(super) fn card_text(&self, abouts: &[String]) -> String {
        let lang = self.book.language(None, "");
        let mut lines = Vec::new();
        let heads: Vec<String> = abouts.iter().map(|about| head(about, lang)).collect();
        lines.push(heads.join(" · "));
        if !abouts.is_empty() && abouts.iter().all(|about| is_of_money(about)) {
            // It is about no customer.
            lines.extend(self.notes.iter().map(|note| note.text.clone()));
            return lines.join("\n");
        }
        let customer = &self.snap.customer;
        let mut who = vec![customer.name.clone().unwrap_or_else(|| word(lang, "Без имени", "No name").to_owned())];
        who.extend(customer.phone.as_ref().map(ToString::to_string));
        who.extend(customer.email.as_ref().map(|email| email.as_str().to_owned()));
        who.push(self.snap.account.to_string());
        lines.push(who.join(", "));
        let lead = &self.snap.lead;
        let mut warmth = format!("{}, {}", temperature(lead.temperature, lang), lead.score);
        if !lead.why.is_empty() {
            warmth = format!("{warmth}: {}", self.why());
        }
        lines.push(warmth);
        for order in self.snap.orders.iter().filter(|order| self.orders_changed.contains(&order.id)) {
            if order.state == OrderState::Draft {
                continue;
            }
            let goods: Vec<String> =
                order.lines.iter().map(|line| format!("{} × {}", line.name, line.quantity)).collect();
            let due = order.due.map(|due| format!(", {}", print::date(due, lang, self.today()))).unwrap_or_default();
            lines.push(format!("№ {}: {}, {}{due}", order.number, goods.join(", "), print::money(order.total, lang)));
            if !order.note.is_empty() {
                lines.push(order.note.clone());
            }
        }
        lines.extend(self.notes.iter().filter(|note| !note.text.is_empty()).map(|note| note.text.clone()));
        let own = self.snap.history.iter().chain(&self.messages).filter(|row| row.author == Author::Customer);
        let said: Vec<&str> = own.map(|row| row.text.as_str()).collect();
        let last = said.iter().skip(said.len().saturating_sub(WORDS_MAX));
        lines.extend(last.map(|text| format!("— {}", text.chars().take(200).collect::<String>())));
        lines.join("\n")
    }

    /// Whether this turn needs a timer that reminds of a handed-over conversation.
    pub(super) fn remind_after(&self) -> Option<crate::spec::value::Period> {
        let handed = self.facts.iter().any(|event| matches!(event.fact, Fact::Handoff { .. }));
        let rules = &self.book.spec.config.notify;
        let wants = |notify: &&crate::spec::config::Notify| notify.about.iter().any(|fact| fact.name() == "handoff");
        handed.then(|| rules.iter().filter(wants).find_map(|notify| notify.remind)).flatten()
    }
}

/// A card to a member of the team; `of` tells it from other cards of the conversation.
pub(super) fn card(key: &ConversationKey, of: &[&str], to: &TeamAddress, text: &str) -> Vec<OutboxRow> {
    let message = Message {
        text: Rich::plain(text),
        cards: Vec::new(),
        photo: None,
        buttons: Vec::new(),
        list: List::default(),
        purpose: Purpose::Service,
    };
    let conversation = key.conversation.to_string();
    let row = |(n, bubble): (usize, _)| {
        let n = n.to_string();
        let id: Vec<&str> = [conversation.as_str()].iter().chain(of).chain(&[&*to.member, &n]).copied().collect();
        OutboxRow {
            id: BubbleId::of(&id),
            conversation: key.clone(),
            account: to.account.clone(),
            peer: to.peer.clone(),
            seq: 0,
            bubble,
            lane: Lane::Notice,
            expires: None,
            attempts: 0,
        }
    };
    fit::fit(&message, &to.capabilities).into_iter().enumerate().map(row).collect()
}

fn word<'a>(lang: Lang, ru: &'a str, en: &'a str) -> &'a str {
    match lang {
        Lang::Ru => ru,
        Lang::En => en,
    }
}

fn temperature(temperature: Temperature, lang: Lang) -> &'static str {
    match temperature {
        Temperature::Hot => word(lang, "● горячий", "● hot"),
        Temperature::Warm => word(lang, "● тёплый", "● warm"),
        Temperature::Cold => word(lang, "● холодный", "● cold"),
    }
}

fn head(about: &str, lang: Lang) -> String {
    let (ru, en) = match about {
        "contact.left" => ("Оставил(а) контакт", "Left a contact"),
        "lead.hot" => ("Лид стал горячим", "The lead is hot"),
        "lead.warm" => ("Лид потеплел", "The lead is warm"),
        "order.placed" => ("Новый заказ", "New order"),
        "order.paid" => ("Заказ оплачен", "Order paid"),
        "order.cancelled" => ("Заказ отменён", "Order cancelled"),
        "order.completed" => ("Заказ выдан", "Order handed over"),
        "order.change" => ("Просит изменить заказ", "Wants an order changed"),
        "order.refused" => ("Заказ не оформился", "An order could not be placed"),
        "handoff" => ("Нужен человек", "A person is needed"),
        "handoff.asked" => ("Просит человека", "Asks for a person"),
        "complaint" => ("Жалоба", "Complaint"),
        "message" => ("Новое сообщение", "New message"),
        "media" => ("Прислал(а) файл", "Sent a file"),
        "notify" => ("Из сценария", "From the flow"),
        "undelivered" => ("Не доставлено", "Not delivered"),
        "price.asked" => ("Спросил(а) цену", "Asked for a price"),
        "opt_out" => ("Просит не писать", "Opted out"),
        SET_ASIDE => ("Не удалось обработать", "Could not be processed"),
        "forget" => ("Просит удалить персональные данные", "Asks for personal data to be erased"),
        "rating" => ("Оценка", "Rating"),
        BUDGET_NEARING => ("Бюджет на модели подходит к концу", "The budget for models is nearly spent"),
        BUDGET => ("Бюджет на модели исчерпан", "The budget for models is spent"),
        other => return other.to_owned(),
    };
    word(lang, ru, en).to_owned()
}
