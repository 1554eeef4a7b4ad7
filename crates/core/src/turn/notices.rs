//! What the team is told: one card a turn, to whom the partner's file says, about the facts they want.

use super::{
    TeamAddress, desk,
    state::Owner,
    telling::Hearing,
    titles,
    unheeded::UNHEEDED,
    work::{People, Work},
};
use crate::{
    drawing::Photo,
    fact::{Fact, LOW_STARS_MAX},
    fit,
    ids::BubbleId,
    lang::{Lang, print},
    lead::Temperature,
    message::{Button, ConversationKey, List, Message, Purpose},
    order::{Order, OrderState},
    ports::Term,
    rows::{Author, Lane, NoticeRow, OutboxRow},
    spec::{config::Role, rich::Rich, texts::Phrase},
};

/// Reminders of a conversation that nobody takes.
const REMINDERS_MAX: u8 = 3;
/// Last words of the customer shown in a card.
const WORDS_MAX: usize = 3;

/// Facts that are worth a card on the owner's page even if no messenger is named for them.
const ALWAYS: [&str; 19] = [
    PAUSED,
    UNREAD,
    RETURNED,
    SAME,
    UNHEEDED,
    RATED_LOW,
    "contact.left",
    "lead.hot",
    "order.placed",
    "order.change",
    "order.refused",
    "handoff",
    "handoff.asked",
    "complaint",
    "notify",
    LOST,
    FORGET,
    BUDGET,
    BUDGET_NEARING,
];

/// Of those, the ones that a file cannot subscribe to. What was not delivered is none of them: a card about a card that was
/// not delivered would never end.
const OURS: [&str; 9] =
    [RETURNED, SAME, "notify", "order.change", "order.refused", FORGET, BUDGET, BUDGET_NEARING, SET_ASIDE];

/// Somebody may be the same person.
pub(super) const SAME: &str = "person.same";

/// A customer wishes to be forgotten.
pub(super) const FORGET: &str = "forget";

/// A card about an event that could not be processed.
pub(super) const SET_ASIDE: &str = "set_aside";

/// A member is given the conversation.
pub(super) const ASSIGNED: &str = "assigned";

/// Something did not arrive: a card to another member, an answer to the customer.
pub(super) const LOST: &str = "undelivered";

/// The bot has the conversation back from a person who was silent.
pub(super) const RETURNED: &str = "returned";

/// The customer waits for the end of the pause.
pub(super) const PAUSED: &str = "paused";

/// What the bot answers after a pause is not all that was said in it.
pub(super) const UNREAD: &str = "unread";

/// The customer has rated us low: whoever is told of ratings is told of it at once.
pub(super) const RATED_LOW: &str = "rating.low";

/// A member wanted to be reminded.
pub(super) const SNOOZED: &str = "snoozed";

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

/// What a card that a fact gives rise to is about.
pub(super) fn about(fact: &Fact) -> String {
    match fact {
        Fact::Rating { stars } if *stars <= LOW_STARS_MAX => RATED_LOW.to_owned(),
        fact => fact.name(),
    }
}

/// Cards of a turn: rows for the owner's page, and bubbles for messengers.
#[derive(Debug, Default)]
pub(super) struct Cards {
    pub(super) rows: Vec<NoticeRow>,
    pub(super) outbox: Vec<OutboxRow>,
}

impl Work {
    pub(super) fn concerns(&self, about: &str) -> bool {
        ALWAYS.contains(&about)
            || (about == "message" && (self.waits_for_bot() || self.is_holder_told()))
            || self.book.spec.config.notify.iter().any(|notify| notify.about.iter().any(|fact| fact.name() == about))
    }

    pub(super) fn addressees(&self, abouts: &[String]) -> Vec<&TeamAddress> {
        self.setting.team.iter().filter(|to| !self.wants(&to.member, abouts).is_empty()).collect()
    }

    /// What of this a member is to be told.
    pub(super) fn wants(&self, member: &str, abouts: &[String]) -> Vec<String> {
        let is_owner = self.is_owner(member);
        let asks_for = |about: &str| self.asks_for(member, about);
        let hearing = self.hearing_of(member);
        let wants = |about: &&String| match about.as_str() {
            "message" | "media" | "activity.high" if hearing == Hearing::Relayed => false,
            "message" if hearing == Hearing::Told => true,
            // Nobody else answers them now.
            "message" if self.waits_for_bot() => self.sees_to_waiting(member),
            PAUSED | UNREAD => self.hears_of_waiting(member),
            about if is_of_money(about) && is_owner => true,
            // Nobody took it when they were asked: now all are.
            "handoff" if self.people == People::Away => true,
            UNHEEDED => true,
            // What the file cannot subscribe to goes to whoever takes handed-over conversations.
            about => asks_for(about) || (OURS.contains(&about) && asks_for("handoff")),
        };
        abouts.iter().filter(wants).cloned().collect()
    }

