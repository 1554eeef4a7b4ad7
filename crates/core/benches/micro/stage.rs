//! Partners and conversations to measure: the demo pastry shop, and the partner that the load test plays with.

use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

use jiff::Timestamp;
use voronka_core::{
    guard::Evidence,
    ids::{AccountId, PartnerId},
    message::{Content, ConversationKey, Event, EventKey, Inbound, Peer, Profile},
    ports::{Completion, Loaded, Passage, Usage},
    rows::Mail,
    spec::partner::{PartnerFiles, PartnerSpec},
    turn::{Answer, Playbook, Question, Setting, Snapshot, Step, Turn},
};
use voronka_testkit::Rehearsal;

/// Names of the stages that a model speaks on.
pub(crate) const NAMES: [&str; 2] = ["korica", "one_page"];
const NOON: &str = "2026-12-01T12:00:00+03:00";
/// Messages that a turn loads.
const HISTORY: usize = 30;

/// A conversation that waits for its next mail.
pub(crate) struct Stage {
    pub(crate) setting: Setting,
    pub(crate) loaded: Loaded,
    pub(crate) now: Timestamp,
    /// What the customer writes next.
    says: &'static str,
    passages: Vec<Passage>,
    answer: &'static str,
}

/// What a page of the demo shop says, at one of its headings.
const PASSAGES: [(&str, &str); 6] = [
    ("dostavka", "## Зоны и цены"),
    ("dostavka", "## Время"),
    ("dostavka", "## Как проходит"),
    ("samovyvoz", "## Часы работы"),
    ("samovyvoz", "## Как забрать"),
    ("oplata", "## "),
];
const ASKED: &str = "А сколько стоит доставка в Заволжский район и можно ли в субботу утром?";
const ANSWERED: &str = "В Заволжский район доставка стоит 450 ₽. По городу она бесплатна, если в заказе десертов на 7 000 ₽ \
                        и больше. В субботу привозим с 10 до 13 и с 13 до 16 часов, курьер позвонит за 30 минут.";
const PAGE: &str = "---
title: Доставка
---
# Доставка
Да, есть доставка по городу, срок два дня. Сколько стоит торт на 12 человек, скажет мастер.
";
const CONFIG: &str = "name: Кондитерская
accounts: {telegram: {}}
";

static KORICA: LazyLock<Stage> = LazyLock::new(|| {
    let files = folder("../../partners/korica");
    let passages: Vec<Passage> = PASSAGES.iter().map(|(page, heading)| passage(&files, page, heading)).collect();
    Stage::talked("korica", &files, passages, ASKED, ANSWERED)
});
static ONE_PAGE: LazyLock<Stage> = LazyLock::new(|| {
    let mut files = PartnerFiles::new();
    files.insert("config.yaml".into(), CONFIG.into());
    files.insert("knowledge/dostavka.md".into(), PAGE.into());
    let passages = vec![passage(&files, "dostavka", "# Доставка")];
    let asked = "Сколько стоит торт на 12 человек и есть ли доставка? #700000001:7#";
    Stage::talked("one-page", &files, passages, asked, "Да, есть доставка по городу, срок два дня. #700000001:7#")
});
static AT_A_STEP: LazyLock<Stage> = LazyLock::new(|| {
    let mut talk = Rehearsal::new(playbook("korica", &folder("../../partners/korica")), "telegram", NOON);
    for words in ["Здравствуйте, хочу торт", "День рождения", "15 декабря"] {
        talk.me(words);
    }
    assert!(talk.words().contains("гостей"), "{}", talk.words());
    Stage::of(&talk, Vec::new(), "нас будет 12 человек", "")
});

