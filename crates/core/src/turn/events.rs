//! What came in, event by event: recorded, sorted by kind, and handed to whoever understands it.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    commit::beginning,
    deliveries::Unreachable,
    files,
    state::{Answerer, Mood, Owner, Presence},
    token::{self, Act, Plain, Token},
    wording::Wording,
    work::{Pending, PendingKind, People, Progress, Work},
};
use crate::{
    fact::Fact,
    ids::OrderId,
    message::{Content, Event, EventKey, MediaKind, Profile, TEXT_CHARS_MAX, Timer},
    order::OrderState,
    rows::{Author, Lane, MessageRow},
    spec::{
        flow::{Action, Kind, OwnCommand, Target},
        rich::is_address,
        texts::Phrase,
        value::Value,
    },
    turn::{booking::Placing, flow::Arrival, playbook},
};

/// Names of timers.
pub(super) const SILENCE: &str = "silence";
pub(super) const WAIT: &str = "wait";

/// Longest deep-link payload that is kept as a source, in characters.
const SOURCE_CHARS_MAX: usize = 64;
/// Longest name of a time zone that is looked up.
const ZONE_BYTES_MAX: usize = 64;
/// Longest address of a customer's chat that is kept.
const PAGE_BYTES_MAX: usize = 200;

impl Work {
    /// Takes all waiting events in order. Texts that follow one another are one utterance: people write in bursts.
    pub(super) fn take_events(&mut self) {
        let all = self.take_mail();
        let spoke = all.iter().any(|mail| matches!(mail.inbound.event, Event::Customer { .. }));
        let mut burst = if spoke { self.take_what_waited() } else { Vec::new() };
        if all.iter().all(|mail| {
            matches!(
                mail.inbound.event,
                Event::Timer { .. } | Event::Delivery { .. } | Event::Click { .. } | Event::Broadcast { .. }
            )
        }) {
            self.lane = Lane::Campaign;
        }
        for mail in all {
            let inbound = mail.inbound;
            match inbound.event {
                Event::Customer { content, profile } => {
                    let content = content.without_reply();
                    self.meet(&profile, &content);
                    inbound.key.as_str().clone_into(&mut self.event);
                    let text = self.record(&content, &inbound.key, inbound.at);
                    match (text, content) {
                        (Some(text), _) => burst.push((text, inbound.key)),
                        (None, content) => {
                            self.hear_burst(&mut burst);
                            self.customer_did(content, &inbound.key);
                        }
                    }
                }
                other => {
                    self.hear_burst(&mut burst);
                    self.take_other(other, inbound.at, spoke);
                }
            }
        }
        self.hear_burst(&mut burst);
        // With anything else in the same mail, that comes first: it may end what was due. What is still due then rings again.
        if self.lane == Lane::Campaign {
            self.on_sequences();
        }
    }

    fn take_other(&mut self, event: Event, at: Timestamp, spoke: bool) {
        match event {
            Event::Timer { timer } => {
                if self.rings(&timer, at) {
                    self.on_timer(&timer, spoke);
                }
            }
            Event::Delivery { bubble, fate } => self.on_delivery(bubble, &fate, at),
            // Who wants nothing of us, or was forgotten, is not watched by old links.
            Event::Click { .. } if self.wants_nothing() => {}
            Event::Click { link } => self.fact(Fact::LinkClicked { link }),
            Event::Broadcast { sequence, act } => self.on_broadcast(&sequence, act),
            Event::Team { who, action } => self.on_team(&who, action),
            Event::Deed { by, deed } => self.on_deed(&by, deed),
            Event::Kin { word } => self.on_kin(word),
            Event::Forget { team } => self.forget_here(team),
            // For members' chats alone.
            Event::CardLost { .. }
            | Event::Digest
            | Event::Trouble { .. }
            | Event::Done { .. }
            | Event::Customer { .. } => {}
        }
    }

    pub(super) fn hear_burst(&mut self, burst: &mut Vec<(String, EventKey)>) {
        let Some((last, key)) = burst.last().cloned() else { return };
        self.said_last = last;
        let text = std::mem::take(burst).into_iter().map(|(text, _)| text).collect::<Vec<_>>().join("\n");
        self.snap.state.last_press = None;
        if !self.heard.is_empty() {
            self.heard.push('\n');
        }
        self.heard.push_str(&text);
        self.hear(&text, key.as_str());
    }

