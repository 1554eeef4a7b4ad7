//! What a member of the team reads in their own chat; in the partner's first language.

use jiff::{SignedDuration, civil};

use super::super::wording::why_lost;
use crate::{
    lang::{Lang, print},
    message::DeliveryFate,
};

/// What a pause means, in Russian and English.
const PAUSED: (&str, &str) = (
    "Бот на паузе: никому не отвечает, напоминания и рассылки ждут. Кто напишет, один раз услышит об этом, а его \
     сообщение придёт тем, кому приходит «Нужен человек», а если таких нет, владельцам. Отвечать можно из этого чата.",
    "The bot is paused: it answers nobody, reminders and broadcasts wait. Whoever writes hears so once, and their message \
     goes to whoever is told that a person is needed, or, where nobody is, to the owners. You can answer from this chat.",
);

/// Who sets things in a group, in Russian and English.
const PERSONS_ALONE: (&str, &str) = (
    "В группе настройки меняет тот, кто назван в config.yaml (team) лично: своим номером, а не номером группы. \
     Или из своего чата с ботом.",
    "In a group settings are changed by whoever config.yaml (team) names in person: by their own number, not the \
     group's. Or in their own chat with the bot.",
);

/// Whose the figures are, in Russian and English.
const FIGURES_FOR_OWNERS: (&str, &str) = (
    "Показатели бизнеса видит только владелец. Вам открыты лиды и самое частое: /my_leads, /hot_leads, /top.",
    "Only an owner sees the figures of the business. Leads and what comes up most are yours: /my_leads, /hot_leads, /top.",
);

/// How things are set, in Russian and English.
const HOW_TO_SET: (&str, &str) = (
    "Изменить (действует сразу, вместо файла):\n\
     /my_settings название Лавка\n\
     /my_settings часы пн-пт 9:00-13:00, 14:00-18:00; сб 10-16\n\
     /my_settings ссылка shop https://…\n\
     /my_settings сводка 9:30\n\
     /my_settings пауза, /my_settings продолжить",
    "To change it (counts at once, instead of the file):\n\
     /my_settings name The Shop\n\
     /my_settings hours mon-fri 9:00-13:00, 14:00-18:00; sat 10-16\n\
     /my_settings link shop https://…\n\
     /my_settings digest 9:30\n\
     /my_settings pause, /my_settings resume",
);

fn given_back_in_pause(name: &str, lang: Lang) -> String {
    match lang {
        Lang::Ru => format!("Диалог вернулся боту: {name}. Сейчас бот на паузе и молчит; ответит, когда её снимут."),
        Lang::En => {
            format!(
                "Given back to the bot: {name}. The bot is paused and silent now; it answers when the pause is over."
            )
        }
    }
}

/// An answer did not arrive.
fn not_arrived(name: &str, why: &DeliveryFate, words: &str, lang: Lang) -> String {
    let why = why_lost(why, lang);
    match lang {
        Lang::Ru => format!("Ваш ответ не дошёл: {name}. Причина: {why}.\n«{words}»"),
        Lang::En => format!("Your answer did not arrive: {name}. The reason: {why}.\n“{words}”"),
    }
}

