//! Answers without a model: from the catalogue and the passages, question by question.

use super::{Basis, Fact, Ground, Passage, Pending, PendingKind, Phrase, Rich, Wish, Worded, Words};
use crate::{
    lang::print,
    spec::{
        catalogue::Product,
        flow::{Action, Kind},
        value::Value,
    },
    turn::{
        assortment::Found,
        booking::SHOWN_MAX,
        prompt::line,
        reply::Reply,
        token::{Plain, Token},
        work::Work,
    },
};

/// Longest question that is passed on, in characters.
const QUESTION_CHARS_MAX: usize = 300;
/// Longest part of a passage that is said, in characters.
const SAID_CHARS_MAX: usize = 600;
/// Products shown where none fits.
const NEAREST_MAX: usize = 3;
/// Products that a model is told of.
const TOLD_MAX: usize = 12;

impl Work {
    /// What the catalogue says to a question, if it is one for it. Each line is asked after the one above.
    pub(in crate::turn) fn found(&self, question: &str) -> Option<(Wish, Found)> {
        let assortment = &self.book.assortment;
        if assortment.is_empty() {
            return None;
        }
        let now = self.local();
        let mut wishes = question.lines().map(|line| assortment.wish(&Words::of(line), now));
        let mut asked = wishes.next()?;
        let mut wish = asked.clone().said_first();
        for next in wishes {
            wish = next.clone().after(wish);
            asked = next;
        }
        if wish.compares()
            && let Some(talked_of) = self.talked_of()
        {
            wish = wish.after(talked_of);
        }
        let found = wish.is_for_catalogue().then(|| assortment.find(&wish))?;
        Some((wish.asked_with(&asked), found))
    }

    /// What the open flow is about, as far as it was said: a cake, for 12 people, with chocolate. «А подешевле?» means those.
    fn talked_of(&self) -> Option<Wish> {
        let run = self.snap.state.run.as_ref()?;
        let flow = self.book.flow(&run.flow)?;
        let answered = flow.slots.iter().filter_map(|slot| {
            let (step, value) = (slot.step?, run.slots.get(&*slot.name)?);
            let Action::Ask(ask) = &flow.step(step).action else { return None };
            match (&ask.kind, value) {
                (Kind::Number { unit, .. }, Value::Number(number)) => Some(format!("{number} {}", unit.first()?)),
                (_, Value::Choice(_)) => Some(self.shown(flow, step, value)),
                _ => None,
            }
        });
        let words: Vec<String> = flow.start.words.iter().cloned().chain(answered).collect();
        let wish = self.book.assortment.wish(&Words::of(&words.join(", ")), self.local());
        Some(wish).filter(Wish::names_products)
    }

    /// Answers from the catalogue and the passages; what neither knows goes to a person.
    pub(super) fn answer_plainly(&mut self, pending: &Pending, grounds: &[Ground]) {
        let mut answer = Reply::default();
        let mut unknown: Vec<&Ground> = Vec::new();
        let mut worded = Worded::Passages;
        let mut said: Vec<&str> = Vec::new();
        for ground in grounds {
            let catalogue =
                ground.found.as_ref().filter(|(wish, _)| wish.comes_first() || ground.sure().next().is_none());
            let catalogue = catalogue.filter(|(wish, _)| !pending.is_aside() || wish.comes_first());
            let passage = ground.sure().next();
            // What the pages say about contents is said with what is without them.
            let passage = passage.filter(|passage| {
                catalogue.is_none_or(|(wish, found)| wish.wants_page(passage.score) || found.is_empty())
            });
            if let Some(words) = passage.map(Passage::answer).filter(|words| !said.contains(words)) {
                said.push(words);
                answer.say(&cut(&Rich::from_markdown(words)));
            }
            // That nothing is without it is an answer too.
            match catalogue.filter(|(wish, found)| passage.is_none() || wish.excludes() || !found.is_empty()) {
                Some((wish, found)) => {
                    worded = Worded::Catalogue;
                    answer.append(self.goods_reply(wish, found));
                }
                None if passage.is_none() => unknown.push(ground),
                None => {}
            }
        }
        if answer.is_empty() {
            return self.answer_unknown(pending, grounds);
        }
        self.basis = Some(Basis::of(grounds, worded, None, &[], &self.book).json());
        self.snap.state.misses = 0;
        if !unknown.is_empty() && !pending.is_aside() {
            for ground in unknown {
                self.leave_unanswered(ground);
            }
            answer.say(&self.phrase(Phrase::DontKnowRest, &[]));
        }
        self.put_answer(answer, pending.progress);
    }