    /// Notes who the customer is, and that they are there.
    fn meet(&mut self, profile: &Profile, content: &Content) {
        self.customer_acted = true;
        self.snap.state.last_heard = Some(self.now);
        self.snap.state.mood = Mood::Calm;
        // Whatever silence was counted is over, though its timer may be on its way.
        self.snap.state.timers.remove(SILENCE);
        if !matches!(content, Content::Text { .. } | Content::Button { .. }) {
            self.snap.state.last_press = None;
        }
        if matches!(content, Content::Blocked) {
            return;
        }
        if self.snap.customer.name.is_none() {
            let name = profile.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
            self.snap.customer.name = name.map(|name| name.chars().take(100).collect());
        }
        if let Some(page) = profile.page.as_ref().filter(|page| page.len() <= PAGE_BYTES_MAX && is_address(page)) {
            self.snap.state.page = Some(page.clone());
        }
        if let Some(zone) = profile.zone.as_deref().filter(|zone| zone.len() <= ZONE_BYTES_MAX)
            && self.snap.customer.more.zone.as_deref() != Some(zone)
            && TimeZone::get(zone).is_ok()
        {
            self.snap.customer.more.zone = Some(zone.to_owned());
            self.zone = self.snap.clock();
        }
        if self.bot_owns() && std::mem::take(&mut self.snap.state.answerer) == Answerer::BotUntold {
            let back = self.phrase(Phrase::BotIsBack, &[]);
            self.greeting.say(&back);
        }
        if std::mem::take(&mut self.snap.state.blocked) {
            self.fact(Fact::Reachable { now: "yes".into() });
            self.take_up_wait();
        }
        if self.snap.state.lang.is_none() {
            let words = match content {
                Content::Text { text } => text.as_str(),
                _ => "",
            };
            let lang = self.book.language(profile.language.as_deref(), words);
            self.lang = lang;
            // A button or a bare /start says nothing of the language: the first words will.
            if profile.language.is_some() || !words.is_empty() {
                self.snap.state.lang = Some(lang);
            }
        }
        self.mend_run();
    }

    /// Writes the event into the conversation's record. Returns the words, if it is words.
    fn record(&mut self, content: &Content, key: &EventKey, at: Timestamp) -> Option<String> {
        let (shown, words) = match content {
            Content::Text { text } | Content::Reply { text, .. } => {
                let text = beginning(text, TEXT_CHARS_MAX);
                (text.to_owned(), Some(text.to_owned()))
            }
            Content::Command { name, args } => (format!("/{name} {args}").trim().to_owned(), None),
            Content::Button { token, label } => (self.pressed_label(token, label.as_deref()), None),
            Content::Contact { .. } => (self.team_word(Wording::Contact), None),
            Content::Media { kind, caption, .. } => {
                let caption = beginning(caption.as_deref().unwrap_or_default(), TEXT_CHARS_MAX);
                (self.file_word(*kind, caption), None)
            }
            Content::Location { .. } => (self.team_word(Wording::Place), None),
            Content::Edited { text, .. } => (format!("✎ {}", beginning(text, TEXT_CHARS_MAX)), None),
            Content::Opened | Content::Visited { .. } | Content::Blocked | Content::Other { .. } => return None,
        };
        self.snap.state.presence = Presence::Heard;
        self.asked_at.get_or_insert(at);
        match content {
            Content::Button { .. } => self.fact(Fact::Button),
            _ => self.wrote(content),
        }
        self.snap.state.unread = self.snap.state.unread.saturating_add(1);
        self.snap.state.seq += 1;
        self.messages.push(MessageRow {
            seq: self.snap.state.seq,
            author: Author::Customer,
            text: shown,
            body: serde_json::to_string(content).unwrap_or_default(),
            bubble: None,
            key: Some(key.clone()),
            basis: None,
            at,
        });
        words
    }

