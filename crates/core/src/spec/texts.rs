//! Built-in phrases, Russian and English; a partner's `texts` put its own in their place.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use super::{
    config::{Config, Gender},
    diagnostic::Place,
    expr::{Env, Known},
    flow::Text,
    read::Reader,
    template::{Localised, Template},
    tree::Node,
    value::Type,
};
use crate::{lang::Lang, money::Currency};

/// Every phrase of a partner: its own or the built-in one. The built-in ones are shared by all partners.
#[derive(Debug, Clone, Default)]
pub struct Phrases {
    gender: Gender,
    own: BTreeMap<Phrase, Text>,
}

impl Phrases {
    /// The built-in phrases of a persona of this gender.
    pub fn built_in(gender: Gender) -> Self {
        Self { gender, own: BTreeMap::new() }
    }

    /// The phrase's text in the partner's languages.
    pub fn get(&self, phrase: Phrase) -> &Text {
        self.own.get(&phrase).unwrap_or_else(|| built_in(phrase, self.gender))
    }
}

/// Reads the partner's own words (`texts` of the settings); a language they lack has the built-in ones.
pub(crate) fn read(reader: &mut Reader<'_>, texts: Option<&Node>, config: &Config, env: &Env) -> Phrases {
    let mut phrases = Phrases::built_in(config.persona.gender);
    for (key, value) in texts.and_then(|node| reader.map(node)).map_or(&[][..], |fields| fields.entries) {
        let Some(phrase) = Phrase::by_key(&key.text) else {
            reader.unknown_key(key, Phrase::ALL.iter().map(|phrase| phrase.key()));
            continue;
        };
        let Some(mut own) = reader.template(value, &names(phrase, env)) else { continue };
        for lang in &config.languages {
            if own.exact(*lang).is_none() {
                own = own.with(*lang, built_in(phrase, config.persona.gender).get(*lang).clone());
            }
        }
        phrases.own.insert(phrase, own);
    }
    phrases
}

/// The names that a phrase's text may use: its own and those that exist everywhere.
fn names(phrase: Phrase, env: &Env) -> Env {
    let mut env = env.clone();
    for name in phrase.args() {
        env.set(name, Known::sure(Type::Text));
    }
    env
}

fn built_in(phrase: Phrase, gender: Gender) -> &'static Text {
    static FEMININE: LazyLock<Vec<Text>> = LazyLock::new(|| all(Gender::Feminine));
    static MASCULINE: LazyLock<Vec<Text>> = LazyLock::new(|| all(Gender::Masculine));
    let texts = match gender {
        Gender::Feminine => &FEMININE,
        Gender::Masculine => &MASCULINE,
    };
    // `Phrase::ALL` lists the phrases in the order of their declaration.
    &texts[phrase as usize]
}

fn all(gender: Gender) -> Vec<Text> {
    let text = |phrase: &Phrase| {
        let env = names(*phrase, &Env::bare(Currency::RUB));
        let parse = |words: &str, lang: Lang| {
            let place = Place::new(&Arc::from("texts"), 0..words.len());
            let template = Template::parse(words, &place, &env, lang).map(|(template, _)| template);
            template.expect("a test parses every built-in phrase")
        };
        Localised::new(Lang::Ru, parse(phrase.russian(gender), Lang::Ru))
            .with(Lang::En, parse(phrase.english(), Lang::En))
    };
    Phrase::ALL.iter().map(text).collect()
}

macro_rules! phrases {
    ($($(#[$doc:meta])* $name:ident $key:literal ($($arg:literal)*) ru $ru:literal $(he $he:literal)? en $en:literal;)*) => {
        /// A phrase the engine says of itself. Its arguments are texts under the names that [`Phrase::args`] gives.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Phrase { $($(#[$doc])* $name,)* }

        impl Phrase {
            /// Every phrase.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its key under `texts` in `config.yaml`.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }

            /// Names that its text may use in braces.
            pub fn args(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($arg,)*],)* }
            }

            /// The built-in English words.
            pub fn english(self) -> &'static str {
                match self { $(Self::$name => $en,)* }
            }

            fn feminine(self) -> &'static str {
                match self { $(Self::$name => $ru,)* }
            }

            fn masculine(self) -> Option<&'static str> {
                match self { $(Self::$name => [$($he,)?].first().copied(),)* }
            }
        }
    };
}

