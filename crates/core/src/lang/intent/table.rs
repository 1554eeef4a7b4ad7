//! The phrases of each wish. Written in normal form: ё as е, slang replaced (see `layout::slang`).

use std::{ops::Range, sync::LazyLock};

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::Intent;
use crate::lang::{
    normal::{Kind, Words},
    phrases::{Phrases, filler},
};

/// Wishes that a text may be nothing but.
pub(super) const ALONE: [Intent; 11] = [
    Intent::Cancel,
    Intent::Skip,
    Intent::Human,
    Intent::Dissatisfied,
    Intent::AskedIfBot,
    Intent::Price,
    Intent::OrderStatus,
    Intent::Change,
    Intent::Another,
    Intent::NoContact,
    Intent::BackToBot,
];

/// Phrases that mean their wish wherever they stand.
pub(super) static OPEN: LazyLock<Phrases<Intent>> = LazyLock::new(|| {
    Phrases::new(&[
        (Intent::Human, HUMAN),
        (Intent::AskedIfBot, BOT),
        (Intent::Dissatisfied, DISSATISFIED),
        (Intent::Thanks, THANKS),
        (Intent::Complaint, COMPLAINT),
        (Intent::Price, PRICE),
        (Intent::OrderStatus, ORDER_STATUS),
        (Intent::Change, CHANGE),
        (Intent::Another, ANOTHER),
        (
            Intent::NoContact,
            "без телефона|номера|контактов|контакта|звонков, no phone|calls, without a|my phone|number",
        ),
    ])
});

/// Phrases that mean their wish when nothing else is said.
pub(super) static CLOSED: LazyLock<Phrases<Intent>> = LazyLock::new(|| {
    Phrases::new(&[
        (
            Intent::OptOut,
            "стоп, stop, unsubscribe, отписка, отписаться, отпишите, отпишись, отпишитесь, opt out, stop all, cancel subscription",
        ),
        (Intent::Human, HUMAN_ALONE),
        (Intent::Cancel, CANCEL),
        (Intent::Skip, SKIP),
        (Intent::Dissatisfied, DISSATISFIED_ALONE),
        (
            Intent::AskedIfBot,
            "бот, робот, ты кто, вы кто, кто ты, кто вы, это кто, это бот, это робот, bot, robot, who are you",
        ),
        (
            Intent::Price,
            "цена, цены, цену, ценник, стоимость, прайс, прайсик, почем, сколько, сколько стоит, price, prices, how much",
        ),
        (Intent::Greeting, GREETING),
        (Intent::Thanks, THANKS),
        (Intent::OrderStatus, "мой заказ, мои заказы, my order, my orders"),
        (Intent::Change, "изменить, поменять, изменим, поменяем, изменения, change, edit"),
        (Intent::Another, ANOTHER_ALONE),
        (Intent::NoContact, NO_CONTACT),
        (Intent::BackToBot, BACK_TO_BOT),
        (Intent::Farewell, FAREWELL),
    ])
});

/// Wishes for silence: the core of a clause that is covered by [`silent_word`]s.
static SILENCE: LazyLock<Phrases<Silence>> = LazyLock::new(|| {
    Phrases::new(&[
        (Silence::Clear, CLEAR_SILENCE),
        (
            Silence::WithObject,
            "не пишите, не пиши, не звоните, не надо писать, не нужно писать, не присылайте, не присылай, не шлите, не надо присылать, dont text, dont write, dont message, stop texting, stop writing, stop messaging",
        ),
    ])
});

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    /// Means silence by itself: «отпишите».
    Clear,
    /// Needs «мне» or «больше»: «не пишите» alone may be about a cake.
    WithObject,
}

