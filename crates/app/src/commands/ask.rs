//! `voronka ask`: one question, the passages and the answer as a customer would get it.

use std::{borrow::Cow, collections::BTreeMap, path::Path, process::ExitCode, sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use voronka_core::{
    capabilities::{ButtonLimits, Capabilities},
    ids::{AccountId, PartnerId},
    message::{Bubble, Content, ConversationKey, Event, EventKey, Inbound, Peer, Profile},
    ports::{ChatModel, Delta, Knowledge, Loaded, Passage},
    rows::{Mail, TurnCommit},
    spec::{
        diagnostic::{Diagnostic, Level},
        partner::{PartnerFiles, PartnerSpec},
    },
    turn::{Answer, HasModel, Playbook, Question, Setting, Snapshot, Step, Turn},
};
use voronka_files::Secrets;

use super::{Opening, Premises, demo, folder_of, kept_of, open, unreadable};
use crate::{
    cli::Ask,
    diagnostics::Told,
    out::{self, Problem},
    secrets::KeySource,
    texts::Texts,
    wiring,
};

/// Passages that an answer may rest on, however few are shown.
const PASSAGES_MAX: usize = 6;
/// How long a model may take for one question.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// Where an answer is shown here: cards stay cards, and buttons stay out of the words, for nobody can press them.
const CAPABILITIES: Capabilities = Capabilities {
    buttons: Some(ButtonLimits { count_max: 100, per_row: 3, label_max: 100, label_comfortable: 20 }),
    cards_max: 10,
    album_max: 0,
    ..crate::terminal::CAPABILITIES
};

/// Settings of a folder of pages: it has no customers; the language of the question decides the answer's.
const CONFIG_OF_PAGES: &[u8] = b"name: Knowledge\nlanguages: [ru, en]\naccounts:\n  web: {}\n";

/// What is printed as JSON.
#[derive(Serialize)]
pub(super) struct Reply {
    pub(super) answered: bool,
    pub(super) answer: String,
    pub(super) passages: Vec<Shown>,
}

#[derive(Serialize)]
pub(super) struct Shown {
    pub(super) page: String,
    heading: String,
    score: f32,
}

pub(crate) async fn run(wish: Ask, keys: &KeySource, texts: &Texts) -> Result<ExitCode, Problem> {
    let (spec, secrets, question) = subject(&wish, keys, texts).await?;
    if question.is_none() && wish.questions.is_none() {
        return Err(Problem::new("problem-no-question", vec![]).hint("problem-no-question-hint"));
    }
    let throw_away = tempfile::tempdir().map_err(|error| unreadable(Path::new("."), &error))?;
    let premises = open(throw_away.path(), Opening::default()).await?;
    let spinner = spinner(&texts.get("indexing", &[]));
    let knowledge = premises.house.knowledge_of(&spec, &secrets)?;
    wiring::index(&premises.house, &spec, &*knowledge).await;
    spinner.finish_and_clear();
    let model = wiring::model(&premises.house, &spec, &secrets)?;
    let asking = Asking::new(&premises, spec, model, knowledge, wish.top);
    if let Some(file) = &wish.questions {
        let lines = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
        let questions: Vec<&str> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let bar = progress(questions.len() as u64);
        for question in questions {
            print_json(&asking.ask(question).await);
            bar.inc(1);
        }
        bar.finish_and_clear();
        return Ok(ExitCode::SUCCESS);
    }
    let answered = asking.ask(&question.unwrap_or_default()).await;
    if wish.json {
        print_json(&answered);
    } else {
        print(&answered, texts);
    }
    Ok(if answered.answered { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// Whom or what is asked. With `--knowledge` the first word of the command line is the question, unless it names a partner.
async fn subject(
    wish: &Ask,
    keys: &KeySource,
    texts: &Texts,
) -> Result<(PartnerSpec, Secrets, Option<String>), Problem> {
    if let Some(folder) = &wish.knowledge {
        let names_partner = |word: &String| word == "korica" || folder_of(word).is_ok();
        let question = wish.question.clone().or_else(|| wish.partner.clone().filter(|word| !names_partner(word)));
        return Ok((folder_of_pages(folder, texts)?, Secrets::default(), question));
    }
    let partner = wish.partner.clone().unwrap_or_default();
    let folder = match folder_of(&partner) {
        Ok(folder) => folder,
        Err(_) if partner == "korica" => {
            let (spec, secrets) = demo::partner()?;
            return Ok((spec, secrets, wish.question.clone()));
        }
        Err(problem) => return Err(problem),
    };
    let kept = kept_of(&folder, &wish.data, wish.database.as_ref(), keys).await?;
    let loaded = voronka_files::load_with(&folder, &kept).map_err(|error| unreadable(&folder, &error))?;
    // Keys of messengers are not needed here.
    let spec = PartnerSpec::parse(loaded.id.clone(), &loaded.files).spec.ok_or_else(|| {
        let args = vec![
            ("partner", partner),
            ("count", loaded.diagnostics.len().to_string()),
            ("dir", folder.display().to_string()),
        ];
        Problem::new("problem-partner-broken", args).hint("problem-partner-broken-hint")
    })?;
    Ok((spec, loaded.secrets, wish.question.clone()))
}

/// A folder of Markdown as a partner that has nothing else. A page with a mistake does not cost the others: it is read
/// without what is wrong, as plain text, or not at all, and the person is told.
fn folder_of_pages(folder: &Path, texts: &Texts) -> Result<PartnerSpec, Problem> {
    let read = voronka_files::read(folder).map_err(|error| unreadable(folder, &error))?;
    let mut files: PartnerFiles = read
        .into_iter()
        .filter(|(path, _)| path.ends_with(".md"))
        .map(|(path, bytes)| (Arc::from(format!("knowledge/{path}")), bytes))
        .collect();
    files.insert(Arc::from("config.yaml"), CONFIG_OF_PAGES.to_vec());
    let broken =
        |cause: String| Problem::new("problem-folder", vec![("path", folder.display().to_string()), ("cause", cause)]);
    let id = PartnerId::parse("knowledge").map_err(|error| broken(error.to_string()))?;
    for mend in [Mend::Products, Mend::FrontMatter, Mend::LeaveOut] {
        let loaded = PartnerSpec::parse(id.clone(), &files);
        if let Some(spec) = loaded.spec {
            return Ok(spec);
        }
        let mut wrong: BTreeMap<Arc<str>, Diagnostic> = BTreeMap::new();
        for found in loaded.diagnostics.into_iter().filter(|found| found.code.level() == Level::Error) {
            wrong.entry(Arc::clone(&found.place.file)).or_insert(found);
        }
        for found in wrong.values() {
            if let Some(line) = mended(&mut files, found, mend, folder, texts) {
                out::note(&line);
            }
        }
    }
    let loaded = PartnerSpec::parse(id, &files);
    loaded.spec.ok_or_else(|| broken(format!("{} findings in the pages", loaded.diagnostics.len())))
}

/// What is taken from a page that has a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mend {
    /// Its `products`: there is no catalogue here, so no id can be right.
    Products,
    /// All of its front matter.
    FrontMatter,
    /// The page.
    LeaveOut,
}

/// Mends the page with this finding; says what the person should know.
fn mended(files: &mut PartnerFiles, found: &Diagnostic, mend: Mend, folder: &Path, texts: &Texts) -> Option<String> {
    let file = &found.place.file;
    let name = file.strip_prefix("knowledge/")?;
    let cause = cause(files, found, texts);
    let text = files.get(file).and_then(|bytes| str::from_utf8(bytes).ok());
    let kept = text.and_then(|text| match mend {
        Mend::Products => Some(without_products(text)),
        Mend::FrontMatter => Some(without_front_matter(text).to_owned()),
        Mend::LeaveOut => None,
    });
    let key = match (mend, &kept) {
        (Mend::Products, Some(_)) => None,
        (_, Some(_)) => Some("ask-page-plain"),
        (_, None) => Some("ask-page-left-out"),
    };
    match kept {
        Some(kept) => files.insert(Arc::clone(file), kept.into_bytes()),
        None => files.remove(file),
    };
    let file = folder.join(name).display().to_string();
    key.map(|key| texts.get(key, &[("file", Cow::from(file)), ("cause", Cow::from(cause))]))
}

/// A finding in words.
fn cause(files: &PartnerFiles, found: &Diagnostic, texts: &Texts) -> String {
    let told = Told::new(std::slice::from_ref(found), files, "", texts);
    let json = told.json().next().and_then(|line| serde_json::from_str::<serde_json::Value>(&line).ok());
    let message = json.as_ref().and_then(|json| json.get("message")?.as_str());
    message.unwrap_or(found.code.as_str()).to_owned()
}

/// The page without the `products` of its front matter, the other lines in their place.
fn without_products(text: &str) -> String {
    let body = without_front_matter(text);
    let (front, body) = text.split_at(text.len() - body.len());
    let mut within = false;
    let kept = front.split_inclusive('\n').filter(|line| {
        let goes_on = within && !line.starts_with(char::is_alphabetic) && line.trim_end() != "---";
        within = goes_on || line.starts_with("products:");
        !within
    });
    kept.chain([body]).collect()
}

/// What stands behind the front matter; all where there is none, or no end of it.
fn without_front_matter(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|line| line.trim_end() == "---") else { return text };
    let mut at = first.len();
    for line in lines {
        at += line.len();
        if line.trim_end() == "---" {
            return &text[at..];
        }
    }
    text
}

/// Asks as a customer would who has said hello already and is led through no flow.
pub(super) struct Asking<'a> {
    premises: &'a Premises,
    setting: Setting,
    model: Option<Arc<dyn ChatModel>>,
    knowledge: Arc<dyn Knowledge>,
    top: usize,
}

impl<'a> Asking<'a> {
    pub(super) fn new(
        premises: &'a Premises,
        mut spec: PartnerSpec,
        model: Option<Arc<dyn ChatModel>>,
        knowledge: Arc<dyn Knowledge>,
        top: usize,
    ) -> Self {
        // A flow would begin with the first message and speak before the answer.
        spec.flows.clear();
        let setting = Setting {
            playbook: Arc::new(Playbook::new(Arc::new(spec))),
            capabilities: Arc::new(CAPABILITIES),
            model: if model.is_some() { HasModel::Yes } else { HasModel::No },
            team: Arc::from([]),
            links: None,
            writer: None,
        };
        Self { premises, setting, model, knowledge, top }
    }

    pub(super) async fn ask(&self, question: &str) -> Reply {
        let partner = self.setting.playbook.partner().clone();
        let found = self.search(question, self.top.max(PASSAGES_MAX)).await;
        let commit = self.turn(question, &partner, &found).await;
        let said: Vec<String> =
            commit.outbox.iter().filter(|row| row.seq > 0).map(|row| in_words(&row.bubble)).collect();
        let passages = found
            .into_iter()
            .take(self.top)
            .map(|passage| Shown { heading: self.heading(&passage), page: passage.page, score: passage.score })
            .collect();
        Reply { answered: is_answer(&commit), answer: said.join("\n\n"), passages }
    }

    /// What stands above the passage; its page's title where nothing does.
    fn heading(&self, passage: &Passage) -> String {
        let pages = &self.setting.playbook.spec.pages;
        match pages.iter().find(|page| *page.path == *passage.page) {
            Some(page) if passage.heading.is_empty() => page.title.clone(),
            _ => passage.heading.clone(),
        }
    }

    async fn search(&self, question: &str, top: usize) -> Vec<Passage> {
        let partner = self.setting.playbook.partner();
        self.knowledge.search(partner, question, top).await.unwrap_or_default()
    }

    async fn turn(&self, question: &str, partner: &PartnerId, found: &[Passage]) -> TurnCommit {
        let now = self.premises.house.clock.now();
        let (account, peer) = (terminal(), Peer::new("ask"));
        let key = ConversationKey::of(partner, &account, &peer);
        // A new conversation that has met already: no greeting and no flow stands before the answer.
        let read = Snapshot::read(key, account.clone(), peer.clone(), &Loaded { version: 1, ..Loaded::default() });
        let mut snapshot = read.expect("an empty conversation can be read");
        snapshot.state.disclosed = true;
        let event =
            Event::Customer { content: Content::Text { text: question.to_owned() }, profile: Profile::default() };
        let inbound = Inbound { partner: partner.clone(), account, peer, key: EventKey::new("1"), at: now, event };
        let mut step = Turn::begin(&self.setting, snapshot, vec![Mail { seq: 1, inbound }], now);
        loop {
            let (turn, asked) = match step {
                Step::Done(outcome) => return outcome.commit,
                Step::Ask(turn, asked) => (turn, asked),
            };
            let answer = match asked {
                Question::Search { top, .. } => Answer::Passages(found.iter().take(top).cloned().collect()),
                Question::Complete { prompt, .. } => Answer::Completion(self.complete(&prompt).await),
                Question::Look(_) => Answer::Seen(None),
            };
            step = turn.resume(answer);
        }
    }

    async fn complete(
        &self,
        prompt: &voronka_core::ports::Prompt,
    ) -> Result<voronka_core::ports::Completion, voronka_core::ports::ModelError> {
        use voronka_core::ports::ModelError;
        let Some(model) = &self.model else { return Err(ModelError::Unavailable("no model".into())) };
        let mut unseen = |_: Delta<'_>| {};
        match tokio::time::timeout(ANSWER_WITHIN, model.complete(prompt, &mut unseen)).await {
            Ok(completion) => completion,
            Err(_) => Err(ModelError::TimedOut),
        }
    }
}

/// Whether what was said rests on a passage or shows products: a greeting or «не знаю» does not.
fn is_answer(commit: &TurnCommit) -> bool {
    if commit.facts.iter().any(|fact| fact.name == "question.unanswered" || fact.name.starts_with("handoff")) {
        return false;
    }
    let rests = commit.messages.iter().filter_map(|row| row.basis.as_deref()).any(rests_on_something);
    rests || commit.outbox.iter().any(|row| row.seq > 0 && !row.bubble.cards.is_empty())
}

/// Whether a message's basis names pages, products or tools; one that only tells of a model's failure does not.
fn rests_on_something(basis: &str) -> bool {
    let basis: serde_json::Value = serde_json::from_str(basis).unwrap_or_default();
    let names = |key: &str| basis[key].as_array().is_some_and(|all| !all.is_empty());
    names("pages") || names("tools") || names("products")
}

/// What a message says, its cards as a list.
fn in_words(bubble: &Bubble) -> String {
    let cards = bubble.cards.iter().map(|card| {
        let price = card.price.as_ref().map_or_else(String::new, |price| format!(" — {price}"));
        let about = card.text.lines().map(str::trim).filter(|line| !line.is_empty());
        about.fold(format!("• {}{price}", card.title), |all, line| format!("{all}\n  {line}"))
    });
    let cards: Vec<String> = cards.collect();
    let parts = [bubble.text.text.trim().to_owned(), cards.join("\n")];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn terminal() -> AccountId {
    AccountId::parse("terminal").expect("the constant is an account id")
}

fn print_json(answered: &Reply) {
    out::line(&serde_json::to_string(answered).unwrap_or_default());
}

fn print(answered: &Reply, texts: &Texts) {
    for passage in &answered.passages {
        out::line(&format!("{:>5.2}  {}  {}", passage.score, passage.page, passage.heading));
    }
    if answered.passages.is_empty() {
        out::line(&texts.get("ask-nothing", &[]));
    }
    out::line("");
    out::line(&answered.answer);
}

fn spinner(text: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(text.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Shown on a terminal alone; indicatif hides it elsewhere.
fn progress(count: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(count).with_style(style)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::texts::Texts;

    #[test]
    fn a_page_with_a_mistake_does_not_cost_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        write("a.md", "# Доставка\nВезём по городу.".as_bytes());
        write("b.md", b"\xcf\xf0\xe8\xe2\xe5\xf2");
        write("c.md", "---\ntitle: Торты\nproducts:\n  - нет\nalso: [торт]\n---\nТорты свежие.".as_bytes());
        write("d.md", "---\ntitel: Х\n---\n# Оплата\nКартой.".as_bytes());
        write("e.md", b"---\n: [\n---\nBody");
        let spec = folder_of_pages(folder.path(), &Texts::english()).unwrap();
        let titles: Vec<&str> = spec.pages.iter().map(|page| page.title.as_str()).collect();
        assert_eq!(titles, ["Доставка", "Торты", "Оплата", "e"]);
        assert_eq!(spec.pages[1].also, ["торт"]);
        assert_eq!(&*spec.pages[2].body, "# Оплата\nКартой.");
    }

    #[test]
    fn only_pages_tools_and_cards_make_an_answer() {
        assert!(rests_on_something(r#"{"pages":["a.md"],"worded":"passages"}"#));
        assert!(rests_on_something(r#"{"pages":[],"tools":["show_products"]}"#));
        assert!(!rests_on_something(r#"{"pages":[],"tools":[],"worded":"model"}"#));
        assert!(!rests_on_something(r#"{"model_failed":"timed out"}"#));
    }
}
