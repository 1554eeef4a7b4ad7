//! What a turn says, gathered so that one answer is one message wherever it fits.

use crate::{
    drawing::Photo,
    message::{Button, Card, List, Message, Purpose},
    spec::rich::Rich,
};

/// What is said in a turn, in order.
#[derive(Debug, Default)]
pub(super) struct Reply {
    done: Vec<Message>,
    open: Option<Message>,
}

impl Reply {
    /// Whether nothing was said yet.
    pub(super) fn is_empty(&self) -> bool {
        self.done.is_empty() && self.open.is_none()
    }

    /// Says something: a paragraph of the message that is open. Buttons end a message, for they belong to what is above them.
    pub(super) fn say(&mut self, text: &Rich) {
        if text.is_blank() {
            return;
        }
        if self.open.as_ref().is_some_and(|open| !open.buttons.is_empty()) {
            self.close();
        }
        let open = self.open.get_or_insert_with(empty);
        if !open.text.is_blank() {
            open.text.push_plain("\n\n");
        }
        open.text.push_rich(text);
    }

    /// What was said last promotes something, and says so.
    pub(super) fn promote(&mut self, label: &Rich) {
        self.say(label);
        self.open.get_or_insert_with(empty).purpose = Purpose::Ad;
    }

    /// What was said last goes out as a template of the messenger's.
    pub(super) fn as_template(&mut self, name: &str) {
        self.open.get_or_insert_with(empty).template = Some(name.to_owned());
    }

    /// What was said last is a step of a sequence.
    pub(super) fn as_step_of(&mut self, sequence: &str) {
        if let Some(open) = &mut self.open {
            open.sequence = Some(sequence.to_owned());
        }
    }

    /// Puts buttons under what was said last.
    pub(super) fn buttons(&mut self, buttons: impl IntoIterator<Item = Button>) {
        self.open.get_or_insert_with(empty).buttons.extend(buttons);
    }

    /// Lists the buttons put last without numbers, where they become a list.
    pub(super) fn bullets(&mut self) {
        if let Some(open) = &mut self.open {
            open.list = List::Bullets;
        }
    }

    /// Shows cards with what was said last.
    pub(super) fn cards(&mut self, cards: impl IntoIterator<Item = Card>) {
        let open = self.open.get_or_insert_with(empty);
        open.cards.extend(cards);
    }

    /// Begins a message with a picture.
    pub(super) fn photo(&mut self, photo: Photo) {
        self.close();
        self.open = Some(Message { photo: Some(photo), ..empty() });
    }

    /// Ends the message that is open.
    pub(super) fn close(&mut self) {
        self.done.extend(self.open.take());
    }

    /// Takes what was said so far, leaving nothing: to put something else first.
    pub(super) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// Adds what was said elsewhere; its first message joins the one that is open where neither has pictures in the way.
    pub(super) fn append(&mut self, mut other: Self) {
        other.close();
        for message in other.done {
            // A step stands alone: it may be called back.
            if message.sequence.is_some() {
                self.close();
                self.done.push(message);
                continue;
            }
            let joins = message.photo.is_none()
                && message.purpose == Purpose::Service
                && message.template.is_none()
                && self.open.as_ref().is_none_or(|open| open.buttons.is_empty() && open.cards.is_empty());
            if !joins {
                self.close();
                self.open = Some(message);
                continue;
            }
            self.say(&message.text);
            if !message.cards.is_empty() {
                self.cards(message.cards);
            }
            if !message.buttons.is_empty() {
                self.buttons(message.buttons);
            }
            if message.list == List::Bullets {
                self.bullets();
            }
        }
    }

    /// All messages, in order.
    pub(super) fn into_messages(mut self) -> Vec<Message> {
        self.close();
        self.done
    }

    /// All words said so far, for checks.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.done.iter().chain(&self.open).map(|message| message.text.text.as_str())
    }
}

fn empty() -> Message {
    Message {
        text: Rich::plain(""),
        cards: Vec::new(),
        photo: None,
        buttons: Vec::new(),
        list: List::default(),
        purpose: Purpose::Service,
        template: None,
        sequence: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Press;

    fn button(label: &str) -> Button {
        Button { label: label.into(), press: Press::Token { token: "x.h".into() } }
    }

    #[test]
    fn paragraphs_and_the_question_are_one_message() {
        let mut reply = Reply::default();
        reply.say(&Rich::plain("Здравствуйте!"));
        reply.say(&Rich::plain("Что празднуем?"));
        reply.buttons([button("Свадьба")]);
        reply.say(&Rich::plain("Дальше"));
        let messages = reply.into_messages();
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0].text.text, "Здравствуйте!\n\nЧто празднуем?");
        assert_eq!(messages[0].buttons.len(), 1);
    }

    #[test]
    fn an_answer_and_the_open_question_join() {
        let (mut answer, mut question) = (Reply::default(), Reply::default());
        answer.say(&Rich::plain("Бывают."));
        question.say(&Rich::plain("Сколько гостей?"));
        question.buttons([button("6")]);
        answer.append(question);
        let messages = answer.into_messages();
        assert_eq!((messages.len(), messages[0].text.text.as_str()), (1, "Бывают.\n\nСколько гостей?"));
    }
}