const CLEAR_SILENCE: &str = "хватит мне|нам|меня писать|слать|присылать|спамить|беспокоить, stop sending|emailing|bothering, не надо|нужно мне|нам писать|присылать, отпишите, отпишись, отпишитесь, отписаться, отписаться от рассылки, отписаться от уведомлений, отпишусь, хочу отписаться, отписка,
    хватит спамить, хватит спама, хватит слать, хватит присылать, хватит писать, не спамьте, не спамь, прекратите спам, прекратите спамить,
    прекратите писать, прекратите рассылку, прекратите присылать, прекратите слать, перестаньте писать, перестаньте спамить, перестаньте слать,
    перестаньте присылать, перестань писать, остановите рассылку, стоп рассылка, стоп рассылке, уберите из рассылки, удалите из рассылки,
    уберите меня из рассылки, удалите меня из рассылки, удалите меня из базы, уберите меня из базы, удалите мой номер, исключите меня из рассылки,
    исключите из рассылки, отключите рассылку, отключите уведомления, выключите рассылку, отмените рассылку, отменить рассылку, отказ от рассылки,
    отказываюсь от рассылки, не хочу получать рассылку, не хочу получать сообщения, не хочу получать рекламу, не хочу получать уведомления,
    не беспокойте, не беспокоить, не тревожьте, отстаньте, отвяжитесь, отвалите, больше не писать, мне больше не писать,
    unsubscribe, unsubscribe me, opt out, opt me out, stop spamming, stop spam, remove me from, take me off, leave me alone, stop contacting";

const HUMAN: &str = "вызовите|вызови человека|человек|оператора|оператор|менеджера|администратора|мастера, человека|человек|оператора|оператор|менеджера|администратора|мастера вызовите|вызови,
    позовите|позови|дайте|дай|нужен|нужна|пригласите|подключите|соедините|переключите человека|человек|оператора|оператор|менеджера|менеджер|специалиста|специалист|консультанта|консультант|администратора|администратор|сотрудника|сотрудник|мастера,
    позовите|дайте|нужен|хочу|можно|пригласите|подключите живого|живой|реального|настоящего|нормального человека|человек|оператора|менеджера|сотрудника,
    человека|оператора|менеджера|администратора|консультанта|мастера позовите|позови|дайте|подключите|пригласите,
    можно|хочу|давайте|пожалуйста человека|оператора|менеджера|администратора|консультанта|специалиста,
    позвать|вызвать человека|оператора|менеджера|администратора|мастера|консультанта,
    соедините|переключите|свяжите|переведите|соедини|переключи меня|нас с|со|на человеком|оператором|менеджером|живым|специалистом|администратором|консультантом|мастером|человека|оператора|менеджера,
    соедините|переключите|переведите|свяжите|соедини|переключи с|со|на человеком|оператором|менеджером|живым|специалистом|администратором|консультантом|мастером|человека|оператора|менеджера,
    можно|хочу|нужно с|со человеком|оператором|менеджером|живым|администратором|консультантом|специалистом, кто живой, кто нибудь живой,
    поговорить|пообщаться|связаться|общаться|говорить|разговаривать с|со человеком|оператором|менеджером|живым|реальным|специалистом|администратором|консультантом|мастером|сотрудником|кем,
    с|со человеком|оператором|менеджером|живым|администратором|консультантом|мастером поговорить|пообщаться|связаться|общаться|говорить,
    с|со живым|реальным|настоящим человеком|оператором|менеджером поговорить|пообщаться|связаться|общаться,
    позовите|позови|позвать|дайте|дай|пригласите|подключите кого нибудь|то, позовите|позови|позвать|пригласите хозяйку|хозяина|владельца|руководителя|директора|начальника|управляющего|старшего|продавца|кондитера,
    есть|тут кто живой|нибудь, есть кто то|нибудь живой, живые люди есть, переведите|переключите на человека|оператора|менеджера|живого|сотрудника|специалиста,
    нужна помощь человека|оператора|менеджера|сотрудника, хочу|можно|нужно|надо живого, не хочу с ботом|роботом,
    пусть менеджер|мастер|оператор|администратор|человек со|мне|нам|позвонит|напишет|свяжется|ответит,
    живой|живого человек|человека|оператор|оператора|менеджер|менеджера, реальный|реального человек|человека,
    talk|speak|chat to|with a|an|the human|person|agent|operator|manager|representative|someone|real|live|baker|owner, talk|speak|chat to|with someone|somebody|human|anyone|staff|support,
    call|get|fetch|need|want a|an|the human|agent|operator|manager|representative|owner|assistant, call|fetch|get|need|want a|an person, need|want|get a|an real|live|actual human|person|agent|operator, call|get|fetch someone|somebody,
    put me through, hand me over, is there a|an|any human|person|agent|operator, is there someone|anyone|somebody here|there, human|person|operator|agent|manager|someone|somebody please,
    real|live|actual|human person|agent|human|operator|being, get|give|call me a|an human|person|agent|operator|manager, need|want a|an human|person|agent|operator|manager,
    connect|transfer me to|with, customer service|support please";

