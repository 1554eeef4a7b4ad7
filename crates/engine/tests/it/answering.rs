//! Answers: models that fail or hang, signs of life, previews.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::SignedDuration;
use voronka_core::{
    capabilities::Capabilities,
    ids::BubbleId,
    message::{Bubble, Peer, TeamAction},
    ports::{
        Channel, ChatModel, Completion, Delta, Directory, Finish, Knowledge, KnowledgeError, ModelError, OnDelta, Page,
        Preview, Prompt, Receipt, SendError, Usage,
    },
};
use voronka_testkit::{
    channel::{FakeChannel, roomy},
    knowledge::FakeKnowledge,
    model::{Gate, Reply, ScriptedModel},
};

use crate::stage::{CONFIG, PATIENT, Stage, account, partner, quiet, soon, spec, until};

const PAGE: &str = "# Доставка\n\nДоставляем пироги по всему городу на велосипеде.\n";

pub(crate) async fn pages() -> Arc<FakeKnowledge> {
    let knowledge = Arc::new(FakeKnowledge::new());
    let spec = spec(CONFIG, &[("knowledge/delivery.md", PAGE)]);
    knowledge.index(&partner(), &spec.pages).await.expect("the fake fails on demand alone");
    knowledge
}

fn anna() -> Peer {
    Peer::new("anna")
}

#[tokio::test]
async fn without_its_model_an_answer_comes_from_the_pages() {
    let model = ScriptedModel::new([Reply::Error(ModelError::Quota), Reply::Error(ModelError::Quota)]);
    let stage = Stage::with(CONFIG, roomy(), model);
    stage.engine.serve(stage.partner(CONFIG).knowledge(pages().await));
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "Доставляете пироги?").await;
    soon(stage.telegram.until_shown(1)).await;
    assert!(stage.seen("anna")[0].contains("на велосипеде"), "{:?}", stage.seen("anna"));
}

#[tokio::test]
async fn without_model_and_pages_the_question_goes_to_a_person() {
    let knowledge = pages().await;
    knowledge.fail_next(KnowledgeError::Index("gone".into()));
    let stage = Stage::with(CONFIG, roomy(), ScriptedModel::new([]));
    stage.engine.serve(stage.partner(CONFIG).knowledge(knowledge));
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "Доставляете пироги?").await;
    soon(stage.telegram.until_shown(2)).await;
    assert!(stage.seen("anna")[0].contains("передам"), "{:?}", stage.seen("anna"));
    assert_eq!(stage.seen("111").len(), 1, "the owner hears of it");
    assert_eq!(stage.store.notices(&partner(), Page::first(5)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_model_that_hangs_costs_no_more_than_the_deadline() {
    let gate = Gate::closed();
    let model = ScriptedModel::new([Reply::text("Слишком поздно.").after(&gate)]);
    let stage = Stage::with(CONFIG, roomy(), model);
    stage.engine.serve(stage.partner(CONFIG).knowledge(pages().await));
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "Доставляете пироги?").await;
    stage.pass(SignedDuration::from_millis(4_900)).await;
    assert!(stage.seen("anna").is_empty());
    stage.pass(SignedDuration::from_millis(100)).await;
    soon(stage.telegram.until_shown(1)).await;
    assert!(stage.seen("anna")[0].contains("на велосипеде"));
    gate.open();
    quiet().await;
    assert_eq!(stage.seen("anna").len(), 1);
}

/// Pages on a disk that does not answer.
struct Hanging;

#[async_trait]
impl Knowledge for Hanging {
    async fn index(
        &self,
        _partner: &voronka_core::ids::PartnerId,
        _pages: &[voronka_core::spec::knowledge::Page],
    ) -> Result<voronka_core::ports::Indexed, KnowledgeError> {
        std::future::pending().await
    }

    async fn search(
        &self,
        _partner: &voronka_core::ids::PartnerId,
        _question: &str,
        _top: usize,
    ) -> Result<Vec<voronka_core::ports::Passage>, KnowledgeError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_search_that_hangs_costs_no_more_than_the_deadline() {
    let stage = Stage::with(CONFIG, roomy(), ScriptedModel::new([]));
    stage.engine.serve(stage.partner(CONFIG).knowledge(Arc::new(Hanging)));
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "Доставляете пироги?").await;
    stage.pass(SignedDuration::from_secs(12)).await;
    soon(stage.telegram.until_shown(1)).await;
}

#[tokio::test]
async fn typing_is_shown_soon_and_renewed_until_the_answer_is_there() {
    let gate = Gate::closed();
    let model = ScriptedModel::new([Reply::text("Готово.").after(&gate)]);
    let stage = Stage::with(PATIENT, roomy(), model);
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    stage.pass(SignedDuration::from_millis(200)).await;
    assert_eq!(stage.telegram.typings(&anna()), 0, "a quick answer needs no sign");
    stage.pass(SignedDuration::from_millis(200)).await;
    assert_eq!(stage.telegram.typings(&anna()), 1);
    stage.pass(SignedDuration::from_secs(9)).await;
    assert_eq!(stage.telegram.typings(&anna()), 3);
    gate.open();
    soon(stage.telegram.until_shown(1)).await;
    stage.pass(SignedDuration::from_secs(9)).await;
    assert_eq!(stage.telegram.typings(&anna()), 3);
}

/// A messenger that sends, and fails at everything besides.
struct SideCallsFail {
    sends: FakeChannel,
    panics: bool,
}

#[async_trait]
impl Channel for SideCallsFail {
    fn capabilities(&self) -> &Capabilities {
        self.sends.capabilities()
    }

    async fn send(&self, to: &Peer, bubble: &Bubble, id: BubbleId) -> Result<Receipt, SendError> {
        self.sends.send(to, bubble, id).await
    }

    async fn typing(&self, _to: &Peer) -> Result<(), SendError> {
        assert!(!self.panics, "a bug");
        Err(SendError::Limited { after: Duration::from_mins(1) })
    }

    async fn preview(&self, _to: &Peer, _preview: &Preview) -> Result<(), SendError> {
        assert!(!self.panics, "a bug");
        std::future::pending().await
    }
}

/// A model that says its pieces one by one, each but the first once its gate is open, and then perhaps fails.
pub(crate) struct Slow {
    pieces: Vec<String>,
    gates: Vec<Gate>,
    fails: Option<ModelError>,
}

impl Slow {
    pub(crate) fn saying(pieces: &[&str]) -> (Self, Vec<Gate>) {
        let gates: Vec<Gate> = pieces.iter().map(|_| Gate::closed()).collect();
        let pieces = pieces.iter().map(|&piece| piece.to_owned()).collect();
        (Self { pieces, gates: gates.clone(), fails: None }, gates)
    }
}

#[async_trait]
impl ChatModel for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    async fn complete(&self, _prompt: &Prompt, on_delta: OnDelta<'_>) -> Result<Completion, ModelError> {
        for (piece, gate) in self.pieces.iter().zip(&self.gates) {
            on_delta(Delta::Append(piece));
            gate.pass().await;
        }
        match &self.fails {
            Some(error) => Err(error.clone()),
            None => Ok(Completion {
                text: self.pieces.concat(),
                calls: Vec::new(),
                finish: Finish::Stop,
                usage: Usage::default(),
                model: "slow".into(),
                nearing: None,
            }),
        }
    }
}

