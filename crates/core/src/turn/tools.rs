//! The tools that a model may call. Each is a wish: the domain's rules decide, over what the turn's snapshot holds. There is
//! none for prices, discounts, refunds, scores or states.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde_json::json;

use super::{
    token::{Plain, Token},
    work::Work,
};
use crate::{
    fact::Fact,
    ids::FlowId,
    lang::{intent::Intents, normal::Words, print},
    message::Press,
    ports::{ToolCall, ToolSpec},
    spec::{flow::Action, texts::Phrase, value::Value},
};

/// Longest arguments of a call that are looked at, in bytes.
const ARGUMENTS_BYTES_MAX: usize = 4_096;
/// Longest wish that is read, in characters.
const WISH_CHARS_MAX: usize = 300;
/// Most products shown by one call.
const PRODUCTS_MAX: usize = 6;

/// What a call did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// The model hears this and goes on.
    Told(String),
    /// The conversation moved and has its words: the model is not asked again.
    Spoke(String),
}

#[derive(Deserialize)]
struct ShowProducts {
    ids: Vec<String>,
}

#[derive(Deserialize)]
struct FindProducts {
    wish: String,
}

#[derive(Deserialize)]
struct AddToCart {
    product_id: String,
    quantity: u32,
}

#[derive(Deserialize)]
struct Fill {
    slot: String,
    value: String,
}

#[derive(Deserialize)]
struct StartFlow {
    flow: String,
}

#[derive(Deserialize)]
struct HandOff {
    reason: String,
}

impl Work {
    pub(super) fn apply_tool(&mut self, call: &ToolCall) -> Effect {
        if call.arguments.len() > ARGUMENTS_BYTES_MAX {
            return refused("arguments too long");
        }
        match call.name.as_str() {
            "show_products" => with(&call.arguments, |args: ShowProducts| self.tool_show(&args)),
            "find_products" => with(&call.arguments, |args: FindProducts| self.tool_find(&args)),
            "add_to_cart" => with(&call.arguments, |args: AddToCart| self.tool_cart(&args)),
            ASK_CONTACT => self.tool_contact(),
            "place_order" => self.tool_order(),
            "fill" => with(&call.arguments, |args: Fill| self.tool_fill(&args)),
            "cancel_flow" => self.tool_cancel(),
            "start_flow" => with(&call.arguments, |args: StartFlow| self.tool_start(&args)),
            "hand_off" => with(&call.arguments, |args: HandOff| self.tool_hand_off(&args)),
            _ => refused("there is no such tool"),
        }
    }

    fn tool_show(&mut self, args: &ShowProducts) -> Effect {
        let catalogue = &self.book.spec.catalogue;
        let products: Vec<_> = args.ids.iter().take(PRODUCTS_MAX).filter_map(|id| catalogue.get(id)).collect();
        if products.is_empty() {
            return refused("no such products");
        }
        let cards: Vec<_> = products.into_iter().map(|product| self.card(product)).collect();
        let shown: Vec<String> = cards.iter().map(|card| card.title.clone()).collect();
        self.reply.cards(cards);
        Effect::Told(json!({ "shown": shown }).to_string())
    }

    /// A wish in words, read as if the customer had said it.
    fn tool_find(&self, args: &FindProducts) -> Effect {
        let wish: String = args.wish.chars().filter(|c| !c.is_control()).take(WISH_CHARS_MAX).collect();
        match self.found(&wish) {
            Some((_, found)) => Effect::Told(self.list_for_model(&found)),
            None => refused("name a kind, a price, a number of guests, or what must not be in it"),
        }
    }

    fn tool_cart(&mut self, args: &AddToCart) -> Effect {
        let Some(product) = self.book.spec.catalogue.get(&args.product_id).cloned() else {
            return refused("no such product");
        };
        match self.put_in_cart(&product, args.quantity) {
            Ok(()) => {
                self.fact(Fact::CartAdded { product: product.id.to_string() });
                let cart = &self.snap.state.cart;
                let total = cart.total().map(|total| print::money(total, self.lang));
                Effect::Told(json!({ "in_cart": cart.count(), "total": total }).to_string())
            }
            Err(refusal) => refused(&refusal.to_string()),
        }
    }

