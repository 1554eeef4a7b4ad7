//! Phrases as customers write them, with the tone that a person hears in them. `·` is matter-of-fact.

use super::*;

const PHRASES: &str = "
+ Спасибо большое, торт просто восхитительный!
+ очень вкусно, дети в восторге
+ не плохо, совсем не плохо
+ ужас как вкусно
+ страшно красивый торт получился
+ до чего же вкусный медовик
+ Вы лучшие!!!
+ всё супер, буду заказывать ещё
+ обожаю вашу кондитерскую
+ торт огонь 🔥👍
+ 😍😍😍
+ Благодарю за оперативность
+ Девушка такая вежливая, приятно общаться
+ мне всё понравилось)))
+ крутой сервис
+ сначала сомневалась, но торт идеальный
+ Рады, что выбрали вас
+ никаких проблем не было, всё отлично
+ сын счастлив, спасибо
+ вообще не пожалела, рекомендую
+ безумно вкусно, правда
+ КАК ЖЕ ВКУСНО!!!
+ Доставили быстро, курьер вежливый
+ Очень довольна заказом
+ жутко красиво, спасибо!
+ Здорово придумали с надписью
+ вы меня спасли, огромное спасибо
+ неплохо, мне понравилось
+ Классный набор, подруга рада
+ прекрасная работа
+ долго ждали, зато очень вкусно
+ thank you so much, it was delicious
+ I love your cakes
+ not bad at all, thanks
+ awfully good cake
+ Great service, highly recommend
+ the cake was amazing!!
+ really happy with it
+ what a lovely shop
+ it was terribly nice of you
- торт невкусный
- Мне не понравилось
- не вкусно и дорого
- очень долго, я уже расстроилась
- Разочарована, ожидала большего
- крем испорченный
- Торт привезли помятый
- хуже, чем в прошлый раз
- плохо
- всё плохо, торт сухой
- ужасный бисквит
- курьер опоздал на час, праздник начался без торта, обидно
- отвратительно
- Совсем не вкусно
- печально, что так вышло
- вкус странный, начинка кислая, ягоды не свежие
- перепутали начинку, очень жаль
- не рекомендую
- не очень хорошо
- вы опять задержали доставку, плохо
- 👎
- курьер был грубый
- красиво, но невкусно
- Неудобно заказывать
- кошмар, коробка вся грязная
- торт пересолен и засох
- мы недовольны
- бисквит несвежий, крем кислый
- зря заказала
- доставка ужасная
- The cake was stale
- very disappointed
- not good
- it was awful
- poor quality, never again
- the cream tasted bad
- nice box but terrible cake
- delivery was late and the cake was broken
- I'm not happy with it
- worst cake ever
! Безобразие, верните деньги
! Вы издеваетесь?
! сколько можно врать, мошенники
! БЕЗОБРАЗИЕ, ЖДУ ВТОРОЙ ЧАС
! Достали уже своими вопросами!!!
! тупой бот, позови человека
! Позор! Как не стыдно
! Хамство полное
! я буду жаловаться в роспотребнадзор
! УЖАСНЫЙ СЕРВИС
! торт отвратительный!!! верните деньги!!!
! вы обманули меня
! это просто наглость
! бесит
! ваш курьер нахамил, хамы
! идиоты
! задолбали писать
! Возмутительно, второй раз перепутали
! отстаньте от меня 😡
! ненавижу такие конторы
! плохо!!! очень плохо!!!
! Надоели ваши рассылки
! This is outrageous, I want a refund
! you are scammers
! I HATE THIS TERRIBLE SERVICE
! ridiculous, absolutely unacceptable
! stupid bot
! what a scam!!!
! жулики, обман сплошной
! 🤬🤬
· Сколько стоит медовик?
· на 15 декабря, 12 человек
· Здравствуйте, хочу заказать торт
· Ленина 5, квартира 12
· а доставка есть?
· без глютена есть что-нибудь?
· шоколад
· Да
· нет
· не знаю
· +79001234567
· можно ли оплатить картой
· Позовите человека
· завтра после обеда
· какие начинки бывают
· спасибо не надо
· что будет, если курьер опоздает?
· если торт испортится, вы вернёте деньги?
· как долго хранится торт?
· Свадьба, 40 гостей
· до 5000 рублей
· пожалуйста, без орехов
· а можно другой?
· где мой заказ
· не свадьба, а день рождения
· дорого ли стоит доставка
· How much is delivery?
· for 12 people on Friday
· do you have anything without nuts
· can I pay by card?
· на торте напишите «Любимой маме»
· я не только за тортом
· перезвоните мне
· просто к чаю
· самовывоз
· торт «Пломбир»
· нужен чек
";

/// So many of a hundred are to be heard as a person hears them.
const RIGHT_MIN: usize = 88;

fn expected(sign: &str) -> Option<Tone> {
    match sign {
        "+" => Some(Tone::Positive),
        "-" => Some(Tone::Negative),
        "!" => Some(Tone::Angry),
        _ => None,
    }
}

#[test]
fn tones_are_heard_as_people_hear_them() {
    let phrases: Vec<(&str, &str)> = PHRASES.lines().filter_map(|line| line.trim().split_once(' ')).collect();
    assert!(phrases.len() >= 120, "{}", phrases.len());
    let wrong: Vec<String> = phrases
        .iter()
        .filter(|(sign, phrase)| Tone::of(phrase, &Words::of(phrase)) != expected(sign))
        .map(|(sign, phrase)| format!("{sign} {phrase}: {:?}", Tone::of(phrase, &Words::of(phrase))))
        .collect();
    let right = phrases.len() - wrong.len();
    println!("{right} of {} phrases, {} %", phrases.len(), right * 100 / phrases.len());
    println!("{}", wrong.join("\n"));
    assert!(right * 100 >= phrases.len() * RIGHT_MIN, "{right} of {}:\n{}", phrases.len(), wrong.join("\n"));
    // What is worst: who praises is never taken for angry, who is angry never for pleased.
    let reversed = |(sign, phrase): &&(&str, &str)| {
        let heard = Tone::of(phrase, &Words::of(phrase));
        matches!((*sign, heard), ("+", Some(Tone::Negative | Tone::Angry)) | ("-" | "!", Some(Tone::Positive)))
    };
    let reversed: Vec<_> = phrases.iter().filter(reversed).collect();
    assert!(reversed.len() <= 2, "{reversed:?}");
}

#[test]
fn what_is_bad_by_itself_makes_praise_stronger_and_a_negation_turns_a_word_over() {
    let tone = |text: &str| Tone::of(text, &Words::of(text));
    assert_eq!(tone("не плохо"), Some(Tone::Positive));
    assert_eq!(tone("ужас как вкусно"), Some(Tone::Positive));
    assert_eq!(tone("ужас"), Some(Tone::Negative));
    assert_eq!(tone("не вкусно"), Some(Tone::Negative));
    assert_eq!(tone("ПЛОХО ВСЁ"), Some(Tone::Angry));
    assert_eq!(tone(""), None);
    assert_eq!(tone("12"), None);
}

#[test]
fn any_text_has_a_tone_or_none() {
    for text in ["))))))))", "((((", "не", "не не не", "😡".repeat(5_000).as_str(), "но", "ужас как"]
    {
        let _any = Tone::of(text, &Words::of(text));
    }
}