impl Stage {
    /// The stage with this name.
    pub(crate) fn named(name: &str) -> &'static Self {
        if name == "korica" { &KORICA } else { &ONE_PAGE }
    }

    /// A flow that waits for the number of guests.
    pub(crate) fn at_a_step() -> &'static Self {
        &AT_A_STEP
    }

    /// After so many questions and answers that the history is full.
    fn talked(
        id: &str,
        files: &PartnerFiles,
        passages: Vec<Passage>,
        says: &'static str,
        answer: &'static str,
    ) -> Self {
        let found = passages.clone();
        let mut talk = Rehearsal::new(playbook(id, files), "telegram", NOON)
            .search(move |_| found.clone())
            .model(move |_| Ok(completion(answer)));
        while talk.loaded().history.len() < HISTORY {
            talk.me(says);
        }
        let stage = Self::of(&talk, passages, says, answer);
        stage.prove();
        stage
    }

    fn of(talk: &Rehearsal, passages: Vec<Passage>, says: &'static str, answer: &'static str) -> Self {
        let now = "2026-12-01T12:30:00+03:00".parse().expect("a moment");
        Self { setting: talk.setting().clone(), loaded: talk.loaded().clone(), now, says, passages, answer }
    }

    /// What is measured is a turn whose answer is the model's.
    fn prove(&self) {
        let Step::Done(outcome) = self.completing().0.resume(Answer::Completion(Ok(self.completion()))) else {
            panic!("the guard stopped the answer");
        };
        let words: String = outcome.commit.outbox.iter().map(|row| row.bubble.text.text.as_str()).collect();
        assert!(words.starts_with(self.answer), "{words}");
    }

    pub(crate) fn address(&self) -> (ConversationKey, AccountId, Peer) {
        let (account, peer) = (AccountId::parse("telegram").expect("an account"), Peer::new("42"));
        (ConversationKey::of(&self.setting.playbook.spec.id, &account, &peer), account, peer)
    }

    /// What a turn begins with.
    pub(crate) fn begun(&self) -> (Snapshot, Vec<Mail>) {
        let (key, account, peer) = self.address();
        let event = Event::Customer { content: Content::Text { text: self.says.into() }, profile: Profile::default() };
        let partner = self.setting.playbook.spec.id.clone();
        let (at, event_key) = (self.now, EventKey::new("next"));
        let inbound = Inbound { partner, account: account.clone(), peer: peer.clone(), key: event_key, at, event };
        let snapshot = Snapshot::read(key, account, peer, &self.loaded).expect("what was stored can be read");
        (snapshot, vec![Mail { seq: 1_000, inbound }])
    }

    /// A turn that waits for the passages of its first question.
    pub(crate) fn searching(&self) -> Turn {
        let (snapshot, mail) = self.begun();
        match Turn::begin(&self.setting, snapshot, mail, self.now) {
            Step::Ask(turn, Question::Search { .. }) => turn,
            other => panic!("no search was asked: {other:#?}"),
        }
    }

    /// Answers each search of a turn until the model is asked.
    pub(crate) fn searched(&self, turn: Turn) -> (Turn, Arc<Evidence>) {
        let mut turn = turn;
        loop {
            turn = match turn.resume(Answer::Passages(self.passages())) {
                Step::Ask(turn, Question::Search { .. }) => turn,
                Step::Ask(turn, Question::Complete { evidence, .. }) => return (turn, evidence),
                Step::Ask(_, Question::Look(_)) => panic!("a customer is shown no lists of the team's"),
                Step::Done(outcome) => panic!("no model was asked: {outcome:#?}"),
            };
        }
    }

    /// A turn that waits for its completion, and what that is checked against.
    pub(crate) fn completing(&self) -> (Turn, Arc<Evidence>) {
        self.searched(self.searching())
    }

    pub(crate) fn passages(&self) -> Vec<Passage> {
        self.passages.clone()
    }

    pub(crate) fn completion(&self) -> Completion {
        completion(self.answer)
    }
}

fn completion(text: &str) -> Completion {
    let usage = Usage { input: 2_300, cached: 1_800, output: 60 };
    Completion { text: text.into(), usage, model: "gpt-4o-mini".into(), ..Completion::default() }
}

fn playbook(id: &str, files: &PartnerFiles) -> Playbook {
    let loaded = PartnerSpec::parse(PartnerId::parse(id).expect("a partner's id"), files);
    let Some(spec) = loaded.spec else { panic!("{:#?}", loaded.diagnostics) };
    Playbook::new(Arc::new(spec))
}

/// A page from one of its headings to the next.
fn passage(files: &PartnerFiles, page: &str, heading: &str) -> Passage {
    let bytes = files.get(format!("knowledge/{page}.md").as_str()).expect("a page of the partner");
    let text = std::str::from_utf8(bytes).expect("a page is text");
    let from = text.find(heading).expect("a heading of the page");
    let (heading, rest) = text[from..].split_once('\n').expect("a heading has a line of its own");
    let body = rest.split("\n## ").next().unwrap_or(rest).trim();
    let heading = heading.trim_start_matches(['#', ' ']).to_owned();
    Passage {
        page: format!("{page}.md"), title: "Доставка".into(), heading, text: body.into(), score: 0.9, part: None
    }
}

fn folder(path: &str) -> PartnerFiles {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let mut files = PartnerFiles::new();
    read(&root, &root, &mut files);
    files
}

fn read(root: &Path, at: &Path, files: &mut PartnerFiles) {
    for entry in std::fs::read_dir(at).expect("a folder of the demo shop") {
        let path = entry.expect("an entry of the demo shop").path();
        if path.is_dir() {
            read(root, &path, files);
        } else {
            let name = path.strip_prefix(root).ok().and_then(Path::to_str).expect("a file below the folder");
            files.insert(Arc::from(name), std::fs::read(&path).expect("a file of the demo shop"));
        }
    }
}
