//! What somebody does, line by line.

use jiff::{SignedDuration, Timestamp};
use voronka_core::rehearsal::{
    chance::Chance,
    dialogues::{Did, Line, TeamDid},
};

use super::{
    person::{Errand, Person, Style},
    words::{self, typed},
};

/// A dialogue as it grows.
pub(super) struct Talk<'a> {
    person: &'a Person,
    nth: u32,
    chance: &'a mut Chance,
    now: Timestamp,
    lines: Vec<Line>,
    gave_phone: bool,
}

impl<'a> Talk<'a> {
    /// All that somebody does who comes at a moment.
    pub(super) fn of(person: &'a Person, nth: u32, at: Timestamp, chance: &'a mut Chance) -> Self {
        let mut talk = Self { person, nth, chance, now: at, lines: Vec::new(), gave_phone: false };
        match person.errand {
            Errand::Shopping | Errand::Bargain | Errand::Looking => talk.meet(),
            Errand::Again => talk.order_again(),
            Errand::Grievance => talk.complain(),
            Errand::Work => talk.apply(),
        }
        talk.come_back();
        talk
    }

    /// The lines, and when the lead is judged: some hours or days later, without a word meanwhile.
    pub(super) fn into_lines(self) -> (Vec<Line>, Timestamp) {
        let Self { chance, now, lines, .. } = self;
        let hours = if chance.one_in(3) { chance.within(24, 9 * 24) } else { chance.within(1, 30) };
        (lines, now + SignedDuration::from_hours(hours))
    }

    // What is done.

    fn did(&mut self, did: Did) {
        self.lines.push(Line { at: self.now, did });
        self.pass(5, self.person.pause * 60 + 20);
    }

    fn pass(&mut self, least: i64, most: i64) {
        self.now += SignedDuration::from_secs(self.chance.within(least, most.max(least)));
    }

    fn say(&mut self, text: &str) {
        let text = typed(text, self.person.style, self.chance);
        if !text.trim().is_empty() {
            self.did(Did::Says(text));
        }
    }

    fn say_one(&mut self, of: &[&str]) {
        let text = *self.chance.pick(of);
        self.say(text);
    }

    /// Presses, or types what stands there or something like it.
    fn choose(&mut self, label: &str, also: &str) {
        if self.chance.permille(self.person.presses) {
            self.did(Did::Presses(label.to_owned()));
        } else {
            let one = self.either(label, also);
            self.say(one);
        }
    }

    fn press(&mut self, label: &str) {
        self.did(Did::Presses(label.to_owned()));
    }

    fn does(&mut self, always: u64, by: [u64; 3]) -> bool {
        self.person.does(always, by, self.chance)
    }

    fn either<T>(&mut self, one: T, other: T) -> T {
        if self.chance.one_in(2) { one } else { other }
    }

    // What people do here.

    fn begin(&mut self) {
        if !self.person.on_the_site && self.chance.one_in(2) {
            self.did(Did::Says("/start".to_owned()));
        } else {
            self.say_one(words::GREETINGS);
        }
    }

    /// Now and then something of their own between two answers.
    fn digress(&mut self) {
        if self.does(20, [4, 0, 20]) {
            self.say_one(words::QUESTIONS);
        }
        if self.chance.permille(15) {
            self.say_one(words::NONSENSE);
        }
    }

    fn ask_price(&mut self) {
        let (_, _, called) = *self.chance.pick(words::GOODS);
        let question = self.chance.pick(words::PRICES).replace("{}", called);
        self.say(&question);
    }

    /// The first talk, as far as they care to go.
    fn meet(&mut self) {
        self.begin();
        // Who comes for one thing does not answer questions about themselves.
        if self.person.errand != Errand::Looking && self.does(10, [36, 0, 0]) {
            if self.chance.one_in(2) {
                self.ask_price();
            }
            self.say_one(words::READY);
            self.shop();
            return;
        }
        let introduced = self.introduce();
        self.ask_around();
        if introduced && self.does(50, [76, 0, 0]) {
            self.press("Подобрать продукты");
            self.shop();
        } else if self.does(10, [48, 0, 0]) {
            self.say_one(words::READY);
            self.shop();
        } else if self.chance.permille(400) {
            let one = self.either(words::DOUBTS, words::THANKS);
            self.say_one(one);
        }
    }

