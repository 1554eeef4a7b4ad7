//! Scratch: the cost of a turn.
use std::{path::Path, sync::Arc, time::Instant};

use voronka_core::{
    guard::Draft,
    ids::{AccountId, PartnerId},
    message::{Content, ConversationKey, Event, EventKey, Inbound, Peer, Profile},
    ports::{Completion, Delta, Loaded, Passage},
    rows::{Mail, TurnCommit},
    spec::partner::{PartnerFiles, PartnerSpec},
    turn::{Answer, HasModel, Playbook, Question, Setting, Snapshot, Step, Turn},
};

fn read(folder: &Path, at: &Path, files: &mut PartnerFiles) {
    for entry in std::fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(folder, &path, files)
        } else {
            files
                .insert(Arc::from(path.strip_prefix(folder).unwrap().to_str().unwrap()), std::fs::read(&path).unwrap());
        }
    }
}

fn passages(files: &PartnerFiles, pages: &[&str]) -> Vec<Passage> {
    let mut out = vec![];
    for page in pages {
        let text = String::from_utf8(files[format!("knowledge/{page}.md").as_str()].clone()).unwrap();
        let title = text.lines().find_map(|l| l.strip_prefix("title: ")).unwrap().to_owned();
        let body = text.split("---\n").nth(2).unwrap();
        let part = body.split("\n## ").nth(1).or(body.split("\n## ").next()).unwrap();
        let (heading, text) = part.split_once('\n').unwrap();
        out.push(Passage {
            page: format!("{page}.md"),
            title,
            heading: heading.into(),
            text: text.trim().into(),
            score: 0.8,
        });
    }
    out
}

struct World {
    setting: Setting,
    loaded: Loaded,
    key: ConversationKey,
    passages: Vec<Passage>,
    n: i64,
}

const NOW: &str = "2026-12-01T12:00:00+03:00";

impl World {
    fn mail(&self) -> Vec<Mail> {
        let event = Event::Customer {
            content: Content::Text {
                text: format!("Сколько стоит торт на 12 человек и есть ли доставка? #1000001:{}#", self.n),
            },
            profile: Profile { name: Some("Ann".into()), language: Some("ru".into()), handle: None },
        };
        let inbound = Inbound {
            partner: self.setting.playbook.spec.id.clone(),
            account: AccountId::parse("telegram").unwrap(),
            peer: Peer::new("1000001"),
            key: EventKey::new(&self.n.to_string()),
            at: NOW.parse().unwrap(),
            event,
        };
        vec![Mail { seq: self.n, inbound }]
    }
    fn snapshot(&self) -> Snapshot {
        Snapshot::read(self.key.clone(), AccountId::parse("telegram").unwrap(), Peer::new("1000001"), &self.loaded)
            .unwrap()
    }
    fn completion(&self) -> Completion {
        Completion {
            text: format!("Да, есть доставка по городу, срок два дня. #1000001:{}#", self.n),
            ..Completion::default()
        }
    }
    fn turn(
        &self,
        snapshot: Snapshot,
        mail: Vec<Mail>,
        passages: Vec<Passage>,
        completion: Completion,
        stream: bool,
    ) -> TurnCommit {
        let mut completion = Some(completion);
        let mut passages = Some(passages);
        let mut step = Turn::begin(&self.setting, snapshot, mail, NOW.parse().unwrap());
        loop {
            match step {
                Step::Done(outcome) => return outcome.commit,
                Step::Ask(turn, Question::Search { .. }) => {
                    step = turn.resume(Answer::Passages(passages.take().unwrap_or_default()))
                }
                Step::Ask(turn, Question::Complete { evidence, .. }) => {
                    let completion = completion.take().unwrap_or_default();
                    if stream {
                        let mut draft = Draft::new(evidence);
                        let chars: Vec<char> = completion.text.chars().collect();
                        for piece in chars.chunks(12) {
                            let s: String = piece.iter().collect();
                            let _ = draft.push(Delta::Append(&s));
                        }
                        let _ = draft.finish();
                    }
                    step = turn.resume(Answer::Completion(Ok(completion)));
                }
            }
        }
    }
    fn keep(&mut self, commit: TurnCommit) {
        self.loaded.version = commit.expected + 1;
        self.loaded.conversation = Some(commit.conversation);
        self.loaded.customer = commit.customer.or(self.loaded.customer.take());
        self.loaded.lead = commit.lead.or(self.loaded.lead.take());
        self.loaded.history.extend(commit.messages);
        let excess = self.loaded.history.len().saturating_sub(30);
        self.loaded.history.drain(..excess);
        self.n += 1;
    }
}