const HUMAN_ALONE: &str = "человек, человека, оператор, оператора, менеджер, менеджера, консультант, консультанта, администратор, администратора, специалист, специалиста, живой человек,
    живого человека, живой оператор, мастера позовите, помощь оператора, связь с оператором, позвать человека, позвать оператора, human, agent, operator, person, representative, manager, help from a human";

const CANCEL: &str = "отмена, отмену, отменить, отмените, отмени, отменяем, отменяю, отменяйте, передумал, передумала, передумали, я передумал, не надо, не нужно,
    ничего не надо, ничего не нужно, уже не надо, уже не нужно, больше не надо, отбой, забудьте, забудь, не хочу, ничего не хочу, расхотел, расхотела, расхотелось,
    прекратить, прервать, закончим, заканчиваем, хватит, не буду заказывать, не буду ничего заказывать, не будем заказывать, я не буду, заказывать не буду,
    отменить заказ, отмените заказ, отмена заказа, отменить бронь, отмените бронь, отменить запись, отмените запись, отказываюсь, стоп отмена,
    cancel, cancel it, cancel that, cancel order, cancel my order, cancel the order, never mind, nevermind, forget it, forget about it, changed my mind, i changed my mind, i dont want it,
    i dont need it, not interested, quit, abort";

const SKIP: &str = "пропустить, пропустите, пропустим, пропусти, пропускаем, пропуск, дальше, далее, не важно, неважно, не принципиально, непринципиально, не знаю,
    пока не знаю, еще не знаю, точно не знаю, без разницы, все равно, разницы нет, нет разницы, любой, любая, любое, любую, любые, какой угодно, какая угодно, что угодно,
    на ваш вкус, на ваше усмотрение, на ваш выбор, на ваше мнение, не определился, не определилась, не определились, не решил, не решила, не решили, затрудняюсь, затрудняюсь ответить,
    не уверен, не уверена, понятия не имею, без понятия, не помню, не в курсе, сами решите, решайте сами, выберите сами, посоветуйте, цена не важна, бюджет не важен, не имеет значения, не имеет разницы,
    нет предпочтений, без предпочтений, skip, next, dont know, i dont know, not sure, no idea, doesnt matter, it doesnt matter, dont care, i dont care, whatever, any, anything,
    idk, not important, no preference, no preferences, up to you, your choice, you choose, you decide";

const BOT: &str = "вы|ты точно|случайно|правда|часом не бот|робот|человек, вы|ты бот|робот|нейросеть|нейронка|автоответчик|программа|ии|gpt|машина, вы|ты живой|живая|реальный|реальная|настоящий|настоящая, вы|ты человек, вы|ты что бот|робот,
    вы|ты это|же|точно|случайно|не|вообще бот|робот|человек|живой, человек или|это бот|робот, бот или|это человек|живой, это бот|робот|человек|нейросеть|автоответчик,
    с ботом|роботом|нейросетью общаюсь|говорю|разговариваю|переписываюсь|я|сейчас, общаюсь|говорю|разговариваю|переписываюсь с|со ботом|роботом|человеком|живым|нейросетью, я с ботом|роботом|человеком,
    мне отвечает|пишет бот|робот|человек, тут|здесь|там бот|робот|живой|живые|люди, are you a|an bot|robot|human|person|ai|machine|real|actual, are you human|real|ai|chatgpt, is this a|an bot|robot|human|person|ai|real, is this ai|automated,
    am i talking|speaking|chatting to|with, you a bot|robot, a bot or|right";