    /// Questions about themselves; `true`: to the end.
    fn introduce(&mut self) -> bool {
        let goes_on = |talk: &mut Self| {
            talk.digress();
            talk.does(680, [30, 2, 2])
        };
        if !goes_on(self) {
            return false;
        }
        let goals: &[(&str, &str, &[&str])] = &[
            (
                "Питание и вес",
                "правильное питание",
                &["Сытный завтрак", "Перекусы и сладкое", "Режим дня и еды", "Больше движения"],
            ),
            (
                "Бодрость и витамины",
                "витамины",
                &["Собранное утро", "Ровный день", "Спокойный вечер", "Просто витамины"],
            ),
            ("Уход за собой", "косметика", &["Лицо", "Руки и волосы", "Витамины и коллаген"]),
        ];
        let (interest, also, goals) = *self.chance.pick(goals);
        self.choose(interest, also);
        if !goes_on(self) {
            return false;
        }
        let goal = *self.chance.pick(goals);
        self.choose(goal, goal);
        if !goes_on(self) {
            return false;
        }
        if self.does(0, [32, 0, 0]) {
            self.choose("Пользуюсь постоянно", "постоянно");
        } else if self.chance.one_in(2) {
            self.choose("Пробовать приходилось", "пробовала");
        } else {
            self.choose("Нет, впервые", "никогда");
        }
        goes_on(self) && self.settle()
    }

    /// City, clock, phone, letters.
    fn settle(&mut self) -> bool {
        if self.does(250, [20, 40, 0]) {
            self.say_one(words::CITIES);
        } else {
            self.press("Не хочу говорить");
        }
        let one = self.either("Московское", "Не важно");
        self.press(one);
        if !self.does(850, [14, 0, 0]) {
            return false;
        }
        let gives = match self.person.errand {
            Errand::Looking => self.chance.permille(80),
            Errand::Bargain => self.does(120, [40, 14, 0]),
            _ => self.does(30, [70, 16, 0]),
        };
        self.phone(gives);
        if self.does(80, [50, 20, 0]) {
            self.choose("Да, присылайте", "присылайте");
        } else {
            self.choose("Нет, спасибо", "не нужно");
        }
        true
    }

    fn phone(&mut self, gives: bool) {
        if !gives {
            return self.press("Не сейчас");
        }
        if self.gave_phone {
            return;
        }
        self.gave_phone = true;
        let number = format!("+7900{:07}", 5_550_000 + self.nth);
        if self.person.on_the_site {
            self.press("Соглашаюсь");
            self.did(Did::Says(number));
        } else {
            self.did(Did::Shares(number));
        }
    }

    /// Prices, questions, a look at the catalogue.
    fn ask_around(&mut self) {
        if self.does(60, [46, 0, 14]) {
            self.ask_price();
        }
        if self.person.errand == Errand::Bargain {
            for _ in 0..self.chance.within(1, 3) {
                self.say_one(words::BARGAINS);
            }
        }
        for _ in 0..self.chance.within(0, 3) {
            if self.does(0, [20, 0, 55]) {
                self.say_one(words::QUESTIONS);
            }
        }
        if self.does(30, [50, 0, 10]) {
            self.did(Did::Follows("shop".to_owned()));
        }
        if self.does(0, [34, 0, 4]) {
            self.ask_price();
        }
    }

    /// Chooses something, and orders it or thinks better of it.
    fn shop(&mut self) {
        let (section, product, called) = *self.chance.pick(words::GOODS);
        self.choose(section, section);
        if !self.does(560, [42, 0, 0]) {
            return self.hesitate();
        }
        self.press("Не важно");
        if !self.does(260, [72, 0, 0]) {
            return self.hesitate();
        }
        self.choose(product, called);
        if !self.does(340, [64, 0, 0]) {
            return self.hesitate();
        }
        let pieces = if self.chance.permille(700) { "1" } else { "2" };
        self.choose(pieces, pieces);
        // What it costs in all is clear now.
        if !self.chance.permille(320 + self.person.resolve * 66 / 100) {
            return self.hesitate();
        }
        if self.chance.one_in(3) {
            self.choose("Заберу сам", "самовывоз");
        } else {
            self.choose("В пункт выдачи", "пвз");
            self.say_one(words::ADDRESSES);
        }
        if !self.gave_phone {
            let gives = self.does(150, [70, 12, 0]);
            self.phone(gives);
        }
        if self.chance.permille(260 + self.person.resolve * 70 / 100) {
            self.press("Подтвердить");
        } else {
            self.hesitate();
        }
    }

