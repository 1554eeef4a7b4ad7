//! What the engine tells the team in its own words, and what stands for things without words; in the team's language.

use std::borrow::Cow;

use super::work::Work;
use crate::{
    ids::FlowId,
    lang::Lang,
    message::{DeliveryFate, MediaKind},
    spec::flow::StepId,
};

/// Words for the team.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wording<'a> {
    /// A customer wrote while a person has the conversation.
    NewMessage,
    /// A customer sent a file that no step asked for.
    Sent(MediaKind),
    /// A customer sent a place that no step asked for.
    SentPlace,
    /// Nobody took a conversation that was handed over.
    StillWaits,
    /// The bot does not answer all that was said in a pause.
    LeftOut,
    /// Nobody has looked after a lead that the team was told of.
    Unheeded,
    /// The bot has a conversation back from a person who was silent.
    CameBack {
        /// Who it was.
        who: &'a str,
        /// Messages of the customer meanwhile, as far as they are at hand.
        customers: usize,
        /// Of the person.
        persons: usize,
        /// What was said last.
        last: &'a str,
    },
    /// A card did not reach a member of the team.
    CardLost {
        /// Whom.
        member: &'a str,
        /// Who gets it instead, if anybody does.
        instead: Option<&'a str>,
    },
    /// The same contact was left on other accounts.
    PerhapsSame {
        /// The accounts.
        accounts: &'a str,
    },
    /// One who has left the same contact, in a line.
    SameContact {
        /// The account, if it is known.
        account: Option<&'a str>,
    },
    /// A flow went round in circles.
    Loop(&'a FlowId, &'a StepId),
    /// Flows call each other too deep.
    TooDeep(&'a FlowId),
    /// An order could not be placed as it was shown.
    NotToBeHad,
    /// The customer blocked the bot.
    Blocked,
    /// The customer's account or chat is gone.
    Gone,
    /// What a person wrote did not arrive.
    AnswerLost {
        /// Who wrote it.
        who: &'a str,
        /// Why.
        why: &'a DeliveryFate,
    },
    /// A customer's message could not be processed, and nothing was said to them.
    SetAside,
    /// The same, and the customer was told that a person will answer.
    SetAsideAndSaid,
    /// Something else than a customer's message could not be processed.
    EventSetAside,
    /// What the customer said besides the answers of a flow.
    Besides(&'a str),
    /// A shared contact, in the record.
    Contact,
    /// A place, in the record.
    Place,
    /// A file, in the record.
    File(MediaKind),
    /// A button whose label is not known, in the record.
    Button,
}

/// What an advertisement is called, in the customer's language.
pub(super) fn advertisement(lang: Lang) -> &'static str {
    match lang {
        Lang::Ru => "Реклама",
        Lang::En => "Advertisement",
    }
}

/// What must be said wherever a food supplement is named.
pub(super) fn no_medicine(lang: Lang) -> &'static str {
    match lang {
        Lang::Ru => "БАД. Не является лекарственным средством.",
        Lang::En => "Food supplement. Not a medicine.",
    }
}

/// By what, in small letters, a text that says so is known.
pub(super) fn no_medicine_sign(lang: Lang) -> &'static str {
    match lang {
        Lang::Ru => "не является лекарственн",
        Lang::En => "not a medicine",
    }
}

impl Work {
    /// In the team's language: the partner's first.
    pub(super) fn team_word(&self, wording: Wording<'_>) -> String {
        wording.says(self.book.language(None, ""))
    }
}