/// Words for a member of the team.
#[derive(Debug, Clone, Copy)]
pub(in crate::turn) enum Say<'a> {
    /// What this chat can do.
    Help,
    /// What they write now goes to the customer.
    Writing { name: &'a str, for_: SignedDuration },
    /// What they wrote was passed on.
    Written { name: &'a str },
    /// They write to the customer no more.
    Left { name: &'a str },
    /// The time to write is over.
    WritingOver { name: &'a str },
    /// Something that the customer's messenger cannot be given.
    NotPassedOn,
    /// The bot is silent in a conversation.
    Silenced { name: &'a str },
    /// The bot has it.
    GivenBack { name: &'a str },
    /// The bot has it and is silent, for it is paused.
    GivenBackInPause { name: &'a str },
    /// It is handled.
    Handled { name: &'a str },
    /// They are reminded of it.
    Snoozed { name: &'a str, at: civil::DateTime, today: civil::Date },
    /// A member has it.
    Assigned { name: &'a str, to: &'a str },
    /// To whom?
    AssignWhom { name: &'a str },
    /// Somebody else has it.
    HeldBy { name: &'a str, who: &'a str },
    /// Two are one person now.
    Merged { name: &'a str },
    /// Two are not one person.
    KeptApart { name: &'a str },
    /// On a button: two are one person.
    OnePerson,
    /// On a button: two are not one person.
    OtherPerson,
    /// The customer cannot be written to.
    Unreachable { name: &'a str },
    /// What they wrote did not arrive.
    NotArrived { name: &'a str, why: &'a DeliveryFate, words: &'a str },
    /// There is no such member.
    NoSuchMember,
    /// The conversation is gone.
    Gone,
    /// A reply to a message that is about no one customer.
    ReplyToCard,
    /// It was shown in another chat, or long ago.
    OldButton,
    /// The store does not answer.
    NotNow,
    /// Nothing was said yet.
    NothingSaid,
    /// Somebody without a name.
    Nameless,
    /// On a button: write to the customer.
    Write,
    /// On a button: it is handled.
    MarkHandled,
    /// On a button: remind in an hour.
    InAnHour,
    /// On a button: remind in the morning.
    InTheMorning,
    /// On a button: give it to somebody.
    Assign,
    /// On a button: stop the bot.
    StopBot,
    /// On a button: give it back to the bot.
    GiveBack,
    /// On a button: write no more.
    Leave,
    /// On a button: what was said.
    History,
    /// There is no training.
    NoTraining,
    /// Above the topics.
    ChooseCourse,
    /// On a button: the questions of a lesson.
    BeginQuiz,
    /// On a button: the topic's lessons.
    BackToCourse,
    /// On a button: the question once more.
    Again,
    /// The answer is right.
    Right { why: &'a str },
    /// The answer is wrong.
    Wrong { why: &'a str },
    /// Above links without a mark.
    Links,
    /// Above links with a mark.
    LinksOf { source: &'a str },
    /// No bot has an address to give.
    NoLinks,
    /// A mark that messengers do not take.
    BadSource,
    /// Above the day's list.
    Digest,
    /// How a list of leads is narrowed.
    HowToFilter,
    /// The list is empty, for it is narrowed.
    NoneFound,
    /// There are no leads.
    NoLeads,
    /// Nobody came by a link.
    NoSources,
    /// Nothing was counted yet.
    NothingCounted,
    /// On a button: the next ones.
    More,
    /// On a button: leads that are hot.
    Hot,
    /// On a button: leads that are warm.
    Warm,
    /// On a button: leads that are cold.
    Cold,
    /// On a button: all leads.
    All,
    /// On a button: leads that have been silent.
    Idle { days: u32 },
    /// Leads by their stage.
    ByStage,
    /// Leads by where they came from.
    BySource,
    /// Leads by the group that a flow has put them into.
    BySegment,
    /// Of one lead: hot.
    OneHot,
    /// Of one lead: warm.
    OneWarm,
    /// Of one lead: cold.
    OneCold,
    /// On a button: the bot is to answer nobody.
    Pause,
    /// On a button: it is to answer again.
    GoOn,
    /// On a button: what they are told of.
    Notices,
    /// On a button: settings as the files have them.
    AsInFiles,
    /// Above what they can be told of.
    ToldOf,
    /// The bot answers nobody now.
    Paused,
    /// It answers again.
    PauseOver,
    /// Hours as they were understood.
    HoursUnderstood,
    /// On a button: these are the hours.
    KeepHours,
    /// It is set.
    Set,
    /// The files hold again.
    FilesHold,
    /// They are the last who is told when a person is needed.
    TakesOverAlone,
    /// How things are set.
    HowToSet,
    /// They may not set that.
    OwnersAlone,
    /// Figures are not for them.
    FiguresForOwners,
    /// Nor may anybody set anything in a group that is named.
    PersonsAlone,
    /// On a button: of today.
    Day,
    /// On a button: of a week.
    Week,
    /// On a button: of a month.
    Month,
}

impl Say<'_> {
    pub(in crate::turn) fn says(self, lang: Lang) -> String {
        match (self, self.label(), lang) {
            (Self::NotArrived { name, why, words }, ..) => not_arrived(name, why, words, lang),
            (Self::GivenBackInPause { name }, ..) => given_back_in_pause(name, lang),
            (_, Some((ru, _)), Lang::Ru) => ru.to_owned(),
            (_, Some((_, en)), Lang::En) => en.to_owned(),
            (_, None, Lang::Ru) => self.russian(),
            (_, None, Lang::En) => self.english(),
        }
    }

    /// What stands on buttons and for names, in Russian and English; `None`: it is a sentence.
    fn label(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Write => ("Написать", "Write"),
            Self::MarkHandled => ("Обработано", "Handled"),
            Self::InAnHour => ("Через час", "In an hour"),
            Self::InTheMorning => ("Утром", "In the morning"),
            Self::Assign => ("Передать", "Assign"),
            Self::StopBot => ("Остановить бота", "Stop the bot"),
            Self::GiveBack => ("Вернуть боту", "Give back to the bot"),
            Self::OnePerson => ("Один человек", "One person"),
            Self::OtherPerson => ("Разные люди", "Not the same"),
            Self::Leave => ("Закончить", "Finish"),
            Self::History => ("Переписка", "Messages"),
            Self::HoursUnderstood => ("Поставить такие часы работы?", "Are these the working hours?"),
            Self::KeepHours => ("Да, такие часы", "Yes, these hours"),
            Self::More => ("Ещё", "More"),
            Self::Hot => ("Горячие", "Hot"),
            Self::Warm => ("Тёплые", "Warm"),
            Self::Cold => ("Холодные", "Cold"),
            Self::All => ("Все", "All"),
            Self::ByStage => ("По этапу", "By stage"),
            Self::BySource => ("По источнику", "By source"),
            Self::BySegment => ("По сегменту", "By segment"),
            Self::OneHot => ("● горячий", "● hot"),
            Self::OneWarm => ("● тёплый", "● warm"),
            Self::OneCold => ("● холодный", "● cold"),
            Self::Pause => ("Поставить бота на паузу", "Pause the bot"),
            Self::GoOn => ("Снять с паузы", "Go on"),
            Self::Notices => ("Уведомления", "Notices"),
            Self::AsInFiles => ("Вернуть как в файлах", "As in the files"),
            Self::ToldOf => (
                "О чём вам писать? Нажмите, чтобы включить или выключить.",
                "What should you be told of? Press to turn it on or off.",
            ),
            Self::Paused => PAUSED,
            Self::HowToSet => HOW_TO_SET,
            Self::PauseOver => (
                "Бот снова отвечает. Тем, кто писал во время паузы, ответит в течение часа.",
                "The bot answers again. Whoever wrote during the pause is answered within an hour.",
            ),
            Self::Set => ("Готово: действует с этой минуты.", "Done: it holds from now on."),
            Self::FilesHold => (
                "Готово: снова действует файл. Что сотрудники выбрали в «Уведомлениях», осталось как было.",
                "Done: the file holds again. What members have chosen in “Notices” stays as it was.",
            ),
            Self::TakesOverAlone => (
                "«Нужен человек» приходит только вам: без этого о тех, кто ждёт человека, не узнал бы никто. Сначала пусть его \
                 включит кто-то ещё: /my_settings, «Уведомления».",
                "You alone are told that a person is needed: without you nobody would hear of those who wait. First let somebody \
                 else turn it on: /my_settings, “Notices”.",
            ),
            Self::PersonsAlone => PERSONS_ALONE,
            Self::FiguresForOwners => FIGURES_FOR_OWNERS,
            Self::OwnersAlone => ("Это может изменить только владелец.", "Only an owner can change that."),
            Self::Day => ("Сегодня", "Today"),
            Self::Week => ("Неделя", "Week"),
            Self::Month => ("Месяц", "Month"),
            Self::Nameless => ("Без имени", "No name"),
            Self::BeginQuiz => ("Проверить себя", "Check yourself"),
            Self::BackToCourse => ("К теме", "To the topic"),
            Self::Again => ("Ещё раз", "Again"),
            Self::ChooseCourse => ("Чему поучимся?", "What shall we learn?"),
            Self::NoTraining => ("Уроков пока нет.", "There are no lessons yet."),
            _ => return None,
        })
    }

    fn russian(self) -> String {
        let text = match self {
            Self::Help => {
                "Это рабочий чат: здесь вы не клиент, и бот не продаёт вам.\n\
                 Сюда приходят карточки клиентов. Кнопка «Написать» или ответ на карточку: ваши слова уйдут клиенту через бота.\n\
                 /hot_leads: горячие лиды; /my_leads: все, с отбором\n\
                 /top: самое частое; владельцу — /my_stats: показатели, /analytics: воронка\n\
                 /my_link: ссылки на бота и QR-коды; /training: уроки; /my_settings: настройки и пауза\n\
                 /done: выйти из переписки с клиентом"
            }
            Self::Writing { name, for_ } => {
                return format!(
                    "Диалог ведёте вы, бот молчит: {name}.\nВсё, что напишете в ближайшие {} минут, уйдёт клиенту.",
                    for_.as_mins()
                );
            }
            Self::Written { name } => return format!("Отправлено: {name}"),
            Self::Left { name } => {
                return format!("Переписка закрыта: {name}. Диалог остаётся за вами, бот в нём молчит.");
            }
            Self::WritingOver { name } => {
                return format!("Не отправлено: время переписки вышло ({name}). Нажмите «Написать» и повторите.");
            }
            Self::NotPassedOn => "Не отправлено: файлы идут только клиентам этого же бота, остальным — текст.",
            Self::Silenced { name } => return format!("Бот остановлен: {name}. Диалог за вами."),
            Self::GivenBack { name } => return format!("Диалог снова ведёт бот: {name}."),
            Self::Handled { name } => return format!("Обработано: {name}."),
            Self::Snoozed { name, at, today } => {
                return format!("Напомним {}: {name}.", print::date_time(at, Lang::Ru, today));
            }
            Self::Assigned { name, to } => return format!("Диалог ведёт {to}: {name}."),
            Self::AssignWhom { name } => return format!("Кому передать: {name}?"),
            Self::HeldBy { name, who } => {
                return format!("Этого клиента уже ведёт {who}: {name}. Ничего не отправлено и не изменено.");
            }
            Self::Merged { name } => return format!("Один человек: {name}. Переписки отдельные, карточка одна."),
            Self::KeptApart { name } => return format!("Не объединяем: {name}. Больше не предложим."),
            Self::Unreachable { name } => {
                return format!("Не отправлено: {name} сейчас недоступен, пока не напишет сам.");
            }
            Self::NoSuchMember => "Такого сотрудника в команде больше нет.",
            Self::Gone => "Этого диалога больше нет.",
            Self::ReplyToCard => "Никому не отправлено. Чтобы написать клиенту, нажмите «Написать» под его карточкой.",
            Self::OldButton => "Эта кнопка уже не действует.",
            Self::NotNow => "Сейчас не получается прочитать данные. Повторите через минуту.",
            Self::NothingSaid => "Сообщений нет.",
            Self::Right { why } => return format!("Верно. {why}").trim().to_owned(),
            Self::Wrong { why } => return format!("Не совсем. {why}").trim().to_owned(),
            Self::Links => {
                "Ссылки на бота. Чтобы знать, откуда приходят, добавьте метку латиницей: /my_link vesna. \
                 Кто откуда пришёл, покажут /my_leads и /analytics."
            }
            Self::LinksOf { source } => {
                return format!("Ссылки с меткой «{source}»: пришедшие по ним так и будут отмечены.");
            }
            Self::NoLinks => "У ваших ботов пока нет адресов, которые можно дать.",
            Self::BadSource => "Метка ссылки — до 64 латинских букв, цифр, «_» и «-»: /my_link vesna",
            Self::Digest => "Горячие лиды на сегодня",
            Self::HowToFilter => {
                "Так не найти. Можно так: /my_leads горячие, /my_leads 7 (молчат 7 дней), /my_leads и этап воронки, \
                 /my_leads источник и метка ссылки, \
                 /my_leads сегмент и его имя."
            }
            Self::NoneFound => "Таких лидов нет.",
            Self::NoLeads => "Лидов пока нет.",
            Self::NoSources => "По меченым ссылкам пока никто не пришёл.",
            Self::NothingCounted => "За это время ничего не было.",
            Self::Idle { days } => return format!("Молчат {days}\u{a0}дня"),
            // Labels, and what both languages say in one place.
            _ => "",
        };
        text.to_owned()
    }

    fn english(self) -> String {
        let text = match self {
            Self::Help => {
                "This is a chat for work: here you are no customer, and the bot sells you nothing.\n\
                 Cards of customers come here. \"Write\" or a reply to a card: your words go to the customer through the bot.\n\
                 /hot_leads: hot leads; /my_leads: all of them\n\
                 /top: what comes up most; for owners /my_stats: figures, /analytics: the funnel\n\
                 /my_link: links to the bot and QR codes; /training: lessons; /my_settings: settings and the pause\n\
                 /done: stop writing to a customer"
            }
            Self::Writing { name, for_ } => {
                return format!(
                    "The conversation is yours, the bot is silent: {name}.\nWhat you write in the next {} minutes goes to the customer.",
                    for_.as_mins()
                );
            }
            Self::Written { name } => return format!("Sent: {name}"),
            Self::Left { name } => {
                return format!("You write to {name} no more. The conversation stays yours, the bot is silent in it.");
            }
            Self::WritingOver { name } => {
                return format!("Not sent: the time to write is over ({name}). Press \"Write\" and say it again.");
            }
            Self::NotPassedOn => "Not sent: files go to customers of this same bot alone, to others words.",
            Self::Silenced { name } => return format!("The bot is stopped: {name}. The conversation is yours."),
            Self::GivenBack { name } => return format!("The bot answers again: {name}."),
            Self::Handled { name } => return format!("Handled: {name}."),
            Self::Snoozed { name, at, today } => {
                return format!("You will be reminded {}: {name}.", print::date_time(at, Lang::En, today));
            }
            Self::Assigned { name, to } => return format!("{to} has the conversation now: {name}."),
            Self::AssignWhom { name } => return format!("Who takes {name}?"),
            Self::HeldBy { name, who } => {
                return format!("{who} has this customer already: {name}. Nothing was sent or changed.");
            }
            Self::Merged { name } => return format!("One person: {name}. Two conversations, one card."),
            Self::KeptApart { name } => return format!("Kept apart: {name}. It will not be suggested again."),
            Self::Unreachable { name } => {
                return format!("Not sent: {name} cannot be written to until they write again.");
            }
            Self::NoSuchMember => "There is no such member of the team any more.",
            Self::Gone => "This conversation is gone.",
            Self::ReplyToCard => "Sent to nobody. To write to a customer, press “Write” under their card.",
            Self::OldButton => "This button does nothing any more.",
            Self::NotNow => "The data cannot be read just now. Try again in a minute.",
            Self::NothingSaid => "No messages.",
            Self::Right { why } => return format!("Right. {why}").trim().to_owned(),
            Self::Wrong { why } => return format!("Not quite. {why}").trim().to_owned(),
            Self::Links => {
                "Links to the bot. To know where people come from, add a mark in Latin letters: /my_link spring. \
                 /my_leads and /analytics show who came by which."
            }
            Self::LinksOf { source } => {
                return format!("Links with the mark \"{source}\": whoever comes by them is marked so.");
            }
            Self::NoLinks => "Your bots have no addresses yet that could be given.",
            Self::BadSource => "A link's mark has up to 64 Latin letters, digits, \"_\" and \"-\": /my_link spring",
            Self::Digest => "Today's hot leads",
            Self::HowToFilter => {
                "Nothing is found like this. Try /my_leads hot, /my_leads 7 (silent for 7 days), /my_leads and a stage, or \
                 /my_leads source and a link's mark, /my_leads segment and its name."
            }
            Self::NoneFound => "No such leads.",
            Self::NoLeads => "No leads yet.",
            Self::NoSources => "Nobody has come by a marked link yet.",
            Self::NothingCounted => "Nothing happened in that time.",
            Self::Idle { days } => return format!("Silent {days}\u{a0}days"),
            // Labels, and what both languages say in one place.
            _ => "",
        };
        text.to_owned()
    }
}
