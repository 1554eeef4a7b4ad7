//! What a step of a sequence says.

use std::sync::Arc;

use crate::{
    drawing::Photo,
    message::{Bubble, Button, Press},
    spec::{
        flow::{self, Target},
        rich::Rich,
        sequence::{Ad, Sequence, SequenceStep},
    },
    turn::{
        flow::token_press,
        token::{self, Token},
        wording,
        work::Work,
    },
};

impl Work {
    /// All its messages, in order.
    pub(in crate::turn) fn sample(mut self, id: &str) -> Option<Vec<Bubble>> {
        let book = Arc::clone(&self.book);
        let sequence = book.spec.sequences.get(id)?;
        sequence.steps.iter().for_each(|step| self.send_step(sequence, step, None));
        Some(self.speak().into_iter().map(|row| row.bubble).collect())
    }

    /// Says a step, as a template of the messenger's where one is named.
    pub(super) fn send_step(&mut self, sequence: &Sequence, step: &SequenceStep, template: Option<&str>) {
        self.reply.close();
        if let Some(photo) = &step.photo {
            self.reply.photo(Photo::At(photo.clone()));
        }
        let text = step.text.get(self.lang).render(&self.scope(), self.lang, self.today());
        self.reply.say(&text);
        if let Some(template) = template {
            self.reply.as_template(template);
        }
        if let Some(ad) = &sequence.ad {
            let label = self.ad_label(ad);
            self.reply.promote(&label);
        }
        let products: Vec<_> = step.products.iter().filter_map(|id| self.book.spec.catalogue.get(id)).collect();
        if !products.is_empty() {
            let cards: Vec<_> = products.into_iter().map(|product| self.card(product)).collect();
            self.reply.cards(cards);
        }
        let buttons: Vec<Button> = step.buttons.iter().filter_map(|button| self.sequence_button(button)).collect();
        if !buttons.is_empty() {
            self.reply.buttons(buttons);
        }
        self.reply.as_step_of(&sequence.id);
        self.reply.close();
    }

    /// «Реклама», and whose: the law wants both said.
    fn ad_label(&self, ad: &Ad) -> Rich {
        let whose = ad.advertiser.as_ref().unwrap_or(&self.book.spec.config.name);
        let mut label = format!("{}. {whose}", wording::advertisement(self.lang));
        if let Some(erid) = &ad.erid {
            label.extend([". erid: ", erid]);
        }
        Rich::plain(label)
    }

    fn sequence_button(&self, button: &flow::Button) -> Option<Button> {
        let label = button.label.get(self.lang).render(&self.scope(), self.lang, self.today()).text;
        let press = match &button.target {
            Target::Link(name) => Press::Url { url: self.link(name)? },
            Target::Flow(flow) => token_press(Token::Start(token::hash(flow.as_str()))),
            Target::Stop => token_press(Token::Plain(token::Plain::Stop)),
            Target::Human => token_press(Token::Plain(token::Plain::Human)),
            Target::Cart => token_press(Token::Plain(token::Plain::Checkout)),
            Target::Step(_) => return None,
        };
        Some(Button { label, press })
    }
}