const DISSATISFIED: &str = "вы|ты|вообще|меня|опять|снова|совсем не поняли|понял|понимаете|понимаешь|поняла, вы|ты меня не поняли|понимаете|понял|понимаешь|поняла|слышите, вы не то|туда|так, меня не поняли|понимают,
    не так поняли|понял|поняла, опять|снова|вообще|совсем|это|все не то, не то что|о|про, не об этом|этом, не о том, не про то|это, не это спрашив*, не это имел*, не то спрашив*, не отвечаете на, не ответили на, я не это, я не об, я не про,
    я же|уже сказал*, я же|уже писал*, я же|уже говорил*, вы читаете вообще, вы вообще читаете, читайте внимательно*, чушь, бред, ерунда какая, тупой|глупый|плохой|бесполезный|дурацкий бот|робот, бот тупой|глупый|плохой|бесполезный,
    бесполезно, ничего не понятно, не помогли|помогло|помогает, вы тупите, ты тупишь, вы издеваетесь, вы глухие,
    not what i, thats not what, thats not it, you dont understand, you didnt understand, you misunderstood, misunderstood me, wrong answer, didnt answer|help, doesnt help, useless, stupid bot, already told|said";

const DISSATISFIED_ALONE: &str = "не то, не понял, не поняла, не поняли, не понимаю, не понятно, непонятно, не туда, не это, в смысле, что это, неправильно поняли, not that, not this, i dont get it, dont understand, i dont understand, what, huh";

const THANKS: &str = "спасибо, спасибочки, спасиб, пасиб, пасибо, спасибки, сенкс, мерси, благодарю, благодарен, благодарна, благодарим, благодарствую, от души, thanks, thank you, thx, thank u, ty, tnx, cheers";

const GREETING: &str = "привет, приветик, приветики, приветствую, приветствуем, здравствуйте, здравствуй, здраствуйте, здрасте, здрасьте, здрасти, здравия, здорово, здарова, дарова, даров, хай, хелло, хэлло, салют,
    добрый день|вечер, день|вечер добрый, доброе утро|утречко, утро доброе, доброго дня|вечера|утра|времени, доброго времени суток, доброй ночи, добрейший вечерочек, добрый, доброе, всем привет,
    hello, hi, hey, hiya, howdy, good morning|afternoon|evening|day, greetings, hi there, hello there";

const COMPLAINT: &str = "жалоб*, жалуюсь, пожалуюсь, пожаловаться, претензи*, верните|верни деньги|мои|предоплату|оплату, вернуть деньги, хочу вернуть, возврат денег|средств, безобрази*, безобразно, отвратительно, отвратительн*, возмутительн*, возмущен*,
    ужасный|ужасное|ужасная|ужасного|ужасно сервис|качество|обслуживание|качества|обслуживания|доставка|работаете, кошмар какой|просто, это|просто|полный кошмар|ужас|позор, обманули, обманщик*, обманываете, мошенник*, мошенничество, кидалы, лохотрон, развели меня|нас|на,
    испорчен*, отравил*, плесен*, тухл*, протух*, скисш*, бракован*, не привезли, не доставили, не довезли, не приехал заказ|курьер, не пришел заказ|курьер, заказ не пришел|приехал|привезли|доставили, курьер не приехал|пришел, до сих пор не|нет,
    разочарован*, недовол*, роспотребнадзор*, прокуратур*, в суд, подам в, напишу плохой|негативный|отзыв, привезли не то|тот|ту, приехал не тот, перепутали заказ|торт|адрес, в торте волос, нашли|нашла|нашел волос|плесень, просрочен*, опоздал курьер|заказ, опоздали с|на, хам*, нахамил*, грубо|грубит|нагрубил*,
    complaint, complain, complaining, refund, money back, scam, scammers, fraud, terrible, awful, disgusting, unacceptable, horrible, rotten, spoiled, poisoned, never arrived, didnt arrive, not delivered, wrong order, rude";