#[tokio::test]
async fn typing_and_previews_that_fail_cost_nothing() {
    for panics in [false, true] {
        let (model, gates) = Slow::saying(&["Вишня есть. Пи", "роги тоже."]);
        let stage = Stage::new();
        let channel = Arc::new(SideCallsFail { sends: FakeChannel::default(), panics });
        let bakery = stage.partner(CONFIG).channel(account("telegram"), channel.clone()).model(Arc::new(model));
        stage.engine.serve(bakery);
        stage.engine.start().await.unwrap();
        stage.says("anna", "1", "вишня").await;
        stage.pass(SignedDuration::from_secs(1)).await;
        gates.iter().for_each(Gate::open);
        // A preview that has only begun to hang is waited for a little.
        stage.pass(SignedDuration::from_millis(300)).await;
        soon(channel.sends.until_shown(1)).await;
        assert!(channel.sends.texts_to(&anna())[0].contains("Пироги тоже"));
    }
}

#[tokio::test]
async fn a_preview_that_hangs_does_not_delay_the_answer() {
    let (model, gates) = Slow::saying(&["Вишня есть. Пи", "роги тоже."]);
    let stage = Stage::new();
    let channel = Arc::new(SideCallsFail { sends: FakeChannel::default(), panics: false });
    let bakery = stage.partner(CONFIG).channel(account("telegram"), channel.clone()).model(Arc::new(model));
    stage.engine.serve(bakery);
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    stage.pass(SignedDuration::from_secs(3)).await;
    gates.iter().for_each(Gate::open);
    // Not a moment passes from here on.
    soon(channel.sends.until_shown(1)).await;
}

#[tokio::test]
async fn a_preview_grows_with_the_answer_and_never_comes_after_it() {
    let (model, gates) = Slow::saying(&["Вишня есть. Пи", "роги тоже. Жд", "ём вас."]);
    let stage = Stage::new();
    stage.engine.serve(stage.partner(CONFIG).model(Arc::new(model)));
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    stage.pass(SignedDuration::from_secs(1)).await;
    gates[0].open();
    stage.pass(SignedDuration::from_secs(1)).await;
    gates[1].open();
    quiet().await;
    gates[2].open();
    soon(stage.telegram.until_shown(1)).await;
    stage.pass(SignedDuration::from_secs(5)).await;
    let previews = stage.telegram.previews(&anna());
    let texts: Vec<_> = previews.iter().map(|preview| preview.text.trim()).collect();
    assert_eq!(texts, ["Вишня есть.", "Вишня есть. Пироги тоже."], "what came last is in the answer itself");
    assert!(previews.iter().all(|preview| preview.draft == previews[0].draft && preview.draft != 0));
}