impl Wording<'_> {
    pub(super) fn says(self, lang: Lang) -> String {
        match lang {
            Lang::Ru => self.russian(),
            Lang::En => self.english(),
        }
    }

    fn russian(self) -> String {
        let text = match self {
            Self::NewMessage => "Новое сообщение клиента",
            Self::Sent(kind) => return format!("Клиент прислал: {}", media(kind, Lang::Ru)),
            Self::SentPlace => "Клиент прислал место на карте",
            Self::LeftOut => {
                "Во время паузы написано больше, чем помнит бот: на первые сообщения он не ответит. Откройте диалог"
            }
            Self::StillWaits => "Клиент всё ещё ждёт ответа человека",
            Self::Unheeded => "Карточка уже приходила, но никто не написал клиенту и не нажал «Обработано»",
            Self::CameBack { who, customers, persons, last } => {
                return format!(
                    "Вёл {who}, потом в диалоге было тихо. Сообщений клиента: {customers}, ответов: {persons}. Последнее: {last}"
                );
            }
            Self::CardLost { member, instead: None } => {
                return format!("{member} не получает карточки: бот заблокирован или чата больше нет");
            }
            Self::CardLost { member, instead: Some(instead) } => {
                return format!(
                    "{member} не получает карточки: бот заблокирован или чата больше нет. Теперь её видит {instead}"
                );
            }
            Self::SameContact { account: Some(account) } => return format!("Тот же контакт: {account}"),
            Self::SameContact { account: None } => "Тот же контакт в другом диалоге",
            Self::PerhapsSame { accounts } => {
                return format!(
                    "Тот же контакт оставляли здесь: {accounts}. Это один человек? Номер мог набрать кто угодно, и он мог перейти к другому: сначала спросите."
                );
            }
            Self::Loop(flow, step) => return format!("Сценарий «{flow}» зациклился на шаге «{step}»"),
            Self::TooDeep(flow) => return format!("Сценарий «{flow}» вызывает другие слишком глубоко"),
            Self::NotToBeHad => "Товар закончился, или изменилась цена",
            Self::Blocked => "Клиент заблокировал бота: пока он не напишет сам, сообщения до него не дойдут",
            Self::Gone => "Аккаунт или чат клиента удалён: сообщения до него не дойдут",
            Self::AnswerLost { who, why } => {
                return format!("Ответ не дошёл до клиента ({who}): {}", why_lost(why, Lang::Ru));
            }
            Self::SetAside => {
                "Сообщение не обработано: клиент остался без ответа. Ответьте сами или верните сообщение в разговор"
            }
            Self::SetAsideAndSaid => {
                "Сообщение не обработано: клиенту сказано, что ответит человек. Ответьте сами или верните сообщение в разговор"
            }
            Self::EventSetAside => "Событие разговора не обработано: верните его в разговор, когда причина устранена",
            Self::Besides(said) => return format!("Пожелание: {said}"),
            Self::Contact => "[контакт]",
            Self::Place => "[место на карте]",
            Self::File(kind) => media(kind, Lang::Ru),
            Self::Button => "[кнопка]",
        };
        text.to_owned()
    }

    fn english(self) -> String {
        let text = match self {
            Self::NewMessage => "A new message of the customer",
            Self::Sent(kind) => return format!("The customer sent: {}", media(kind, Lang::En)),
            Self::SentPlace => "The customer sent a place on the map",
            Self::LeftOut => {
                "More was written in the pause than the bot remembers: it does not answer the first messages. Open the dialogue"
            }
            Self::StillWaits => "The customer still waits for a person",
            Self::Unheeded => "There was a card already, and nobody has written to the customer or pressed \"Handled\"",
            Self::CameBack { who, customers, persons, last } => {
                return format!(
                    "{who} had it, then it was quiet. Messages of the customer: {customers}, replies: {persons}. The last: {last}"
                );
            }
            Self::CardLost { member, instead: None } => {
                return format!("{member} gets no cards: the bot is blocked, or the chat is gone");
            }
            Self::CardLost { member, instead: Some(instead) } => {
                return format!(
                    "{member} gets no cards: the bot is blocked, or the chat is gone. {instead} sees it now"
                );
            }
            Self::SameContact { account: Some(account) } => return format!("The same contact: {account}"),
            Self::SameContact { account: None } => "The same contact in another conversation",
            Self::PerhapsSame { accounts } => {
                return format!(
                    "The same contact was left here: {accounts}. Is it one person? Anybody could type it: ask them first."
                );
            }
            Self::Loop(flow, step) => {
                return format!("The flow \"{flow}\" went round in circles at the step \"{step}\"");
            }
            Self::TooDeep(flow) => return format!("The flow \"{flow}\" calls others too deep"),
            Self::NotToBeHad => "Sold out, or the price has changed",
            Self::Blocked => "The customer blocked the bot: until they write again, nothing reaches them",
            Self::Gone => "The customer's account or chat is gone: nothing reaches them",
            Self::AnswerLost { who, why } => {
                return format!("An answer did not reach the customer ({who}): {}", why_lost(why, Lang::En));
            }
            Self::SetAside => {
                "A message could not be processed: the customer has no answer. Reply yourself, or put the message back"
            }
            Self::SetAsideAndSaid => {
                "A message could not be processed: the customer was told that a person will answer. Reply yourself, or put the message back"
            }
            Self::EventSetAside => {
                "An event of the conversation could not be processed: put it back when the cause is gone"
            }
            Self::Besides(said) => return format!("Wish: {said}"),
            Self::Contact => "[contact]",
            Self::Place => "[place]",
            Self::File(kind) => media(kind, Lang::En),
            Self::Button => "[button]",
        };
        text.to_owned()
    }
}

/// Why something did not arrive, as part of a sentence.
pub(super) fn why_lost(why: &DeliveryFate, lang: Lang) -> Cow<'static, str> {
    let (ru, en) = match why {
        DeliveryFate::Blocked => ("клиент заблокировал бота", "the customer has blocked the bot"),
        DeliveryFate::Gone => ("аккаунт или чат клиента удалён", "the customer's account or chat is gone"),
        DeliveryFate::Expired | DeliveryFate::Untried => {
            ("его не удалось отправить вовремя", "it could not be sent in time")
        }
        DeliveryFate::Refused { cause } => {
            return match lang {
                Lang::Ru => format!("мессенджер его не принял ({cause})").into(),
                Lang::En => format!("the messenger did not take it ({cause})").into(),
            };
        }
    };
    match lang {
        Lang::Ru => ru.into(),
        Lang::En => en.into(),
    }
}

/// What stands for a file in the record.
fn media(kind: MediaKind, lang: Lang) -> &'static str {
    match (kind, lang) {
        (MediaKind::Photo, Lang::Ru) => "[фото]",
        (MediaKind::Voice, Lang::Ru) => "[голосовое]",
        (MediaKind::Audio, Lang::Ru) => "[аудио]",
        (MediaKind::Video | MediaKind::VideoNote | MediaKind::Animation, Lang::Ru) => "[видео]",
        (MediaKind::Document, Lang::Ru) => "[документ]",
        (MediaKind::Sticker, Lang::Ru) => "[стикер]",
        (MediaKind::Photo, Lang::En) => "[photo]",
        (MediaKind::Voice, Lang::En) => "[voice]",
        (MediaKind::Audio, Lang::En) => "[audio]",
        (MediaKind::Video | MediaKind::VideoNote | MediaKind::Animation, Lang::En) => "[video]",
        (MediaKind::Document, Lang::En) => "[document]",
        (MediaKind::Sticker, Lang::En) => "[sticker]",
    }
}