const PRICE: &str = "сколько стоит|стоят|стоить|обойдется|обойдутся|выйдет, сколько будет|может|это|он|она|они|у|такой|такая|тогда|примерно|все стоит|стоить|стоят|выйдет, сколько это будет стоить, сколько по деньгам|цене, сколько денег|рублей, сколько с меня|нас,
    какая|какой|какова|какие цена|ценник|стоимость|прайс|цены|расценки, почем, по чем, по какой|каким цене|ценам, что|как по цене|ценам|стоимости|деньгам, цену|цены|стоимость|прайс|ценник подскажите|скажите|напишите|можно|узнать|пришлите|скиньте|сориентируйте,
    подскажите|скажите|узнать|напишите|сориентируйте|интересует|пришлите|скиньте|назовите|озвучьте цену|цены|цена|стоимость|прайс|ценник|расценки|прайсик, по цене|ценам|стоимости сориентируйте|подскажите|как|что, сориентируйте|подскажите|скажите по цене|ценам|стоимости, прайс лист, есть прайс, цена вопроса, в какую цену|сумму, стоит сколько,
    how much is|are|does|do|for|would|will|it|the, how much, whats|what the|is|are price|cost|prices, what is the price|cost, price for|of|list|please, cost of, what does it cost, your prices|pricing|rates";

const ORDER_STATUS: &str = "где мой|наш|моя|же|мои заказ|торт|тортик|посылка|заказы, где заказ, статус|состояние|номер заказа|моего, статус у заказа|моего, какой|узнать|проверить статус, что с|со моим|нашим заказом|тортом,
    что с заказом, как там мой|наш заказ|торт, проверить|отследить мой|наш заказ, мой|наш заказ|торт готов|принят|оформлен|оплачен|подтвержден|едет|где, заказ принят|оформлен|готов|прошел|подтвержден, готов ли мой|заказ, принят|оформлен|подтвержден ли|мой заказ|мой,
    что я заказал|заказала|заказывал|заказывала, where is|are my order|orders|cake, wheres my order|cake, status of my|the order, order status, my order status|number|ready|confirmed|placed, is my order|cake ready|placed|confirmed|done|coming,
    what is|about my order, whats my order, track my order|cake, check on my|the order, what did i order, hows my order";

const CHANGE: &str = "хочу|хотим|можно|нужно|надо|давайте|бы изменить|поменять|перенести|заменить|исправить|сменить, измените|поменяйте|перенесите|смените|замените,
    изменить|поменять|перенести|исправить|заменить|сменить заказ|дату|день|время|адрес|начинку|торт|вкус|надпись|размер|доставку|бюджет|количество, change|move|reschedule|amend my|the order|date|day|cake|flavour|address|time|delivery,
    want|like|need to change|move|reschedule|amend, can i|we|you change|move|reschedule|amend";

const ANOTHER: &str = "хочу|хотим|покажите|покажи|давайте|можно|нужен|нужна|лучше|дайте|выбрать|выберу другой|другую|другое|другие, другой|другие|другую торт|варианты|вариант|тортик|десерт,
    another|different cake|one|option|flavour, show|see me|the|some other|others, something else";

const ANOTHER_ALONE: &str = "другой, другое, другую, другие, другая, не этот, не этот торт, не эту, не такой, another, another one, other, others, something else, a different one, not this one, not that one";

const NO_CONTACT: &str = "без телефона|номера|контакта|контактов|почты|звонков, не хочу|хотим|буду|дам|дадим|даю|оставлю|стану|скажу|готов|готова, не хотел|хотела|хотелось бы, нет телефона|номера,
    no phone|number|contacts|calls|email, without a|my phone|number, rather not, prefer not, dont want|have, not giving|sharing";

const BACK_TO_BOT: &str = "вернуться|вернись|вернитесь|верните|вернемся|вернете|обратно|назад|давайте к боту, верните|позовите бота, вернись|вернитесь бот, к боту, с ботом,
    не надо|нужен|нужно|нужна|зовите|зови|нужны человека|человек|оператора|оператор|менеджера|менеджер|мастера|мастер|никого|консультанта|консультант, без человека|оператора|менеджера, человек|человека|оператор|оператора не надо|нужен|нужно,
    back to the bot, back to bot, no human|person|agent needed, no need for a human|person, dont need a human|person|agent, do not need a human|person|agent";

const FAREWELL: &str = "пока, пока пока, покеда, до свидания, досвидания, до свиданья, досвиданья, до встречи, всего доброго|хорошего|наилучшего, хорошего дня|вечера, хороших выходных, спокойной ночи, счастливо, прощайте, чао, бай,
    bye, bye bye, goodbye, good bye, see you, see ya, see you later|soon, good night, cya, have a good|nice|great|lovely day|evening|one|weekend, take care";