    fn hesitate(&mut self) {
        if self.chance.permille(550) {
            self.say_one(words::DOUBTS);
        }
    }

    /// Knows what they want: a word or two, a phone, an order; or straight to the shop without a word.
    fn order_again(&mut self) {
        if self.chance.permille(160) {
            self.begin();
            self.did(Did::Follows("shop".to_owned()));
            return;
        }
        self.say_one(words::BACK);
        if self.chance.one_in(2) {
            self.ask_price();
        }
        if self.chance.permille(350) {
            self.say_one(words::PERSONS);
            self.answered();
            return;
        }
        self.say_one(words::READY);
        self.shop();
    }

    /// A person writes back, and leaves the rest to the bot.
    fn answered(&mut self) {
        self.pass(10 * 60, 3 * 60 * 60);
        self.did(Did::Team(TeamDid::Says("Добрый день! Отвечу на все вопросы, что вас интересует?".to_owned())));
        if self.does(300, [60, 0, 0]) {
            let one = self.either(words::QUESTIONS, words::THANKS);
            self.say_one(one);
        }
        self.did(Did::Team(TeamDid::GivesBack));
    }

    fn complain(&mut self) {
        if self.chance.one_in(2) {
            self.say_one(words::GREETINGS);
        }
        for _ in 0..self.chance.within(1, 3) {
            self.say_one(words::GRIEVANCES);
        }
        if self.chance.permille(600) {
            self.say_one(words::PERSONS);
            self.answered();
        }
        // Made up for, some order again.
        if self.does(0, [80, 0, 0]) {
            self.pass(3_600, 24 * 3_600);
            self.say_one(words::READY);
            self.shop();
        }
    }

    /// Wants to work with the team; who means it buys the first things for themselves.
    fn apply(&mut self) {
        self.begin();
        self.say_one(words::JOBS);
        self.choose("Работа с командой", "подработка");
        if !self.does(500, [48, 0, 0]) {
            return self.hesitate();
        }
        self.choose("Продаж не было", "без опыта");
        let hours = if self.does(0, [75, 0, 0]) { "10" } else { "3" };
        self.choose(hours, hours);
        self.digress();
        if self.does(450, [50, 0, 0]) && self.settle() && self.does(0, [92, 0, 0]) {
            self.press("Записаться на разговор");
            self.choose("Подрабатывать", "подработка");
            self.press("завтра");
            self.press("Всё равно");
            if !self.gave_phone {
                let gives = self.does(80, [65, 18, 0]);
                self.phone(gives);
            }
        }
        if self.does(0, [20, 0, 20]) {
            self.did(Did::Follows("plan".to_owned()));
        }
    }

    /// On another day: who wants it comes back, and so does now and then who only likes to talk.
    fn come_back(&mut self) {
        for _ in 0..2 {
            if !self.does(10, [64, 0, 4]) {
                return;
            }
            self.pass(14 * 3_600, 70 * 3_600);
            if self.person.style != Style::Young {
                self.say_one(words::BACK);
            }
            if self.does(100, [50, 0, 0]) {
                self.ask_price();
            }
            if self.does(0, [30, 0, 20]) {
                self.did(Did::Follows("shop".to_owned()));
            }
            if !self.gave_phone && self.does(0, [34, 6, 0]) {
                self.say_one(words::PERSONS);
                self.answered();
            } else if self.does(0, [64, 0, 0]) {
                self.say_one(words::READY);
                self.shop();
            } else {
                let one = self.either(words::QUESTIONS, words::DOUBTS);
                self.say_one(one);
            }
        }
    }
}