    fn is_owner(&self, member: &str) -> bool {
        self.book.spec.config.team.iter().any(|one| *one.name == *member && one.role == Role::Owner)
    }

    /// The fact by which files have somebody told of this. A low rating that nobody is to be told of as such goes to whoever takes
    /// handed-over conversations.
    pub(super) fn asked_by<'a>(&self, about: &'a str) -> &'a str {
        let is_told = |fact: &str| {
            self.book.spec.config.notify.iter().any(|rule| rule.about.iter().any(|one| one.name() == fact))
        };
        match about {
            RATED_LOW if is_told("rating") => "rating",
            RATED_LOW => "handoff",
            about => about,
        }
    }

    /// Whether a rule has a member told of this.
    fn asks_for(&self, member: &str, about: &str) -> bool {
        let about = self.asked_by(about);
        let mut rules = self.book.spec.config.notify.iter().filter(|rule| *rule.to == *member);
        rules.any(|rule| rule.about.iter().any(|fact| fact.name() == about))
    }

    /// Whether a member has asked to be told of what the bot leaves to people.
    fn sees_to_waiting(&self, member: &str) -> bool {
        self.asks_for(member, "message") || self.asks_for(member, "handoff")
    }

    /// Whether a member is told who waits in a pause: where nobody has asked to be, the owners are, and without one everybody.
    fn hears_of_waiting(&self, member: &str) -> bool {
        let reached = || self.setting.team.iter().map(|to| &*to.member);
        if reached().any(|one| self.sees_to_waiting(one)) {
            self.sees_to_waiting(member)
        } else {
            self.is_owner(member) || !reached().any(|one| self.is_owner(one))
        }
    }

    /// What a card offers to do. About money there is nothing to be done with a customer.
    pub(super) fn card_buttons(&self, to: &TeamAddress, abouts: &[String]) -> Vec<Button> {
        if !abouts.is_empty() && abouts.iter().all(|about| is_of_money(about)) {
            return Vec::new();
        }
        let lang = self.book.language(None, "");
        desk::of_card(self.snap.key.conversation, &self.snap.state, to, lang)
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

    /// What a card is about, in a word or two: of what the partner's files name, in their words.
    pub(super) fn head(&self, about: &str, lang: Lang) -> String {
        titles::of_fact(&self.book.spec, about, lang).unwrap_or_else(|| head(about, lang))
    }

    /// Who, how hot and why, what they want, what was said last, what to do now. `notes`: what the facts do not tell.
    pub(super) fn card_text(&self, abouts: &[String], notes: &[String]) -> String {
        let lang = self.book.language(None, "");
        let mut lines = Vec::new();
        let heads: Vec<String> = abouts.iter().map(|about| self.head(about, lang)).collect();
        if !heads.is_empty() {
            lines.push(heads.join(" · "));
        }
        if !abouts.is_empty() && abouts.iter().all(|about| is_of_money(about)) {
            // It is about no customer.
            lines.extend(notes.iter().cloned());
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
        lines.extend(self.where_they_stand(lang));
        let tells_orders = abouts.is_empty() || abouts.iter().any(|about| about.starts_with("order."));
        let shown =
            |order: &&Order| self.orders_changed.contains(&order.id) || (tells_orders && !order.state.is_over());
        for order in self.snap.orders.iter().filter(shown) {
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
        lines.extend(notes.iter().cloned());
        let own = self.snap.history.iter().chain(&self.messages).filter(|row| row.author == Author::Customer);
        let mut last: Vec<String> = own.rev().take(WORDS_MAX).map(|row| self.sent(row).words).collect();
        last.reverse();
        lines.extend(last.iter().map(|text| format!("— {}", text.chars().take(200).collect::<String>())));
        lines.push(self.next_step(abouts, lang));
        lines.join("\n")
    }

    /// A card as it is sent: below the text who may be the same person, and the way to the customer's chat, where there is one.
    pub(super) fn card_words(&self, abouts: &[String], notes: &[String]) -> Rich {
        let mut words = Rich::plain(self.card_text(abouts, notes));
        if !abouts.is_empty() && abouts.iter().all(|about| is_of_money(about)) {
            return words;
        }
        for (line, address) in self.suggestions() {
            words.add_line(&line, address.as_deref());
        }
        if let Some(address) = self.chat_of(self.snap.state.page.clone(), &self.snap.key) {
            let lang = self.book.language(None, "");
            words.add_line(word(lang, "Открыть чат", "Open the chat"), Some(&address));
        }
        words
    }

    /// A card's words as a place gets them: where nothing can be answered, with the page on which it can.
    pub(super) fn words_at(&self, to: &TeamAddress, abouts: &[String], words: &Rich) -> Rich {
        let mut words = words.clone();
        let is_of_customer = abouts.is_empty() || !abouts.iter().all(|about| is_of_money(about));
        if !to.capabilities.hears.it()
            && is_of_customer
            && let Some(page) = self.setting.links.as_ref().and_then(|links| links.page(&self.snap.key))
            && !words.leads_to(&page)
        {
            let lang = self.book.language(None, "");
            words.add_line(word(lang, "Ответить", "Answer"), Some(&page));
        }
        words
    }

    /// The chat in a customer's messenger, else the conversation on the owner's pages.
    pub(super) fn chat_of(&self, in_messenger: Option<String>, conversation: &ConversationKey) -> Option<String> {
        in_messenger.or_else(|| self.setting.links.as_ref()?.page(conversation))
    }

    /// Stage, interest and who answers, as far as they are known.
    fn where_they_stand(&self, lang: Lang) -> Option<String> {
        let mut known = Vec::new();
        let lead = &self.snap.lead;
        if !lead.stage.is_empty() {
            known.push(format!("{}: {}", word(lang, "этап", "stage"), lead.stage));
        }
        if let Some(interest) = self.interest() {
            known.push(format!("{}: {interest}", word(lang, "интерес", "interest")));
        }
        if let Some(segment) = &lead.segment {
            let shown = self.book.segment_shown(segment, lang);
            known.push(format!("{}: {shown}", word(lang, "сегмент", "segment")));
        }
        if let Some(source) = &lead.source {
            known.push(format!("{}: {source}", word(lang, "пришёл по ссылке", "came by")));
        }
        match (self.snap.state.owner, self.snap.state.holder.as_deref()) {
            (Owner::Person, Some(who)) => known.push(format!("{}: {who}", word(lang, "ведёт", "with"))),
            (Owner::Nobody, _) => known.push(word(lang, "ждёт человека", "waits for a person").to_owned()),
            (Owner::Person | Owner::Bot, _) => {}
        }
        (!known.is_empty()).then(|| known.join(", "))
    }

    /// What the customer is interested in: what they have chosen, else how they are tagged, else what they talk about.
    fn interest(&self) -> Option<String> {
        let state = &self.snap.state;
        let chosen: Vec<&str> = state.cart.lines.iter().map(|line| line.name.as_str()).collect();
        if !chosen.is_empty() {
            return Some(chosen.join(", "));
        }
        let tags = &self.snap.customer.more.tags;
        if !tags.is_empty() {
            return Some(tags.join(", "));
        }
        let flow = state.run.as_ref().and_then(|run| self.book.flow(&run.flow))?;
        Some(flow.title.clone())
    }

    /// What to do now: whoever waits comes first, then orders that stand still, then the lead.
    fn next_step(&self, abouts: &[String], lang: Lang) -> String {
        if abouts.iter().any(|about| about == "complaint") {
            return word(lang, "→ Ответьте сами: боту это не решить", "→ Answer yourself: the bot cannot settle it")
                .to_owned();
        }
        if abouts.iter().any(|about| about == RATED_LOW) {
            return word(lang, "→ Спросите сами, что было не так", "→ Ask yourself what went wrong").to_owned();
        }
        if self.snap.state.owner == Owner::Nobody {
            return word(lang, "→ Ответьте: клиент ждёт человека", "→ Answer: the customer waits for a person")
                .to_owned();
        }
        let standing = [
            (OrderState::ReturnRequested, "→ Решите о возврате", "→ Decide about the return"),
            (OrderState::Placed, "→ Возьмите заказ в работу", "→ Take the order in hand"),
            (OrderState::Paid, "→ Возьмите заказ в работу", "→ Take the order in hand"),
            (OrderState::AwaitingPayment, "→ Напомните об оплате", "→ Remind of the payment"),
            (OrderState::Ready, "→ Договоритесь о получении", "→ Agree on the handover"),
            (OrderState::Draft, "→ Помогите дооформить заказ", "→ Help to complete the order"),
        ];
        let order = standing.iter().find(|(state, ..)| self.snap.orders.iter().any(|order| order.state == *state));
        if let Some((_, ru, en)) = order {
            return word(lang, ru, en).to_owned();
        }
        let (ru, en) = match (self.snap.lead.temperature, &self.snap.customer.phone) {
            (Temperature::Hot, Some(_)) => ("→ Позвоните сейчас", "→ Call now"),
            (Temperature::Hot, None) => ("→ Напишите сейчас", "→ Write now"),
            (Temperature::Warm, Some(_)) => {
                ("→ Предложите и договоритесь о звонке", "→ Make an offer and agree on a call")
            }
            (Temperature::Warm, None) => ("→ Предложите и спросите контакт", "→ Make an offer and ask for a contact"),
            (Temperature::Cold, _) => ("→ Пока ведёт бот", "→ Leave it to the bot for now"),
        };
        word(lang, ru, en).to_owned()
    }

    /// Whether this turn needs a timer that reminds of a handed-over conversation.
    pub(super) fn remind_after(&self) -> Option<crate::spec::value::Period> {
        let handed = self.snap.state.owner == Owner::Nobody
            && (self.facts.iter().any(|event| matches!(event.fact, Fact::Handoff { .. }))
                || (self.people == People::Away && self.snap.state.reminded < REMINDERS_MAX));
        let rules = &self.book.spec.config.notify;
        let wants = |notify: &&crate::spec::config::Notify| notify.about.iter().any(|fact| fact.name() == "handoff");
        handed.then(|| rules.iter().filter(wants).find_map(|notify| notify.remind)).flatten()
    }
}

/// A card to a member of the team; `of` tells it from other cards of the conversation.
pub(super) fn card(
    key: &ConversationKey,
    of: &[&str],
    to: &TeamAddress,
    (text, photo): (Rich, Option<Photo>),
    buttons: Vec<Button>,
) -> Vec<OutboxRow> {
    let message = Message {
        text,
        cards: Vec::new(),
        photo,
        buttons,
        list: List::default(),
        purpose: Purpose::Service,
        template: None,
        sequence: None,
    };
    let conversation = key.conversation.to_string();
    let row = |(n, bubble): (usize, _)| {
        let n = n.to_string();
        let at = [&*to.member, to.account.as_str(), to.peer.as_str(), &n];
        let id: Vec<&str> = [conversation.as_str()].iter().chain(of).chain(&at).copied().collect();
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

/// The same of what every partner has.
pub(super) fn head(about: &str, lang: Lang) -> String {
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
        "person.answered" => ("Человек ответил", "A person has answered"),
        "complaint" => ("Жалоба", "Complaint"),
        "message" => ("Новое сообщение", "New message"),
        PAUSED => ("Ждёт: бот на паузе", "Waits: the bot is paused"),
        UNREAD => ("Бот прочёл не всё", "The bot has not read it all"),
        "media" => ("Прислал(а) файл", "Sent a file"),
        UNHEEDED => ("Лидом никто не занялся", "Nobody looks after the lead"),
        "notify" => ("Из сценария", "From the flow"),
        LOST => ("Не доставлено", "Not delivered"),
        "price.asked" => ("Спросил(а) цену", "Asked for a price"),
        "opt_out" => ("Просит не писать", "Opted out"),
        SET_ASIDE => ("Не удалось обработать", "Could not be processed"),
        FORGET => ("Просит удалить персональные данные", "Asks for personal data to be erased"),
        "rating" => ("Оценка", "Rating"),
        RATED_LOW => ("Низкая оценка", "Low rating"),
        BUDGET_NEARING => ("Бюджет на модели подходит к концу", "The budget for models is nearly spent"),
        SAME => ("Похоже, писал(а) и раньше", "May have written before"),
        RETURNED => ("Бот снова ведёт диалог", "The bot has the conversation again"),
        ASSIGNED => ("Клиент передан вам", "The customer is given to you"),
        SNOOZED => ("Вы просили напомнить", "You wanted to be reminded"),
        "activity.high" => ("Много пишет", "Writes a lot"),
        "link.clicked" => ("Открыл(а) ссылку", "Opened a link"),
        "cart.added" => ("Выбрал(а) товар", "Chose a product"),
        BUDGET => ("Бюджет на модели исчерпан", "The budget for models is spent"),
        "button" => ("Нажал(а) кнопку", "Pressed a button"),
        "lead.cold" => ("Лид остыл", "The lead cooled"),
        "tone.positive" => ("Пишет с благодарностью", "Sounds pleased"),
        "tone.negative" => ("Пишет недовольно", "Sounds displeased"),
        "tone.angry" => ("Злится", "Sounds angry"),
        other => return other.to_owned(),
    };
    word(lang, ru, en).to_owned()
}