/// A list of forms parted by spaces.
type Forms = LazyLock<FxHashSet<&'static str>>;

fn forms(list: &'static str) -> FxHashSet<&'static str> {
    list.split_whitespace().collect()
}

/// Whether the text calls for somebody: what turns «живой человек» from a question into a wish.
pub(super) fn calls(words: &Words) -> bool {
    static CALLS: Forms = LazyLock::new(|| {
        forms(
            "позовите позови позвать дайте дай соедините переключите подключите свяжите переведите пригласите нужен хочу \
        можно поговорить пообщаться связаться пусть talk speak need want get connect transfer call give",
        )
    });
    words.iter().any(|word| CALLS.contains(word.form))
}

/// Words that go with a wish and do not change it.
const COMPANIONS: &[(Intent, &str)] = &[
    (
        Intent::Cancel,
        "мой мои наш хочу хотим хотела хотел бы можно давайте заказ заказывать подбор бронь запись ничего больше стоп order my it this нет no извините лучше",
    ),
    (
        Intent::Skip,
        "пока еще точно честно говоря какой какая какую что сам сама сами выбрать мне совсем если здесь тут абсолютно me really you",
    ),
    (Intent::Human, "нужен можно хочу срочно дайте мне на связь я"),
    (Intent::OptOut, "рассылка рассылку рассылки реклама рекламу спам меня хватит больше от отсюда all me ads texts"),
    (
        Intent::Thanks,
        "большое огромное большущее вам вас за очень помощь ответ заранее you very much so lot help your дорогие друзья коллеги рада \
         рад there everyone приятно познакомиться",
    ),
    (Intent::Price, "какая и у за your is what штуку одну один"),
    (Intent::Dissatisfied, "совсем вообще опять снова нужно ничего вас я что at all"),
    (Intent::AskedIfBot, "что ли или человек вообще случайно are"),
    (Intent::OrderStatus, "где какой статус номер where what is"),
    (Intent::Change, "хочу хотим можно давайте бы заказ нет нужно надо i want to my order it no"),
    (Intent::Another, "нет хочу торт бы можно давайте лучше покажите есть какой нибудь да no i want cake show have"),
    (
        Intent::NoContact,
        "телефон телефона номер номера контакт контакты почту данные свой свои мой давать оставлять дать оставить указывать называть          писать говорить сообщать можно ли обойтись обойдемся лучше хочу бы давайте нет у id would to give leave share my phone number          contact no want it can we do",
    ),
    (
        Intent::BackToBot,
        "ладно тогда давайте хочу можно спасибо сам сама лучше хорошо ок ой нет уже больше пожалуйста ok no",
    ),
    (Intent::Farewell, "всем вам вас и you all now then"),
];

static COMPANIONS_OF: LazyLock<FxHashMap<&'static str, SmallVec<[Intent; 4]>>> = LazyLock::new(|| {
    let mut by_form: FxHashMap<&'static str, SmallVec<[Intent; 4]>> = FxHashMap::default();
    for (intent, forms) in COMPANIONS {
        for form in forms.split_whitespace() {
            by_form.entry(form).or_default().push(*intent);
        }
    }
    by_form
});

/// Whether a word goes with one of the wishes wanted.
pub(super) fn companion(form: &str, wanted: &impl Fn(Intent) -> bool) -> bool {
    COMPANIONS_OF.get(form).is_some_and(|intents| intents.iter().any(|intent| wanted(*intent)))
}

/// A clause that says nothing but «leave me in peace».
pub(super) fn silence(words: &Words, places: Range<usize>) -> bool {
    let (mut at, mut core, mut object) = (places.start, None, false);
    while at < places.end {
        let phrase = SILENCE.at(words, at).filter(|(_, past)| *past <= places.end);
        if let Some((silence, past)) = phrase {
            core = if core == Some(Silence::Clear) { core } else { Some(silence) };
            at = past;
            continue;
        }
        let form = words.form(at);
        object |= matches!(
            form,
            "мне"
                | "нам"
                | "больше"
                | "сюда"
                | "me"
                | "us"
                | "anymore"
                | "рекламу"
                | "рассылку"
                | "рассылки"
                | "спам"
                | "here"
        );
        if words.kind(at) != Some(Kind::Mark) && !silent_word(form) && !filler(form) {
            return false;
        }
        at += 1;
    }
    core == Some(Silence::Clear) || core.is_some() && object
}