impl Phrase {
    /// The built-in Russian words, as a persona of this gender says them.
    pub fn russian(self, gender: Gender) -> &'static str {
        match gender {
            Gender::Feminine => self.feminine(),
            Gender::Masculine => self.masculine().unwrap_or_else(|| self.feminine()),
        }
    }

    /// The phrase with this key.
    pub fn by_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|phrase| phrase.key() == key)
    }
}

phrases! {
    /// First words of a first conversation, when no flow starts it.
    Greeting "greeting" ("partner") ru "Здравствуйте! Это {partner}. Чем могу помочь?" en "Hello! This is {partner}. How can I help?";
    /// Said with the first message: who is speaking.
    Disclosure "disclosure" ("persona") ru "Я {persona}, виртуальный помощник. Если понадобится человек, так и напишите."
        en "I am {persona}, a virtual assistant. If you need a person, just say so.";
    /// Asked whether one talks to a machine.
    AreYouABot "are_you_a_bot" () ru "Да, я виртуальный помощник. Могу позвать человека, если нужно."
        en "Yes, I am a virtual assistant. I can call a person if you like.";
    /// «Do you speak English?» where nobody answers in it.
    OneLanguage "one_language" ()
        ru "Отвечаю только по-русски. Sorry, I reply in Russian only. To call a person, write “human”."
        en "I reply in English only, sorry. Отвечаю только по-английски. Чтобы позвать человека, напишите «человек».";
    /// Nothing was understood.
    NotUnderstood "not_understood" () ru "Не совсем поняла. Скажите, пожалуйста, иначе или позову человека."
        he "Не совсем понял. Скажите, пожалуйста, иначе или позову человека."
        en "I did not quite get that. Please put it differently, or I can call a person.";
    /// After a digression, with the open question.
    Back "back" ("question") ru "Вернёмся к нашему вопросу. {question}" en "Back to our question. {question}";
    /// A filled slot was changed.
    Corrected "corrected" ("value") ru "Исправила: {value}." he "Исправил: {value}." en "Corrected: {value}.";
    /// Values were filled ahead.
    Noted "noted" ("value") ru "Записала: {value}." he "Записал: {value}." en "Noted: {value}.";
    /// A button of an ended run.
    OldButton "old_button" () ru "Этот выбор уже в прошлом. Начнём заново?" en "That choice is in the past. Shall we start afresh?";
    /// Button: begin the flow again.
    StartAgain "start_again" () ru "Начать заново" en "Start again";
    /// Two options fit.
    WhichOne "which_one" () ru "Уточните, пожалуйста, что из этого вы имели в виду?" en "Which of these did you mean?";
    /// A span of hours or a part of the day was named («с 10 до 12», «вечером») where one moment is asked for.
    WhichTime "which_time" () ru "Во сколько именно?" en "At what time exactly?";
    /// The consent line above a contact request.
    ConsentAsk "consent_ask" ("policy") ru "Чтобы сохранить ваши контакты, нужно ваше согласие на обработку персональных данных: {policy}"
        en "To keep your contacts we need your consent to the processing of personal data: {policy}";
    /// Button: consent given.
    ConsentAgree "consent_agree" () ru "Соглашаюсь" en "I agree";
    /// Button: consent refused.
    ConsentDecline "consent_decline" () ru "Не соглашаюсь" en "I do not agree";
    /// Button: send all of the consent text.
    ConsentRead "consent_read" () ru "Прочитать целиком" en "Read in full";
    /// Consent refused: nothing is stored.
    ConsentDeclined "consent_declined" () ru "Хорошо, контакты не сохраняю." en "All right, I do not keep your contacts.";
    /// Button of a channel that hands the phone number over.
    ShareContact "share_contact" () ru "Отправить мой номер" en "Share my number";
    /// Button of a channel that hands over where the customer is.
    SharePlace "share_place" () ru "Отправить моё место" en "Share my location";
    /// Button: go on without contacts.
    SkipContact "skip_contact" () ru "Не сейчас" en "Not now";
    /// A contact was taken.
    ContactSaved "contact_saved" () ru "Спасибо, записала." he "Спасибо, записал." en "Thank you, noted.";
    /// Ask for a phone number.
    AskPhone "ask_phone" () ru "Напишите, пожалуйста, номер телефона." en "Please write your phone number.";
    /// Ask for an e-mail address.
    AskEmail "ask_email" () ru "Напишите, пожалуйста, адрес электронной почты." en "Please write your e-mail address.";
    /// Ask for a name.
    AskName "ask_name" () ru "Как к вам обращаться?" en "What is your name?";
    /// Button: a person, please.
    CallPerson "call_person" () ru "Позвать человека" en "Call a person";
    /// Button: the bot again, while no person has answered.
    BackToBot "back_to_bot" () ru "Вернуться к боту" en "Back to the bot";
    /// The bot answers again.
    BotIsBack "bot_is_back" () ru "Я снова с вами, спрашивайте." en "I am back, ask away.";
    /// The partner has paused the bot; said once.
    Paused "paused" () ru "Бот сейчас на паузе. Ваше сообщение сохранено, мы на него ответим."
        en "The bot is paused just now. Your message is kept, and we shall answer it.";
    /// Asked for a person, who is not there yet.
    PersonAnswers "person_answers" ("open") ru "Коллега ответит {open}. Пока могу помочь я."
        en "A colleague will answer {open}. Until then I can help.";
    /// A person takes over.
    Handoff "handoff" () ru "Передаю разговор коллеге, вам ответят здесь же." en "I am passing you to a colleague, they will answer right here.";
    /// A person takes over, but nobody works now.
    HandoffClosed "handoff_closed" ("open") ru "Передала разговор коллеге. Сейчас нерабочее время, вам ответят {open}."
        he "Передал разговор коллеге. Сейчас нерабочее время, вам ответят {open}."
        en "I have passed you to a colleague. We are closed now, they will answer {open}.";
    /// Tries are used up: offer a person.
    OfferPerson "offer_person" () ru "Кажется, у меня не получается вас понять. Позвать человека?"
        en "I seem unable to understand you. Shall I call a person?";
    /// A complaint that nothing else answers.
    Sorry "sorry" () ru "Мне жаль, что так вышло. Ваши слова увидит коллега. Позвать человека прямо сейчас?"
        en "I am sorry about that. A colleague will see what you wrote. Shall I call a person right now?";
    /// Nothing is known about it.
    DontKnow "dont_know" () ru "Не знаю точно, передам вопрос коллеге, и вам ответят." en "I do not know for sure, I will pass your question to a colleague.";
    /// A message could not be processed: a person will answer it.
    SetAside "set_aside" () ru "Не получается ответить сразу. Передаю ваше сообщение коллеге, вам ответят здесь же."
        en "I cannot answer this right away. I am passing your message to a colleague, they will answer right here.";
    /// Of several questions some were answered.
    DontKnowRest "dont_know_rest" () ru "Об остальном спрошу коллегу, и вам ответят." en "I will ask a colleague about the rest.";
    /// The customer cancelled the flow.
    Cancelled "cancelled" () ru "Хорошо, остановились. Захотите продолжить, напишите." en "All right, we stop here. Write when you want to go on.";
    /// The customer opted out.
    OptedOut "opted_out" () ru "Больше не буду писать первой. Захотите что-то узнать, напишите, я отвечу."
        he "Больше не буду писать первым. Захотите что-то узнать, напишите, я отвечу."
        en "I will not write first any more. If you want to know something, write and I will answer.";
    /// The customer's data was erased.
    Forgotten "forgotten" () ru "Ваши данные удалены." en "Your data has been erased.";
    /// The customer asked for their data to be erased: contacts and the conversation are gone, and the team was told.
    ForgetAsked "forget_asked" () ru "Удалили ваши контакты и переписку и передали просьбу хозяину: остальное он удалит не позже чем за 30 дней. Заказы храним, сколько велит закон."
        en "We have erased your contacts and this conversation, and told the owner: the rest will be erased within 30 days. Orders are kept for as long as the law has it.";
    /// A sign of life while an answer is made.
    Thinking "thinking" () ru "Минутку, смотрю…" en "One moment, looking…";
    /// The order's sum.
    OrderTotal "order_total" ("total") ru "Итого: {total}" en "Total: {total}";
    /// When the order is due.
    OrderDue "order_due" ("due") ru "К сроку: {due}" en "Due: {due}";
    /// One line of the order.
    OrderLine "order_line" ("name" "quantity" "sum") ru "{name} × {quantity}: {sum}" en "{name} × {quantity}: {sum}";
    /// Button: place the order.
    OrderConfirm "order_confirm" () ru "Подтвердить" en "Confirm";
    /// Button: change the order first.
    OrderChange "order_change" () ru "Изменить" en "Change";
    /// Asked when «Изменить» was pressed.
    OrderWhatToChange "order_what_to_change" () ru "Что изменить?" en "What should be changed?";
    /// A correction that concerns a confirmed order.
    OrderAskChange "order_ask_change" () ru "Заказ уже оформлен. Изменить заказ?" en "The order is already placed. Change it?";
    /// A wish to call a confirmed order off.
    OrderAskCancel "order_ask_cancel" () ru "Заказ уже оформлен. Отменить его?" en "The order is already placed. Cancel it?";
    /// The wish to change a confirmed order went to the partner.
    OrderChangePassed "order_change_passed" () ru "Передала вашу просьбу, с вами свяжутся." he "Передал вашу просьбу, с вами свяжутся."
        en "I have passed your request on, we will contact you.";
    /// The order could not be placed as it stood (sold out, price changed).
    OrderRefused "order_refused" () ru "Не получилось оформить: товар закончился или изменилась цена. Посмотрим ещё раз."
        en "It could not be placed: the item is sold out or its price has changed. Let us look again.";
    /// An order made outside a flow is placed.
    OrderAccepted "order_accepted" ("number") ru "Заказ {number} принят. Передали мастеру, с вами свяжутся."
        en "Order {number} is placed. We will get in touch.";
    /// Asked after an order that is not confirmed.
    OrderNotConfirmed "order_not_confirmed" () ru "Этот заказ ещё не подтверждён:" en "This order is not confirmed yet:";
    /// Asked after an order that is placed.
    OrderPlaced "order_placed" ("number") ru "Заказ {number} принят, делать его ещё не начали."
        en "Order {number} is placed. We have not started on it yet.";
    /// Asked after an order that waits for its payment.
    OrderAwaitingPayment "order_awaiting_payment" ("number") ru "Заказ {number} принят и ждёт оплаты."
        en "Order {number} is placed and waits for payment.";
    /// Asked after an order that is to be given back.
    OrderReturnRequested "order_return_requested" ("number") ru "По заказу {number} оформляем возврат."
        en "The return of order {number} is under way.";
    /// Asked after an order that was given back.
    OrderReturned "order_returned" ("number") ru "Заказ {number} вернули." en "Order {number} was returned.";
    /// Asked after an order, and there is none.
    NoOrders "no_orders" () ru "Действующих заказов у вас нет. Напишите, что хотите заказать, и я помогу."
        en "You have no orders at the moment. Write what you would like, and I will help.";
    /// News of an order: paid.
    OrderPaid "order_paid" ("number") ru "Заказ {number} оплачен. Спасибо!" en "Order {number} is paid. Thank you!";
    /// News of an order: being made.
    OrderInProgress "order_in_progress" ("number") ru "Заказ {number} взяли в работу." en "We have started on order {number}.";
    /// News of an order: on its way.
    OrderShipped "order_shipped" ("number") ru "Заказ {number} передан в доставку." en "Order {number} is on its way.";
    /// News of an order: waits to be fetched.
    OrderReady "order_ready" ("number") ru "Заказ {number} готов, можно забирать." en "Order {number} is ready to be picked up.";
    /// News of an order: handed over.
    OrderCompleted "order_completed" ("number") ru "Заказ {number} выдан. Спасибо, что выбрали нас!"
        en "Order {number} is complete. Thank you for choosing us!";
    /// News of an order: called off.
    OrderCancelled "order_cancelled" ("number") ru "Заказ {number} отменён." en "Order {number} is cancelled.";
    /// News of an order: money given back.
    OrderRefunded "order_refunded" ("number") ru "Деньги за заказ {number} возвращены." en "Order {number} is refunded.";
    /// News of an order that was a mistake of the team's.
    OrderUndone "order_undone" ("number") ru "Поправка: прошлое сообщение о заказе {number} отправили по ошибке. О новостях напишем."
        en "A correction: our last message about order {number} was sent by mistake. We will write when there is news.";
    /// Above product cards that answer a question.
    HereIs "here_is" () ru "Вот что есть:" en "Here is what we have:";
    /// Above products that fit what was asked for.
    Fits "fits" () ru "Вот что подходит:" en "This is what fits:";
    /// Above products that come near.
    NearestIs "nearest_is" () ru "Точно под такие условия ничего нет. Ближе всего:" en "Nothing fits exactly. The nearest:";
    /// There are more products than are shown.
    FirstOf "first_of" ("shown" "count") ru "Показываю {shown} из {count}. Уточните цену, размер или вкус, подберу точнее."
        en "Showing {shown} of {count}. Name a price, a size or a taste, and I will narrow it down.";
    /// A product that was asked for cannot be had.
    SoldOut "sold_out" ("name") ru "{name}: сейчас нет в наличии." en "{name}: sold out at the moment.";
    /// After thanks.
    Welcome "welcome" () ru "Пожалуйста! Если что-то понадобится, пишите." en "You are welcome! Write if you need anything.";
    /// After a goodbye.
    Farewell "farewell" () ru "Всего доброго! Если что-то понадобится, пишите." en "Goodbye! Write if you need anything.";
    /// Nothing fits an offer.
    NothingFound "nothing_found" () ru "Под такие условия ничего не нашлось." en "Nothing fits these wishes.";
    /// Button: choose this product.
    Choose "choose" () ru "Выбрать" en "Choose";
    /// Button: done choosing several.
    Done "done" () ru "Готово" en "Done";
    /// Button: yes.
    Yes "yes" () ru "Да" en "Yes";
    /// Button: no.
    No "no" () ru "Нет" en "No";
    /// The answer to a text question does not fit.
    BadText "bad_text" () ru "Такой ответ не подходит. Напишите, пожалуйста, иначе." en "That answer does not fit. Please put it differently.";
    /// No number was found.
    BadNumber "bad_number" () ru "Нужно число." en "A number is needed.";
    /// No amount was found.
    BadMoney "bad_money" () ru "Нужна сумма, например «3000 ₽»." en "An amount is needed, e.g. \"3000\".";
    /// No option was found.
    BadChoice "bad_choice" () ru "Выберите, пожалуйста, один из вариантов." en "Please choose one of the options.";
    /// No options were found of which several may be taken, or not whether they are wanted.
    BadChoices "bad_choices" () ru "Назовите, пожалуйста, всё, что выбираете: можно один вариант или несколько."
        en "Please name all that you choose: one option or several.";
    /// No day was found.
    BadDate "bad_date" () ru "Нужна дата, например «15 декабря» или «в субботу»." en "A date is needed, e.g. \"15 December\" or \"on Saturday\".";
    /// No time was found.
    BadTime "bad_time" () ru "Нужно время, например «18:30»." en "A time is needed, e.g. \"18:30\".";
    /// No phone number was found.
    BadPhone "bad_phone" () ru "Не похоже на номер телефона. Например: +7 912 345-67-89." en "That does not look like a phone number. For example: +44 20 7946 0123.";
    /// No address was found.
    BadEmail "bad_email" () ru "Не похоже на адрес почты. Например: anna@example.ru." en "That does not look like an e-mail address. For example: anna@example.com.";
    /// No place was found.
    BadLocation "bad_location" () ru "Пришлите, пожалуйста, место на карте или адрес." en "Please send a place on the map or an address.";
    /// No picture was found.
    BadPhoto "bad_photo" () ru "Нужна фотография." en "A photo is needed.";
    /// Neither yes nor no.
    BadYesNo "bad_yes_no" () ru "Ответьте, пожалуйста, «да» или «нет»." en "Please answer yes or no.";
    /// Below the least.
    TooLittle "too_little" ("min") ru "Не меньше {min}, пожалуйста." en "At least {min}, please.";
    /// Above the greatest.
    TooMuch "too_much" ("max") ru "Не больше {max}, пожалуйста." en "At most {max}, please.";
    /// Before the earliest.
    TooEarly "too_early" ("min") ru "Самое раннее: {min}." en "The earliest is {min}.";
    /// After the latest.
    TooLate "too_late" ("max") ru "Самое позднее: {max}." en "The latest is {max}.";
    /// The partner is closed that day.
    ClosedThen "closed_then" () ru "В этот день мы не работаем. Выберите, пожалуйста, другой." en "We are closed that day. Please choose another.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique_and_lead_back_to_their_phrase() {
        for phrase in Phrase::ALL {
            assert_eq!(Phrase::by_key(phrase.key()), Some(*phrase), "{}", phrase.key());
        }
    }

    #[test]
    fn every_built_in_phrase_is_there_in_both_languages() {
        for gender in [Gender::Feminine, Gender::Masculine] {
            let phrases = Phrases::built_in(gender);
            for phrase in Phrase::ALL {
                assert_eq!(phrases.get(*phrase).get(Lang::Ru).source(), phrase.russian(gender));
                assert_eq!(phrases.get(*phrase).get(Lang::En).source(), phrase.english());
            }
        }
    }

    #[test]
    fn a_persona_speaks_of_itself_in_its_gender() {
        assert_eq!(Phrase::Noted.russian(Gender::Feminine), "Записала: {value}.");
        assert_eq!(Phrase::Noted.russian(Gender::Masculine), "Записал: {value}.");
        assert_eq!(Phrase::Yes.russian(Gender::Masculine), "Да");
    }
}