    pub(super) fn customer_did(&mut self, content: Content, key: &EventKey) {
        let silent = !self.bot_owns();
        match content {
            Content::Blocked => self.cannot_reach(Unreachable::Blocked),
            Content::Command { name, args }
                if !silent || matches!(name.as_str(), "stop" | "forget_me" | "forgetme") =>
            {
                self.command(&name, &args, key.as_str());
            }
            Content::Visited { link } if !silent => {
                if self.is_new() && self.snap.state.seq == 0 {
                    self.snap.state.presence = Presence::Unheard;
                }
                self.on_start(&link);
            }
            Content::Visited { link } => self.came_by(&link),
            Content::Opened | Content::Other { .. } => {}
            // The way out works whoever has the conversation.
            Content::Button { token, .. } if silent && Token::parse(&token) == Some(Token::Plain(Plain::Stop)) => {
                self.opt_out();
            }
            Content::Button { token, .. } if silent && Token::parse(&token) == Some(Token::Plain(Plain::Bot)) => {
                self.call_bot_back();
            }
            _ if silent => {
                if let Content::Command { name, args } = &content
                    && name == "start"
                {
                    self.came_by(args);
                }
                let note = self.team_word(Wording::NewMessage);
                self.note("message", note);
                self.keep_for_later();
            }
            Content::Button { token, label } => self.press(&token, label.as_deref(), key),
            Content::Contact { phone, name, whose } => {
                self.take_card(&phone, name.as_deref(), whose, key.as_str());
            }
            Content::Media { kind, file, caption, .. } => self.media(kind, &file, caption.as_deref(), key),
            Content::Location { latitude, longitude } => self.location(latitude, longitude),
            Content::Edited { of, text } => self.edited(&of, &text, key),
            Content::Text { .. } | Content::Reply { .. } | Content::Command { .. } => {}
        }
    }

    pub(super) fn command(&mut self, name: &str, args: &str, key: &str) {
        match OwnCommand::parse(name) {
            Some(OwnCommand::Stop) => return self.opt_out(),
            Some(OwnCommand::Start) => return self.on_start(args),
            Some(OwnCommand::Forget) => return self.forget_everywhere(),
            Some(OwnCommand::Human) => return self.ask_for_person(),
            None if name == "cancel" && self.snap.state.run.is_some() => return self.cancel_flow(),
            None => {}
        }
        let ready: Option<_> = self
            .book
            .by_command(name)
            .find(|flow| playbook::may_start(flow, |when| when.is_true(&self.scope())))
            .cloned();
        match ready {
            Some(flow) => self.start_flow(&flow),
            None if args.is_empty() => {
                self.say_phrase(Phrase::NotUnderstood, &[]);
                self.return_to_question();
            }
            // An unknown command with words: the words may still be meant.
            None => self.hear(args, key),
        }
    }

    fn on_start(&mut self, payload: &str) {
        let payload = payload.trim();
        self.came_by(payload);
        let ready = |flow: &&std::sync::Arc<_>| playbook::may_start(flow, |when| when.is_true(&self.scope()));
        let linked = self.book.by_link(payload).find(ready).cloned();
        match linked.or_else(|| self.first_flow()) {
            Some(flow) => self.start_flow(&flow),
            None => self.greet(),
        }
    }

    /// Where the customer came from, whoever has the conversation. It is counted, and counts outlive an erasure: what a stranger
    /// types behind the command is no name of a campaign if it is several words or holds a contact.
    fn came_by(&mut self, payload: &str) {
        let payload = payload.trim();
        let is_name = !payload.is_empty() && !payload.contains(char::is_whitespace) && !self.holds_contact(payload);
        if is_name && self.snap.lead.source.is_none() {
            self.snap.lead.source = Some(payload.chars().take(SOURCE_CHARS_MAX).collect());
        }
    }

    pub(super) fn greet(&mut self) {
        let partner = self.book.spec.config.name.clone();
        self.say_phrase(Phrase::Greeting, &[("partner", partner)]);
        if self.snap.state.run.is_some() {
            self.return_to_question();
        }
    }

    /// What a button said: what we showed, else the channel's word, which is as good as what the customer types and no better.
    fn pressed_label(&self, token: &str, label: Option<&str>) -> String {
        let shown = || {
            let ours = self.snap.history.iter().rev().filter(|row| row.author != Author::Customer);
            ours.take(10).find_map(|row| {
                let bubble: crate::message::Bubble = serde_json::from_str(&row.body).ok()?;
                let is_it = |button: &crate::message::Button| {
                    matches!(&button.press, crate::message::Press::Token { token: own } if own == token)
                };
                // Of a card its name is meant, not what its button says.
                let mut cards = bubble.cards.iter().filter(|card| card.button.as_ref().is_some_and(is_it));
                let mut buttons = bubble.rows.iter().flatten().filter(|button| is_it(button));
                let shown = buttons.next().map(|button| &button.label).or_else(|| cards.next().map(|card| &card.title));
                shown.cloned()
            })
        };
        shown()
            .or_else(|| label.map(|label| label.chars().take(200).collect()))
            .unwrap_or_else(|| self.team_word(Wording::Button))
    }