fn silent_word(form: &str) -> bool {
    static SILENT: Forms = LazyLock::new(|| {
        forms(
            "больше никогда сюда мне нам меня нас прошу вас вообще рекламу рекламой рассылку рассылки рассылкой спам сообщения \
        сообщений сообщениями свой свою ваши ваш вашей ваших эту этой от из с базы в личку немедленно срочно наконец уже ничего хватит \
        стоп anymore again ever your list from messages texts ads to us here this mailing of",
        )
    });
    SILENT.contains(form)
}

/// Asking for another way to be reached is no wish for silence.
pub(super) fn other_way(form: &str) -> bool {
    const OTHER: &[&str] = &[
        "звон",
        "позвон",
        "набер",
        "почт",
        "телеграм",
        "ватсап",
        "вотсап",
        "вацап",
        "whats",
        "telegram",
        "вайбер",
        "call",
        "email",
        "лучше",
    ];
    OTHER.iter().any(|start| form.starts_with(start))
}

/// Words that may stand before a question: «скажите, пожалуйста, …».
pub(super) fn before_question(form: &str) -> bool {
    static BEFORE: Forms = LazyLock::new(|| {
        forms(
            "а и но ну скажите подскажите скажи подскажи пожалуйста вот тогда еще извините простите уточните please so and but \
        tell me also",
        )
    });
    BEFORE.contains(form)
}

/// Whether a question starts at this place.
pub(super) fn question_word(words: &Words, at: usize) -> bool {
    // «Как обычно», «что угодно», «когда-нибудь» answer.
    static ASKING: Forms = LazyLock::new(|| forms("как что кто где когда куда какой какая какое какие какую сколько"));
    static ANSWERING: Forms =
        LazyLock::new(|| forms("обычно всегда договорились договаривались скажете хотите раз угодно вам нибудь то"));
    static ALWAYS: Forms = LazyLock::new(|| {
        forms(
            "почему зачем откуда каков какова каковы каким какими каких чем чей чья почем кому кого чего неужели разве what \
        where when why who how which whats hows",
        )
    });
    let (form, next) = (words.form(at), words.form(at + 1));
    let after = if next == "-" { words.form(at + 2) } else { next };
    ALWAYS.contains(form) || ASKING.contains(form) && !ANSWERING.contains(after) || is_inverted(words, at)
}

/// `do you`, `is there`: the order of words that asks.
pub(super) fn is_inverted(words: &Words, at: usize) -> bool {
    static VERBS: Forms = LazyLock::new(|| forms("is are do does did can could would will should have has"));
    static PERSONS: Forms = LazyLock::new(|| forms("you i it there this that the we they your any a"));
    VERBS.contains(words.form(at)) && PERSONS.contains(words.form(at + 1))
}

/// Words by which one takes what was named or shown: «беру второй», «два таких», «добавьте капкейки».
pub(super) fn picks(form: &str) -> bool {
    static PICKS: Forms = LazyLock::new(|| {
        forms(
            "беру берем возьму возьмем заверните оформите оформляйте таких такие такой такую такое take ill those them",
        )
    });
    PICKS.contains(form) || adds(form)
}

/// Of these, the ones that take it besides something else.
pub(super) fn adds(form: &str) -> bool {
    static ADDS: Forms = LazyLock::new(|| {
        forms("добавь добавьте добавить добавим добавлю добавляйте положите еще плюс add plus also too another")
    });
    ADDS.contains(form)
}

/// Whether a verb that asks stands at this place: «есть медовик», «делаете капкейки».
pub(super) fn question_verb(words: &Words, at: usize) -> bool {
    static VERBS: Forms = LazyLock::new(|| {
        forms(
            "есть бывает бывают имеется имеются принимаете делаете доставляете работаете продаете можете расскажите расскажи опишите",
        )
    });
    VERBS.contains(words.form(at)) && !words.form(at + 1).is_empty()
}