    fn tool_contact(&mut self) -> Effect {
        if self.book.spec.config.contact.consent.is_none() {
            return refused("contacts are not taken here");
        }
        if self.snap.customer.phone.is_some() {
            return Effect::Told("the phone is known".into());
        }
        self.ask_contact_outside_flow();
        Effect::Spoke("asked".into())
    }

    fn tool_order(&mut self) -> Effect {
        if self.snap.state.cart.lines.is_empty() {
            return refused("the cart is empty");
        }
        self.show_cart_order();
        Effect::Spoke("shown to the customer, who must confirm".into())
    }

    /// A value for a slot, read and checked as if the customer had written it.
    fn tool_fill(&mut self, args: &Fill) -> Effect {
        let Some((flow, at)) = self.open_step() else { return refused("no flow is under way") };
        let Some((step, ask)) = flow.ask(&args.slot) else { return refused("no such slot") };
        if ask.ads.is_some() {
            return refused("the customer alone answers this, by a button or in words of their own");
        }
        let value: String = args.value.chars().take(500).collect();
        let words = Words::of(&value);
        let reading = self.read_for_model(&flow, step, ask, &words, &value);
        let Some(value) = reading else { return refused("the value does not fit the slot") };
        let asks_it = matches!(&flow.step(at).action, Action::Ask(open) if open.slot == ask.slot);
        let Some(run) = self.snap.state.run.clone() else { return refused("no flow is under way") };
        let given = run.slots.contains_key(&*ask.slot) || run.skipped.iter().any(|slot| **slot == *ask.slot);
        if asks_it {
            let mut run = run;
            self.fill(&mut run, &ask.slot, value);
            self.snap.state.run = None;
            self.walk(run, flow.step(at).next, super::flow::Arrival::InOrder, &[]);
            return Effect::Spoke("filled".into());
        }
        if given {
            if self.was_ordered(&run) {
                let wish = self.shown(&flow, step, &value);
                self.ask_order_change(Phrase::OrderAskChange, &wish);
            } else {
                self.correct(&flow, step, &value);
            }
            return Effect::Spoke("corrected".into());
        }
        let mut run = run;
        self.noted.push(self.shown(&flow, step, &value));
        self.fill(&mut run, &ask.slot, value);
        self.snap.state.run = Some(run);
        Effect::Told("filled".into())
    }

    fn read_for_model(
        &self,
        flow: &std::sync::Arc<crate::spec::flow::Flow>,
        step: crate::spec::flow::StepIx,
        ask: &crate::spec::flow::Ask,
        words: &Words,
        text: &str,
    ) -> Option<Value> {
        use crate::spec::flow::Kind;
        if let Kind::Choice(choices) = &ask.kind
            && let Some(choice) = choices.iter().find(|choice| *choice.id == *text)
        {
            return Some(Value::Choice(choice.id.to_string()));
        }
        // A model must not put words into a free text: those are the customer's own.
        if matches!(ask.kind, Kind::Text { .. } | Kind::Phone | Kind::Email | Kind::Photo | Kind::Location) {
            return None;
        }
        let run = self.snap.state.run.as_ref()?;
        match self.read_open(run, flow, step, ask, words, Intents::default()) {
            super::understand::Reading::Value(value, _) => Some(value),
            _ => None,
        }
    }

    fn tool_start(&mut self, args: &StartFlow) -> Effect {
        let flow = FlowId::parse(&args.flow).ok().and_then(|id| self.book.flow(&id).cloned());
        let Some(flow) = flow else { return refused("no such flow") };
        if self.snap.state.run.as_ref().is_some_and(|run| run.flow == flow.id) {
            return refused("it is under way already");
        }
        if !super::playbook::may_start(&flow, |when| when.is_true(&self.scope())) {
            return refused("it may not start now");
        }
        self.start_flow(&flow);
        Effect::Spoke("started".into())
    }