fn main() {
    let which = std::env::args().nth(1).unwrap_or("korica".into());
    let mut files = PartnerFiles::new();
    if which == "bench" {
        files.insert(Arc::from("config.yaml"), "name: Кондитерская 1\naccounts:\n  telegram: {token: $TELEGRAM_TOKEN}\nmodels:\n  - {openai: gpt-4o-mini, key: $OPENAI_KEY, base_url: \"http://x/v1\", timeout: 8s}\n".into());
        files.insert(Arc::from(".env"), "TELEGRAM_TOKEN=1:TEST\nOPENAI_KEY=bench\n".into());
    } else {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../partners/korica");
        read(&folder, &folder, &mut files);
    }
    let loaded = PartnerSpec::parse(PartnerId::parse("korica").unwrap(), &files);
    let spec = loaded.spec.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let passages = if which == "bench" {
        vec![Passage {
            page: "dostavka.md".into(),
            title: "Доставка".into(),
            heading: "Доставка".into(),
            text: "Да, есть доставка по городу, срок два дня. Сколько стоит торт на 12 человек, скажет мастер.".into(),
            score: 0.9,
        }]
    } else {
        let mut all = passages(&files, &["dostavka", "porcii", "srochno", "samovyvoz", "oplata", "kak-zakazat"]);
        all[0].text.push_str("\n\nДа, есть доставка по городу, срок два дня.");
        all
    };
    let setting = Setting {
        playbook: Arc::new(Playbook::new(Arc::new(spec))),
        capabilities: Arc::new(voronka_testkit::rehearsal::roomy()),
        model: HasModel::Yes,
        team: Arc::from([]),
    };
    let key =
        ConversationKey::of(&setting.playbook.spec.id, &AccountId::parse("telegram").unwrap(), &Peer::new("1000001"));
    let mut world = World { setting, loaded: Loaded::default(), key, passages, n: 1 };
    for _ in 0..16 {
        let commit = world.turn(world.snapshot(), world.mail(), world.passages.clone(), world.completion(), false);
        if world.n == 16 {
            for m in &commit.messages {
                eprintln!("{:?}: {}", m.author, m.text);
            }
            for f in &commit.facts {
                eprintln!("fact {} {}", f.name, f.data);
            }
            eprintln!("state {}", commit.conversation.state);
            eprintln!("lead {:?}", commit.lead);
        }
        world.keep(commit);
    }
    eprintln!("history {}", world.loaded.history.len());
    let rounds: usize = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(20);
    for stream in [false, true] {
        let (mut best, mut best_read) = (u128::MAX, u128::MAX);
        for _ in 0..rounds {
            let inputs: Vec<_> = (0..50).map(|_| (world.mail(), world.passages.clone(), world.completion())).collect();
            let start = Instant::now();
            let snaps: Vec<_> = inputs.iter().map(|_| world.snapshot()).collect();
            best_read = best_read.min(start.elapsed().as_nanos() / 50);
            let start = Instant::now();
            let mut kept = Vec::with_capacity(50);
            for (snapshot, (mail, passages, completion)) in snaps.into_iter().zip(inputs) {
                kept.push(world.turn(snapshot, mail, passages, completion, stream));
            }
            best = best.min(start.elapsed().as_nanos() / 50);
        }
        println!(
            "{which} stream={stream}: read {:.1} µs, turn {:.1} µs",
            best_read as f64 / 1000.0,
            best as f64 / 1000.0
        );
    }
}