    pub(super) fn press(&mut self, text: &str, label: Option<&str>, key: &EventKey) {
        // A second press of the same button, with nothing between: acknowledged by the channel, and nothing more.
        if self.snap.state.last_press.as_deref() == Some(text) {
            return;
        }
        self.snap.state.last_press = Some(text.to_owned());
        let label = self.pressed_label(text, label);
        match Token::parse(text) {
            Some(Token::Plain(plain)) => self.press_plain(plain, &label, key.as_str()),
            Some(Token::Start(flow)) => match self.book.flow_by_hash(flow).cloned() {
                Some(flow) => self.start_flow(&flow),
                None => self.hear(&label, key.as_str()),
            },
            Some(Token::Product(product)) => match self.book.product_by_hash(product).map(|one| one.id.clone()) {
                Some(id) => self.choose_product(&id),
                None => self.say_phrase(Phrase::OrderRefused, &[]),
            },
            Some(
                token @ (Token::Option { run, step, .. }
                | Token::Act { run, step, .. }
                | Token::Target { run, step, .. }),
            ) => {
                self.press_in_run(token, run, step, &label, key.as_str());
            }
            None => self.hear(&label, key.as_str()),
        }
    }

    fn press_plain(&mut self, plain: Plain, label: &str, key: &str) {
        match plain {
            Plain::Human => self.ask_for_person(),
            Plain::Bot => self.call_bot_back(),
            Plain::Stop => self.opt_out(),
            Plain::Agree => self.answer_consent(true, label, key),
            Plain::Decline => self.answer_consent(false, label, key),
            Plain::Read => self.read_consent(),
            // Ordered meanwhile, or taken out again.
            Plain::Checkout if self.snap.state.cart.lines.is_empty() => self.say_phrase(Phrase::OldButton, &[]),
            Plain::Checkout => self.show_cart_order(),
            Plain::Confirm => {
                if let Some(draft) = self.open_draft() {
                    self.placed(draft);
                }
            }
            Plain::Cancel => {
                if let Some(draft) = self.open_draft() {
                    self.drop_draft(draft);
                }
                self.say_phrase(Phrase::OrderWhatToChange, &[]);
            }
            Plain::Change | Plain::Keep => {
                if let Some(wish) = self.snap.state.asks_change.take() {
                    self.answer_change(&wish, plain == Plain::Change);
                }
            }
        }
    }

    /// An order made outside a flow is confirmed.
    fn placed(&mut self, order: OrderId) {
        match self.confirm_order(order) {
            Placing::Placed => {
                let number = self.snap.orders.iter().find(|one| one.id == order).map(|one| one.number.clone());
                self.say_phrase(Phrase::OrderAccepted, &[("number", number.unwrap_or_default())]);
            }
            Placing::Already | Placing::Gone => {}
            Placing::Refused => self.refuse_order(),
        }
    }

    fn press_in_run(&mut self, token: Token, run: u32, step: u32, label: &str, key: &str) {
        let open = self.snap.state.run.as_ref().filter(|open| open.number == run);
        let Some(open) = open else { return self.press_of_old_run(token, run, step) };
        let flow = self.book.flow(&open.flow).cloned();
        // Former ids lead to their heirs, so that an edit does not make buttons old.
        let earlier = flow.and_then(|flow| {
            let at = flow.by_id.iter().find(|(id, _)| token::hash(&id.0) == step).map(|(_, at)| *at)?;
            Some((flow, at))
        });
        let at_open = earlier.as_ref().is_some_and(|(flow, at)| flow.find(&open.step) == Some(*at));
        if at_open {
            return self.press_at_open_step(token, label, key);
        }
        match (earlier, token) {
            (Some((flow, at)), Token::Target { button, .. }) => self.follow(&flow, at, button),
            (Some((flow, at)), Token::Option { option, .. }) => self.correct_by_button(&flow, at, option, label),
            // Another step's skip, consent or confirmation: what it would do is done or past.
            (Some(_), _) => {}
            // The step was edited away: its label is as good as typed.
            (None, _) => self.hear(label, key),
        }
    }