/// A messenger that asks to slow down when it is shown a preview.
#[derive(Default)]
struct LimitsPreviews {
    sends: FakeChannel,
    previews: AtomicUsize,
}

#[async_trait]
impl Channel for LimitsPreviews {
    fn capabilities(&self) -> &Capabilities {
        self.sends.capabilities()
    }

    async fn send(&self, to: &Peer, bubble: &Bubble, id: BubbleId) -> Result<Receipt, SendError> {
        self.sends.send(to, bubble, id).await
    }

    async fn typing(&self, to: &Peer) -> Result<(), SendError> {
        self.sends.typing(to).await
    }

    async fn preview(&self, _to: &Peer, preview: &Preview) -> Result<(), SendError> {
        let withdrawn = preview.text.is_empty();
        self.previews.fetch_add(usize::from(!withdrawn), Ordering::SeqCst);
        Err(SendError::Limited { after: Duration::from_mins(1) })
    }
}

#[tokio::test]
async fn while_the_messenger_asks_to_slow_down_nothing_but_answers_is_shown() {
    let (model, gates) = Slow::saying(&["Вишня есть. Пи", "роги тоже. Жд", "ём вас. Пи", "шите."]);
    let stage = Stage::new();
    let channel = Arc::new(LimitsPreviews::default());
    let bakery = stage.partner(PATIENT).channel(account("telegram"), channel.clone()).model(Arc::new(model));
    stage.engine.serve(bakery);
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    stage.pass(SignedDuration::from_secs(1)).await;
    let shown = |of: &str| channel.sends.typings(&Peer::new(of));
    let typings = shown("anna");
    stage.says("boris", "1", "вишня").await;
    for gate in &gates[..3] {
        gate.open();
        stage.pass(SignedDuration::from_secs(2)).await;
    }
    assert_eq!((channel.previews.load(Ordering::SeqCst), shown("anna"), shown("boris")), (1, typings, 0));
    gates[3].open();
    soon(channel.sends.until_shown(2)).await;
}

/// A messenger whose previews wait at a gate.
struct SlowPreviews {
    sends: FakeChannel,
    gate: Gate,
}

#[async_trait]
impl Channel for SlowPreviews {
    fn capabilities(&self) -> &Capabilities {
        self.sends.capabilities()
    }

    async fn send(&self, to: &Peer, bubble: &Bubble, id: BubbleId) -> Result<Receipt, SendError> {
        self.sends.send(to, bubble, id).await
    }

    async fn preview(&self, to: &Peer, preview: &Preview) -> Result<(), SendError> {
        self.gate.pass().await;
        self.sends.preview(to, preview).await
    }
}

#[tokio::test]
async fn the_answer_waits_for_a_preview_that_is_on_its_way() {
    let (model, gates) = Slow::saying(&["Вишня есть. Пи", "роги тоже."]);
    let stage = Stage::new();
    let channel = Arc::new(SlowPreviews { sends: FakeChannel::default(), gate: Gate::closed() });
    let bakery = stage.partner(CONFIG).channel(account("telegram"), channel.clone()).model(Arc::new(model));
    stage.engine.serve(bakery);
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    stage.pass(SignedDuration::from_secs(1)).await;
    soon(channel.gate.reached_by(1)).await;
    gates.iter().for_each(Gate::open);
    quiet().await;
    assert_eq!(channel.sends.attempts(), 0);
    channel.gate.open();
    soon(channel.sends.until_shown(1)).await;
    assert_eq!(channel.sends.previews(&anna()).len(), 1);
}

#[tokio::test]
async fn a_preview_is_withdrawn_when_the_model_fails() {
    let (model, gates) = Slow::saying(&["Вишня есть. Пи", "роги тоже."]);
    let model = Slow { fails: Some(ModelError::Truncated), ..model };
    let stage = Stage::new();
    stage.engine.serve(stage.partner(CONFIG).model(Arc::new(model)));
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    stage.pass(SignedDuration::from_secs(1)).await;
    gates.iter().for_each(Gate::open);
    until(|| stage.seen("anna").len() == 1).await;
    let last = stage.telegram.previews(&anna()).pop().unwrap();
    assert_eq!(last.text, "");
    assert!(!stage.seen("anna")[0].contains("Вишня есть"));
}

#[tokio::test]
async fn a_preview_is_withdrawn_when_a_person_takes_over() {
    let (model, _gates) = Slow::saying(&["Вишня есть. Пи", "роги тоже."]);
    let stage = Stage::new();
    stage.engine.serve(stage.partner(CONFIG).model(Arc::new(model)));
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    stage.pass(SignedDuration::from_secs(1)).await;
    assert_eq!(stage.telegram.previews(&anna()).len(), 1);
    stage.team("anna", "2", TeamAction::TakeOver).await;
    until(|| stage.store.mail_waiting() == 0).await;
    assert_eq!(stage.telegram.previews(&anna()).pop().unwrap().text, "");
    assert!(stage.seen("anna").is_empty());
}
