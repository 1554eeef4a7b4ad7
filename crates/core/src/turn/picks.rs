//! Products that customers take in words: «добавьте капкейки», «беру второй», «два таких».

use rust_decimal::prelude::ToPrimitive;

use super::{
    assortment::{names_nothing, points_at},
    booking::line,
    flow::Arrival,
    work::Work,
};
use crate::{
    fact::Fact,
    lang::{
        intent::{self, Intent, Intents},
        normal::{Kind, Words},
        numbers::{self, Number},
        print,
    },
    spec::{catalogue::Product, flow::Action, texts::Phrase},
};

impl Work {
    /// The product at the place that words name in the list shown last, if they name nothing else.
    pub(super) fn points_to_shown(&self, words: &Words) -> Option<Product> {
        let shown = &self.snap.state.asked.as_ref()?.shown;
        let place = points_at(words, shown.len())?;
        self.book.spec.catalogue.get(&shown[place]).cloned()
    }

    /// «Беру второй», where a list was shown: no answer to the open question, whatever stands second there.
    pub(super) fn picks_shown(&mut self, words: &Words, intents: Intents) -> bool {
        if !picks(words, intents) {
            return false;
        }
        let Some(product) = self.points_to_shown(words) else { return false };
        self.take(&product, 1);
        true
    }

    /// Takes the product that the words name, or that was talked of: into the order of the flow under way, into the cart where
    /// there is none; what is added to a placed order is for the team. `false`: they take nothing that is known.
    pub(super) fn picks_goods(&mut self, text: &str, words: &Words, intents: Intents) -> bool {
        if !picks(words, intents) {
            return false;
        }
        let Some(product) = self.picked(words) else { return self.asks_which(words) };
        let quantity = quantity(words, &product);
        if !self.draws_up() && self.has_live_order() && intent::adds(words) {
            return self.ask_order_change(Phrase::OrderAskChange, text);
        }
        self.take(&product, quantity);
        true
    }

    /// The one product that words name or that was talked of last.
    fn picked(&self, words: &Words) -> Option<Product> {
        let named = self.book.assortment.wish(words, self.local()).names_products();
        let (_, found) = if named {
            self.found(&words.text()).filter(|(_, found)| found.fits)?
        } else {
            let asked = self.snap.state.asked.as_ref().filter(|_| takes_what_was_said(words))?;
            self.found(&asked.words)?
        };
        let [only] = *found.goods else { return None };
        self.book.spec.catalogue.products.get(only).cloned()
    }

    /// «Два таких» of several that were shown.
    fn asks_which(&mut self, words: &Words) -> bool {
        let several = self.snap.state.asked.as_ref().is_some_and(|asked| asked.shown.len() > 1);
        let unclear = several && takes_what_was_said(words);
        if unclear {
            self.say_phrase(Phrase::WhichOne, &[]);
        }
        unclear
    }

    /// Whether a flow is under way that has not ordered yet.
    fn draws_up(&self) -> bool {
        self.snap.state.run.as_ref().is_some_and(|run| !self.was_ordered(run))
    }

    fn take(&mut self, product: &Product, quantity: u32) {
        self.snap.state.misses = 0;
        if self.draws_up() { self.add_to_run(product, quantity) } else { self.take_product(product, quantity) }
    }

    /// One more product for the order that the flow draws up.
    fn add_to_run(&mut self, product: &Product, quantity: u32) {
        if !product.available || product.stock.is_some_and(|stock| stock < quantity.into()) {
            self.say_phrase(Phrase::SoldOut, &[("name", product.name.clone())]);
            return self.ask_again();
        }
        let Some((flow, at)) = self.open_step() else { return };
        let Some(mut run) = self.snap.state.run.take() else { return };
        self.fact(Fact::CartAdded { product: product.id.to_string() });
        run.besides.insert(product.id.to_string(), quantity);
        let sum = print::money(line(product, quantity).sum().unwrap_or(product.price), self.lang);
        self.noted.push(format!("{} × {quantity}, {sum}", product.name));
        if matches!(flow.step(at).action, Action::Order(_)) {
            return self.walk(run, Some(at), Arrival::InOrder, &[]);
        }
        self.snap.state.run = Some(run);
        self.ask_again();
    }
}

/// Whether words take something, rather than ask about it.
fn picks(words: &Words, intents: Intents) -> bool {
    !intents.has(Intent::Question) && words.iter().any(|word| intent::picks(word.form))
}

/// «Два таких», «беру»: what is taken was named before.
fn takes_what_was_said(words: &Words) -> bool {
    names_nothing(&without_numbers(words))
}

/// How many the words ask for. Where the name itself counts («набор из 12»), a number tells the set and not how many of them,
/// unless it counts «таких».
fn quantity(words: &Words, product: &Product) -> u32 {
    let set = !numbers::find(&Words::of(&product.name)).is_empty();
    if set && !takes_what_was_said(words) {
        return 1;
    }
    let whole = |number: &Number| number.value.to_u32().filter(|_| number.value.is_integer() && number.money.is_none());
    numbers::find(words).iter().find_map(whole).unwrap_or(1).max(1)
}

fn without_numbers(words: &Words) -> Words {
    let numbers = numbers::find(words);
    let counted = |at: usize| numbers.iter().any(|number| number.places.start <= at && at < number.places.end);
    let rest = words.said().filter(|(at, word)| word.kind == Kind::Word && (!counted(*at) || intent::picks(word.form)));
    Words::of(&rest.map(|(_, word)| word.form).collect::<Vec<_>>().join(" "))
}
