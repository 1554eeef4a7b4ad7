use super::*;

const ALL: &[(Intent, &str)] = &[
    (Intent::OptOut, "optout"),
    (Intent::Human, "human"),
    (Intent::Cancel, "cancel"),
    (Intent::Correction, "correct"),
    (Intent::AskedIfBot, "bot"),
    (Intent::Dissatisfied, "wrong"),
    (Intent::Greeting, "hello"),
    (Intent::Thanks, "thanks"),
    (Intent::Skip, "skip"),
    (Intent::Complaint, "complaint"),
    (Intent::Price, "price"),
    (Intent::Question, "?"),
];

fn spelled(text: &str) -> String {
    let found = Intents::of(&Words::of(text));
    ALL.iter().filter(|(intent, _)| found.has(*intent)).map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = (cases.iter())
        .filter(|(text, expected)| spelled(text) != *expected)
        .map(|(text, expected)| format!("{text}: [{}] instead of [{expected}]", spelled(text)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wish_for_silence_is_heard() {
    for text in [
        "стоп",
        "СТОП!",
        "Стоп, пожалуйста",
        "отпишите",
        "отпишите меня",
        "Отпишите меня от рассылки",
        "отписаться",
        "не пишите мне",
        "Не пишите мне больше!",
        "больше не пишите мне никогда",
        "больше не пишите",
        "не надо мне писать",
        "хватит спамить",
        "хватит спамить!!!",
        "прекратите присылать рекламу",
        "удалите меня из рассылки",
        "не присылайте мне больше рекламу",
        "не хочу получать рассылку",
        "Спасибо, торт получили. Больше не пишите мне",
        "отстаньте",
        "хватит мне писать",
        "не звоните и не пишите мне",
        "Stop sending me messages",
        "stop",
        "STOP",
        "unsubscribe",
        "Please stop texting me",
        "don't text me anymore",
    ] {
        assert!(Intents::of(&Words::of(text)).has(Intent::OptOut), "{text}");
    }
}

#[test]
fn what_only_sounds_like_a_wish_for_silence_opts_nobody_out() {
    for text in [
        "стоп-кран",
        "торт в виде стоп-сигнала",
        "стоп, а сколько стоит?",
        "стоп, на 12 человек",
        "не пишите на торте мне ничего",
        "не пишите имя",
        "ничего не пишите",
        "не пишите мне надпись",
        "не пишите на торте",
        "не пишите мне, лучше позвоните",
        "не пишите мне сюда, пишите в телеграм",
        "почему вы мне не пишите?",
        "вы мне больше не пишете",
        "как отписаться от хлопот",
        "стоп стоп стоп",
        "остановка у дома",
        "non-stop party",
        "не надо шоколада",
        "больше не надо крема",
        "",
    ] {
        assert!(!Intents::of(&Words::of(text)).has(Intent::OptOut), "{text}");
    }
}

#[test]
fn a_person_is_asked_for() {
    check(&[
        ("позовите человека", "human"),
        ("оператора", "human"),
        ("Оператор!", "human"),
        ("хочу поговорить с человеком", "human"),
        ("соедините меня с менеджером", "human"),
        ("можно живого человека?", "human ?"),
        ("живой человек", "human"),
        ("переключите на оператора", "human"),
        ("позови менеджера пожалуйста", "human"),
        ("пусть мастер мне позвонит", "human"),
        ("human", "human"),
        ("agent please", "human"),
        ("можно с менеджером?", "human ?"),
        ("I want to talk to a human", "human"),
        ("можно мне живого оператора", "human"),
        ("хочу поговорить с оператором", "human"),
        ("позовите кого-нибудь", "human"),
        ("позовите кого-нибудь живого", "human"),
        ("позовите хозяйку", "human"),
        ("есть кто живой?", "human ?"),
        ("переведите на сотрудника", "human"),
        ("call a person", "human"),
        ("please call someone", "human"),
        ("talk to a human", "human"),
        ("talk to human", "human"),
        ("speak to somebody", "human"),
        ("can I speak to someone", "human ?"),
        ("can I talk to the owner?", "human ?"),
        ("I need a real person", "human"),
        ("a real person please", "human"),
        ("get me a manager", "human"),
        ("is there anyone there", "human ?"),
        ("put me through to the manager", "human"),
        ("нужен торт на 12 человек", ""),
        ("человек 10", ""),
        ("cake for a person who loves chocolate", ""),
        ("a cake for 12 persons", ""),
        ("i want a cake", ""),
        ("человек сто позовём", ""),
        ("ваш менеджер сказал другое", ""),
        ("12 человек", ""),
    ]);
}

#[test]
fn a_question_about_the_bot_is_no_wish_for_a_person() {
    check(&[
        ("вы бот?", "bot ?"),
        ("это бот?", "bot ?"),
        ("а вы точно не бот?", "bot ?"),
        ("ты робот", "bot"),
        ("вы живой человек?", "bot ?"),
        ("я с ботом общаюсь?", "bot ?"),
        ("бот?", "bot ?"),
        ("are you a bot?", "bot ?"),
        ("торт в виде робота", ""),
    ]);
}

#[test]
fn cancelling_needs_the_whole_text() {
    check(&[
        ("отмена", "cancel"),
        ("Отмените заказ, пожалуйста", "cancel"),
        ("передумала", "cancel"),
        ("отмените пожалуйста мой заказ", "cancel"),
        ("хочу отменить заказ", "cancel"),
        ("можно отменить заказ?", "cancel ?"),
        ("нет, не пойдет", ""),
        ("я передумал", "cancel"),
        ("не надо", "cancel"),
        ("уже не надо, спасибо", "cancel thanks"),
        ("cancel", "cancel"),
        ("never mind", "cancel"),
        ("нет, не надо", "cancel"),
        ("не надо орехов", ""),
        ("отмена заказа возможна?", "?"),
        ("как отменить заказ", "?"),
        ("передумал, давайте ягоды", "correct"),
    ]);
}

#[test]
fn tone_price_and_questions_are_heard() {
    check(&[
        ("не то", "wrong"),
        ("это не то", "wrong"),
        ("вы не поняли", "wrong"),
        ("не понял", "wrong"),
        ("Не поняла", "wrong"),
        ("здравствуйте", "hello"),
        ("Добрый день!", "hello"),
        ("привет, сколько стоит торт?", "hello price ?"),
        ("спасибо большое", "thanks"),
        ("спс", "thanks"),
        ("не знаю", "skip"),
        ("хз", "skip"),
        ("не важно", "skip"),
        ("пропустить", "skip"),
        ("не знаю, посоветуйте", "skip"),
        ("цена не важна", "skip"),
        ("верните деньги", "complaint"),
        ("это безобразие", "complaint"),
        ("сколько стоит", "price ?"),
        ("скок стоит", "price ?"),
        ("скок", "price ?"),
        ("почём", "price ?"),
        ("чо почем", "price ?"),
        ("цена?", "price ?"),
        ("какая цена", "price ?"),
        ("how much is it", "price ?"),
        ("подскажите, когда привезёте", "?"),
        ("а безглютеновые бывают", "?"),
        ("можно ли оплатить картой", "?"),
        ("do you deliver", "?"),
        ("как обычно", ""),
        ("можно шоколадный", ""),
        ("ягодную", ""),
        ("торт на субботу", ""),
        ("утро вечера мудренее", ""),
    ]);
}

#[test]
fn small_talk_says_nothing_else() {
    for (text, expected) in [
        ("Привет!", true),
        ("спасибо большое", true),
        ("Здравствуйте, спасибо вам", true),
        ("привет, нужен торт", false),
        ("", false),
        ("да", false),
    ] {
        assert_eq!(Intents::of(&Words::of(text)).is_small_talk(), expected, "{text}");
    }
}

#[test]
fn corrections_tell_the_new_from_the_old() {
    type Expected = Option<(&'static str, Option<&'static str>)>;
    let cases: &[(&str, Expected)] = &[
        ("нет, на двенадцать человек", Some(("на двенадцать человек", None))),
        ("нет на 12", Some(("на 12", None))),
        ("точнее 15 декабря", Some(("15 декабря", None))),
        ("ой, 10", Some(("10", None))),
        ("Ой, нет, точнее ягоды!", Some(("ягоды!", None))),
        ("не 10, а 12", Some(("12", Some("10")))),
        ("нет, не 10 а 12 человек", Some(("12 человек", Some("10")))),
        ("12, а не 10", Some(("12", Some("10")))),
        ("исправьте на 12", Some(("12", None))),
        ("no, 12 guests", Some(("12 guests", None))),
        ("actually make it 12", Some(("12", None))),
        ("not 10 but 12", Some(("12", Some("10")))),
        ("извините, нет, 20", Some(("20", None))),
        ("нет", None),
        ("нет, спасибо", None),
        ("нет, не надо", None),
        ("нет времени", None),
        ("нет ли у вас медовика?", None),
        ("не знаю, а сколько стоит", None),
        ("не надо", None),
        ("12 человек", None),
        ("стоп, подождите, я еще не выбрала", None),
        ("", None),
    ];
    for (text, expected) in cases {
        let found = correction(&Words::of(text));
        let found = found.as_ref().map(|c| (&text[c.new.clone()], c.old.clone().map(|old| &text[old])));
        let trimmed = expected.map(|(new, old)| (new.trim_end_matches('!'), old));
        assert_eq!(found.map(|(new, old)| (new.trim_end_matches('!'), old)), trimmed, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_judged_without_panic(text in "((не|а|нет|стоп|пишите|мне|12|,|[.]|но|пожалуйста) ?){0,16}|\\PC{0,200}") {
        let words = Words::of(&text);
        let _ = Intents::of(&words);
        if let Some(correction) = correction(&words) {
            assert!(text.get(correction.new).is_some());
        }
    }
}