    /// A button of a run that is over, or that waits under another: nothing changes; the flow may be begun again.
    fn press_of_old_run(&mut self, token: Token, run: u32, step: u32) {
        if matches!(token, Token::Act { act: Act::Confirm, .. }) && self.was_placed(run) {
            return;
        }
        let flow =
            self.book.spec.flows.values().find(|flow| flow.steps.iter().any(|one| token::hash(&one.id.0) == step));
        let again = flow.map(|flow| self.button(Phrase::StartAgain, Token::Start(token::hash(flow.id.as_str()))));
        self.say_phrase(Phrase::OldButton, &[]);
        if let Some(again) = again {
            self.reply.buttons([again]);
        }
    }

    fn was_placed(&self, run: u32) -> bool {
        let id = OrderId::of(&[&self.snap.key.conversation.to_string(), &format!("run/{run}")]);
        self.snap.orders.iter().any(|order| order.id == id && order.state != OrderState::Draft)
    }

    fn press_at_open_step(&mut self, token: Token, label: &str, key: &str) {
        let Some((flow, at)) = self.open_step() else { return };
        let step = flow.step(at);
        match (token, &step.action) {
            (Token::Option { option, .. }, Action::Ask(ask)) => self.choose_option(&flow, at, ask, option, label, key),
            (Token::Option { option, .. }, Action::Offer(_)) => {
                let run = self.snap.state.run.as_ref();
                match run.and_then(|run| self.offered_by_hash(run, option)) {
                    Some(product) => self.choose_offered(&product),
                    None => self.hear(label, key),
                }
            }
            (Token::Act { act: Act::Skip, .. }, Action::Ask(ask)) => self.skip(&flow, at, ask),
            (Token::Act { act: Act::Agree, .. }, Action::Contact(_)) => self.press_consent(true, label, key),
            (Token::Act { act: Act::Decline, .. }, Action::Contact(_)) => self.press_consent(false, label, key),
            (Token::Act { act: Act::Confirm, .. }, Action::Order(_)) => self.confirm_in_flow(),
            (Token::Act { act: Act::Change, .. }, Action::Order(_)) => self.say_phrase(Phrase::OrderWhatToChange, &[]),
            (Token::Target { button, .. }, _) => self.follow(&flow, at, button),
            _ => self.hear(label, key),
        }
    }

    pub(super) fn confirm_in_flow(&mut self) {
        let Some((flow, at)) = self.open_step() else { return };
        let Some(order) = self.snap.state.run.as_ref().and_then(|run| run.order) else { return };
        match self.confirm_order(order) {
            Placing::Placed => {
                let Some(run) = self.snap.state.run.take() else { return };
                self.walk(run, flow.step(at).next, Arrival::InOrder, &[]);
            }
            Placing::Already => {}
            Placing::Refused | Placing::Gone => {
                self.refuse_order();
                // The offer is shown again if there is one before; else a person helps.
                let offer = flow.steps.iter().position(|step| matches!(step.action, Action::Offer(_)));
                let Some(run) = self.snap.state.run.take() else { return };
                if let Some(offer) = offer {
                    self.walk(run, Some(crate::spec::flow::StepIx(offer)), Arrival::ByJump, &[]);
                } else {
                    self.finish_run(&run, "refused");
                    self.hand_off("order", None);
                }
            }
        }
    }

    /// A button of a `say` leads somewhere.
    fn follow(&mut self, flow: &std::sync::Arc<crate::spec::flow::Flow>, at: crate::spec::flow::StepIx, button: u32) {
        let Action::Say(say) = &flow.step(at).action else { return };
        let target = usize::try_from(button).ok().and_then(|n| say.buttons.get(n)).map(|button| button.target.clone());
        if let Some(Target::Step(step)) = target
            && let Some(run) = self.snap.state.run.take()
        {
            self.walk(run, Some(step), Arrival::ByJump, &[]);
        }
    }