    /// As if the customer had called it off in words: the answers wait for a while, and an order that is placed stays.
    fn tool_cancel(&mut self) -> Effect {
        if self.snap.state.run.is_none() {
            return refused("no flow is under way");
        }
        self.cancel_flow();
        Effect::Spoke("called off".into())
    }

    fn tool_hand_off(&mut self, args: &HandOff) -> Effect {
        let reason: String = args.reason.chars().take(300).collect();
        let reason = self.masked(&reason).into_owned();
        self.note("handoff", reason);
        self.hand_off("model", None);
        Effect::Spoke("handed over".into())
    }

    fn ask_contact_outside_flow(&mut self) {
        self.say_phrase(Phrase::AskPhone, &[]);
        self.say_consent();
        self.snap.state.asks_consent = Some(super::state::AsksConsent::Asked);
        let mut buttons = Vec::new();
        if self.setting.capabilities.contact_button.it() {
            let label = self.label(Phrase::ShareContact);
            buttons.push(crate::message::Button { label, press: Press::ShareContact });
        }
        buttons.push(self.button(Phrase::SkipContact, Token::Plain(Plain::Decline)));
        buttons.extend(self.consent_reader());
        self.reply.buttons(buttons);
    }
}

fn refused(why: &str) -> Effect {
    Effect::Told(json!({ "refused": why }).to_string())
}

fn with<'a, T: Deserialize<'a>>(arguments: &'a str, apply: impl FnOnce(T) -> Effect) -> Effect {
    match serde_json::from_str(arguments) {
        Ok(args) => apply(args),
        Err(_) => refused("the arguments are not as the tool wants them"),
    }
}

/// The tools, in a stable order; with `contacts` also the one that asks for a phone.
pub(super) fn specs(contacts: bool) -> Arc<[ToolSpec]> {
    static WITH_CONTACTS: LazyLock<Arc<[ToolSpec]>> = LazyLock::new(|| all().into());
    static WITHOUT: LazyLock<Arc<[ToolSpec]>> =
        LazyLock::new(|| all().into_iter().filter(|tool| tool.name != ASK_CONTACT).collect());
    Arc::clone(if contacts { &WITH_CONTACTS } else { &WITHOUT })
}

const ASK_CONTACT: &str = "ask_contact";

fn all() -> Vec<ToolSpec> {
    let object = |properties: serde_json::Value| {
        let required: Vec<String> = properties.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default();
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    };
    let tool = |name: &str, description: &str, properties: serde_json::Value| ToolSpec {
        name: name.into(),
        description: description.into(),
        parameters: object(properties),
    };
    let text = json!({ "type": "string" });
    vec![
        tool(
            "find_products",
            "Look for products in the catalogue by kind, price, number of guests, weight, or what must not be in them. The wish is \
             in the customer's words, e.g. «торты до 3000 рублей без орехов на 12 человек».",
            json!({ "wish": text }),
        ),
        tool("show_products", "Show cards of products, by id.", json!({ "ids": { "type": "array", "items": text } })),
        tool(
            "add_to_cart",
            "Put a product into the cart when the customer wants to buy it.",
            json!({ "product_id": text, "quantity": { "type": "integer" } }),
        ),
        tool("place_order", "Show the cart's order to the customer, who confirms it.", json!({})),
        tool(
            "fill",
            "The customer's words answer a slot of the flow under way.",
            json!({ "slot": text, "value": text }),
        ),
        tool(
            "cancel_flow",
            "The customer says that they want no more of the flow under way. Not for a question, a doubt or a change of an answer.",
            json!({}),
        ),
        tool("start_flow", "The customer wants what this flow is for.", json!({ "flow": text })),
        tool("hand_off", "A person must go on: you do not know, or the customer wants one.", json!({ "reason": text })),
        tool(ASK_CONTACT, "Ask for the customer's phone, with consent.", json!({})),
    ]
}