    /// Products as cards; within a flow, whose buttons are the open question's, as lines.
    fn goods_reply(&self, wish: &Wish, found: &Found) -> Reply {
        let mut reply = Reply::default();
        for product in self.products_at(&found.sold_out) {
            reply.say(&self.phrase(Phrase::SoldOut, &[("name", product.name.clone())]));
        }
        if found.goods.is_empty() {
            if found.sold_out.is_empty() {
                reply.say(&self.phrase(Phrase::NothingFound, &[]));
            }
            return reply;
        }
        let shown = shown_count(wish, found);
        let heading = match (found.fits, wish.narrows()) {
            (false, _) => Phrase::NearestIs,
            (true, true) => Phrase::Fits,
            (true, false) => Phrase::HereIs,
        };
        reply.say(&self.phrase(heading, &[]));
        let all = found.goods.len();
        let of = [("shown", shown.to_string()), ("count", all.to_string())];
        let more = if all > shown && found.fits { self.phrase(Phrase::FirstOf, &of) } else { Rich::plain("") };
        let products: Vec<&Product> = self.products_at(&found.goods[..shown]).collect();
        if self.snap.state.run.is_none() {
            reply.say(&more);
            reply.cards(products.into_iter().map(|product| self.card(product)));
            return reply;
        }
        let lines: Vec<String> = products.into_iter().map(|product| self.line_of(product, wish)).collect();
        reply.say(&Rich::plain(lines.join("\n")));
        reply.say(&more);
        reply
    }

    fn products_at<'a>(&'a self, goods: &'a [usize]) -> impl Iterator<Item = &'a Product> {
        goods.iter().filter_map(|at| self.book.spec.catalogue.products.get(*at))
    }

    /// «• Торт «Малина» — 4 200 ₽ (1,8 кг, 14 порций)»; with its allergens where they were asked about.
    fn line_of(&self, product: &Product, wish: &Wish) -> String {
        let card = self.card(product);
        let mut text = format!("• {} — {}", card.title, card.price.unwrap_or_default());
        let mut lines = card.text.lines();
        if let Some(facts) = lines.next().filter(|first| first.contains(|c: char| c.is_ascii_digit())) {
            text.extend([" (", facts, ")"]);
        }
        if wish.excludes()
            && let Some(allergens) = lines.next_back()
        {
            text.extend([". ", allergens]);
        }
        text
    }

    /// The same for a model: what was looked for is clear from the question.
    pub(in crate::turn) fn list_for_model(&self, found: &Found) -> String {
        let mut text = match (found.fits, found.goods.is_empty()) {
            (_, true) => "Nothing in the catalogue fits.\n".to_owned(),
            (true, false) => format!("{} products fit, best first:\n", found.goods.len()),
            (false, false) => "Nothing fits exactly; say so. The nearest:\n".to_owned(),
        };
        for product in self.products_at(&found.sold_out) {
            text.extend([&*line(&product.name), " is sold out now.\n"]);
        }
        for product in self.products_at(&found.goods).take(TOLD_MAX) {
            let card = self.card(product);
            let price = card.price.unwrap_or_default();
            text.extend([&*product.id, " | ", &*line(&product.name), " | ", &price]);
            for about in card.text.lines() {
                text.push_str(" | ");
                text.push_str(&line(about));
            }
            if let Some(stock) = product.stock {
                text.extend([" | in stock: ", &print::number(stock, self.lang)]);
            }
            text.push('\n');
        }
        text
    }

    /// Words without a meaning, and no question open: asked to say it differently, and a person offered.
    fn miss(&mut self) {
        if self.snap.state.is_upset() {
            return self.apologise();
        }
        self.say_phrase(Phrase::NotUnderstood, &[]);
        let person = self.button(Phrase::CallPerson, Token::Plain(Plain::Human));
        self.reply.buttons([person]);
    }

    /// Notes a question that nobody here could answer.
    fn leave_unanswered(&mut self, ground: &Ground) {
        let last = ground.question.lines().next_back().unwrap_or_default();
        let question: String = self.masked(last).chars().take(QUESTION_CHARS_MAX).collect();
        self.fact(Fact::Unanswered { question: question.clone() });
        self.note("handoff", question);
    }

    fn answer_unknown(&mut self, pending: &Pending, grounds: &[Ground]) {
        if pending.is_aside() {
            return;
        }
        if pending.kind == PendingKind::Words {
            // Words that fit nothing: a failed try at the open question.
            if let Some((flow, at)) = self.open_step()
                && !matches!(flow.step(at).action, Action::Talk(_))
            {
                return self.failed_try(&flow, at, None);
            }
            if self.snap.state.run.is_none() {
                return self.miss();
            }
        }
        for ground in grounds {
            self.leave_unanswered(ground);
        }
        let mut answer = Reply::default();
        answer.say(&self.phrase(Phrase::DontKnow, &[]));
        let person = self.button(Phrase::CallPerson, Token::Plain(Plain::Human));
        if self.snap.state.run.is_none() {
            answer.buttons([person]);
        }
        self.put_answer(answer, pending.progress);
    }
}

/// How many products of those that were found are shown.
pub(super) fn shown_count(wish: &Wish, found: &Found) -> usize {
    found.goods.len().min(if found.fits { wish.shown_max(SHOWN_MAX) } else { NEAREST_MAX })
}

/// At most so long, ended at a sentence.
fn cut(text: &Rich) -> Rich {
    let Some((limit, _)) = text.text.char_indices().nth(SAID_CHARS_MAX) else { return text.clone() };
    let head = &text.text[..limit];
    let end = head.rfind(['.', '!', '?', '\n']).map_or(limit, |at| at + 1);
    text.slice(0..end)
}