    fn media(&mut self, kind: MediaKind, file: &str, caption: Option<&str>, key: &EventKey) {
        let photo_wanted = self.open_step().and_then(|(flow, at)| match &flow.step(at).action {
            Action::Ask(ask) if matches!(ask.kind, Kind::Photo) => Some((flow.clone(), at, ask.slot.clone())),
            _ => None,
        });
        match (photo_wanted, kind, caption) {
            (Some((flow, at, slot)), MediaKind::Photo, _) => {
                let Some(mut run) = self.snap.state.run.take() else { return };
                self.fill(&mut run, &slot, Value::Text(file.to_owned()));
                self.walk(run, flow.step(at).next, Arrival::InOrder, &[]);
            }
            (_, _, Some(caption)) if !caption.trim().is_empty() => {
                let caption: String = caption.chars().take(TEXT_CHARS_MAX).collect();
                let note = self.team_word(Wording::File(kind));
                self.note("media", note);
                self.heard.push_str(&caption);
                self.hear(&caption, key.as_str());
            }
            (_, MediaKind::Sticker, _) => {}
            _ => {
                let note = self.team_word(Wording::Sent(kind));
                self.note("handoff", note);
                if let Some(flow) = self.first_flow().filter(|_| self.is_first_message()) {
                    self.start_flow(&flow);
                } else {
                    self.say_phrase(Phrase::DontKnow, &[]);
                    self.return_to_question();
                }
            }
        }
    }

    fn location(&mut self, latitude: f64, longitude: f64) {
        let wanted = self.open_step().and_then(|(flow, at)| match &flow.step(at).action {
            Action::Ask(ask) if matches!(ask.kind, Kind::Location) => Some((flow.clone(), at, ask.slot.clone())),
            _ => None,
        });
        let place = files::place(latitude, longitude);
        let Some((flow, at, slot)) = wanted else {
            self.say_phrase(Phrase::DontKnow, &[]);
            let note = self.team_word(Wording::SentPlace);
            self.note("handoff", note);
            return self.return_to_question();
        };
        let Some(mut run) = self.snap.state.run.take() else { return };
        self.fill(&mut run, &slot, Value::Text(place));
        self.walk(run, flow.step(at).next, Arrival::InOrder, &[]);
    }

    /// An edit of the last message is heard as a message; an older one is only recorded.
    fn edited(&mut self, of: &EventKey, text: &str, key: &EventKey) {
        let own = self.snap.history.iter().filter(|row| row.author == Author::Customer);
        let last = own.filter_map(|row| row.key.as_ref()).next_back();
        if last == Some(of) {
            let text: String = text.chars().take(TEXT_CHARS_MAX).collect();
            self.heard.push_str(&text);
            self.hear(&text, key.as_str());
        }
    }

    fn on_timer(&mut self, timer: &Timer, spoke: bool) {
        match timer {
            Timer::Silence { .. } | Timer::Wait | Timer::Back if self.is_paused() => self.wait_out_pause(timer.clone()),
            // Who has written meanwhile is not silent.
            Timer::Silence { .. } if spoke => {}
            Timer::Silence { entry } => self.on_silence(*entry),
            Timer::Wait => {
                let Some((flow, at)) = self.open_step() else { return };
                let open = matches!(flow.step(at).action, Action::Wait(_));
                let paused = self.snap.state.run.as_ref().is_some_and(|run| run.paused);
                let decent = self.decent(None, self.now);
                if open && !paused && !spoke && decent > self.now {
                    return self.set_timer(decent, Timer::Wait);
                }
                if let Some(run) = self.snap.state.run.take_if(|_| open && !paused) {
                    self.walk(run, flow.step(at).next, Arrival::InOrder, &[]);
                }
            }
            // Steps are taken when all mail was, the score is brought up to date at the end of every turn.
            // So is what the team waits for.
            Timer::Sequence | Timer::Score | Timer::Card => {}
            Timer::Unheeded => self.remind_of_lead(),
            Timer::Handoff => {
                if self.snap.state.owner == Owner::Nobody {
                    let note = self.team_word(Wording::StillWaits);
                    self.note("handoff", note);
                    self.people = People::Away;
                    self.snap.state.reminded = self.snap.state.reminded.saturating_add(1);
                }
            }
            Timer::Back => {
                if self.snap.state.owner == Owner::Person {
                    self.come_back();
                } else {
                    self.go_on();
                }
            }
        }
    }

    /// Something that flow and files did not answer.
    pub(super) fn leave_pending(&mut self, words: &str, progress: Progress, kind: PendingKind) {
        match &mut self.pending {
            Some(pending) => {
                let full = pending.questions.len() >= Pending::QUESTIONS_MAX;
                match pending.questions.last_mut().filter(|_| full) {
                    Some(last) => last.extend([" ", words]),
                    None => pending.questions.push(words.to_owned()),
                }
                if progress == Progress::Made {
                    pending.progress = progress;
                }
                if kind == PendingKind::Question {
                    pending.kind = kind;
                }
            }
            None => self.pending = Some(Pending { questions: vec![words.to_owned()], progress, kind }),
        }
    }
}
