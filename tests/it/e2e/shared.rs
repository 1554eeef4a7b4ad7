//! Two processes share the partners of one database.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Json, Router, extract::State, response::Response, routing::post};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::{
    binary::{Server, command, free_port},
    customer::Customer,
    model::said,
    postgres::database,
    postgres_server::{Database, PostgresServer},
    shop,
    telegram::{Telegram, TelegramCustomer},
    until,
};

/// A model that repeats the marks (`#anna-3#`) of what was said last, as long as its gate is open.
struct Model {
    url: String,
    gate: Arc<Semaphore>,
}

impl Model {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("it listens"));
        let gate = Arc::new(Semaphore::new(64));
        let routes = Router::new().route("/v1/chat/completions", post(answer)).with_state(Arc::clone(&gate));
        tokio::spawn(async move { axum::serve(listener, routes).await.expect("the fake serves") });
        Self { url, gate }
    }

    fn lines(&self) -> String {
        models_at(&self.url)
    }

    async fn shut(&self) {
        self.gate.acquire_many(64).await.expect("it is never closed").forget();
    }

    fn open(&self) {
        self.gate.add_permits(64);
    }
}

fn models_at(url: &str) -> String {
    format!("models:\n  - {{openai: fake, key: $OPENAI_KEY, base_url: \"{url}\", timeout: 5s}}")
}

async fn answer(State(gate): State<Arc<Semaphore>>, Json(request): Json<Value>) -> Response {
    let _open = gate.acquire().await.expect("it is never closed");
    let messages: Vec<&Value> = request["messages"].as_array().into_iter().flatten().collect();
    let last = messages.iter().rev().find(|message| message["role"] == "user").expect("somebody asks");
    let text = last["content"].to_string();
    let mark = text.split('#').nth(1).unwrap_or_default();
    said(&format!("Да, доставка по городу есть. #{mark}#"), request["stream"] == true)
}

/// A database, a messenger, and processes over them.
struct Stage {
    folder: tempfile::TempDir,
    telegram: Telegram,
    model: Model,
    database: Database,
    _server: PostgresServer,
}

impl Stage {
    async fn new() -> Self {
        let server = PostgresServer::running();
        let database = database(&server).await;
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, telegram: Telegram::start().await, model: Model::start().await, database, _server: server }
    }

    fn of(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a process of this name, with files of its own, and the key that all of them have.
    async fn start(&self, name: &str, models: &str) -> Server {
        let home = self.of(name);
        if !home.exists() {
            shop::korica(&home, Some(&self.telegram.url), models);
        }
        let data = home.join("data");
        std::fs::create_dir_all(&data).expect("a folder can be made");
        std::fs::write(data.join("instance.key"), [7; 32]).expect("it can be written");
        let database = self.database.address("voronka_app");
        Server::run_so(&home.join("partners"), &data, free_port(), |command| {
            let peer = command.as_std().get_args().last().expect("its address").to_owned();
            command.args(["--instance", name]).arg("--peer-url").arg(peer).env("DATABASE_URL", database);
        })
        .await
    }

    /// Hands over what the first process serves; the exit code and what was told of it.
    async fn move_from(&self, from: &str, to: &str, watch: &str) -> (Option<i32>, Vec<Value>) {
        let mut command = command();
        command.args(["webhook", "move", "--from", from, "--to", to, "--watch", watch, "--json"]);
        command.env("DATABASE_URL", self.database.address("voronka_app")).stdout(std::process::Stdio::piped());
        let ended = tokio::time::timeout(super::PATIENCE, command.output()).await.expect("it ends").expect("it starts");
        let lines = String::from_utf8(ended.stdout).expect("UTF-8");
        (ended.status.code(), lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
    }

    /// How a process says it stands with the partner.
    async fn state(&self, name: &str) -> Value {
        let mut command = command();
        command.args(["partner", "status", "--json", "--data"]).arg(self.of(name).join("data"));
        command.arg("--partners").arg(self.of(name).join("partners")).stdout(std::process::Stdio::piped());
        let told = command.output().await.expect("it starts").stdout;
        serde_json::from_slice(&told).unwrap_or_default()
    }

    async fn until_state(&self, name: &str, state: &str, by: &str) {
        let look = || async {
            let told = self.state(name).await;
            (told["state"] == state && told["by"] == by).then_some(())
        };
        until(|| format!("{name}: {state} by {by}"), look).await;
    }

    /// Returns when the messenger calls this process.
    async fn until_called_at(&self, server: &Server) {
        let base = server.url("/hook/");
        until(
            || format!("webhook at {base}"),
            || async { self.telegram.webhook().await.0.starts_with(&base).then_some(()) },
        )
        .await;
    }

    fn nothing_waits(&self) {
        for table in ["mailbox", "outbox", "letters"] {
            assert_eq!(self.database.run(&format!("SELECT count(*) FROM voronka.{table}")), "0", "{table}");
        }
    }
}

/// Says things one after another, and counts how often each was answered.
struct Talk {
    customer: TelegramCustomer,
    name: &'static str,
    said: usize,
}

impl Talk {
    fn of(telegram: &Telegram, chat: i64, name: &'static str) -> Self {
        Self { customer: telegram.customer(chat), name, said: 0 }
    }

    async fn say(&mut self) {
        self.said += 1;
        self.customer.say(&format!("А доставка по городу есть? #{}-{}#", self.name, self.said)).await;
    }

    async fn hear(&mut self) {
        self.customer.hear(&[&format!("#{}-{}#", self.name, self.said)]).await;
    }

    /// Each was answered once.
    fn check(&self) {
        let texts = self.customer.texts();
        for n in 1..=self.said {
            let mark = format!("#{}-{n}#", self.name);
            assert_eq!(texts.iter().filter(|text| text.contains(&mark)).count(), 1, "{mark} in {texts:?}");
        }
    }
}

#[tokio::test]
async fn one_of_two_that_is_killed_is_replaced_within_ten_seconds_and_nothing_is_lost_or_doubled() {
    let stage = Stage::new().await;
    let lines = stage.model.lines();
    let mut serving = stage.start("first", &lines).await;
    stage.until_state("first", "serving", "first").await;
    let mut talks: Vec<Talk> =
        [(1, "anna"), (2, "boris"), (3, "clara")].map(|(chat, name)| Talk::of(&stage.telegram, chat, name)).into();
    for (name, next) in [("first", "second"), ("second", "first")] {
        let standing_by = stage.start(next, &lines).await;
        stage.until_state(next, "elsewhere", name).await;
        stage.until_called_at(&serving).await;
        for talk in &mut talks {
            talk.say().await;
            talk.hear().await;
        }
        // Turns are under way when it dies.
        stage.model.shut().await;
        for talk in &mut talks {
            talk.say().await;
        }
        serving.kill().await;
        let killed = Instant::now();
        stage.model.open();
        for talk in &mut talks {
            talk.hear().await;
        }
        let took = killed.elapsed();
        assert!(took < Duration::from_secs(10), "{took:?}");
        stage.until_called_at(&standing_by).await;
        serving = standing_by;
    }
    talks.iter().for_each(Talk::check);
    assert!(serving.stop().await.success());
    stage.nothing_waits();
}

/// What comes while nobody is asked to move waits for nobody: a clean stop hands over at once.
#[tokio::test]
async fn one_that_stops_hands_over_at_once_and_mail_is_taken_by_either() {
    let stage = Stage::new().await;
    let lines = stage.model.lines();
    let first = stage.start("first", &lines).await;
    stage.until_state("first", "serving", "first").await;
    let second = stage.start("second", &lines).await;
    stage.until_state("second", "elsewhere", "first").await;
    stage.until_called_at(&first).await;
    let mut anna = Talk::of(&stage.telegram, 1, "anna");
    anna.say().await;
    anna.hear().await;
    // The messenger calls the one that does not serve: it takes the mail, and the other answers.
    let (url, secret) = stage.telegram.webhook().await;
    let url = url.replace(&first.port.to_string(), &second.port.to_string());
    anna.said += 1;
    let update = anna.customer.words("А доставка по городу есть? #anna-2#");
    let request = super::http().post(url).header("x-telegram-bot-api-secret-token", secret).json(&update);
    assert_eq!(request.send().await.expect("it answers").status(), 200);
    anna.hear().await;
    assert!(first.stop().await.success());
    let stopped = Instant::now();
    stage.until_called_at(&second).await;
    assert!(stopped.elapsed() < Duration::from_secs(5), "{:?}", stopped.elapsed());
    anna.say().await;
    anna.hear().await;
    anna.check();
    assert!(second.stop().await.success());
    stage.nothing_waits();
}

#[tokio::test]
async fn a_live_bot_is_moved_while_its_customers_talk_and_nothing_is_lost_or_doubled() {
    let stage = Stage::new().await;
    let lines = stage.model.lines();
    let first = stage.start("first", &lines).await;
    stage.until_state("first", "serving", "first").await;
    let second = stage.start("second", &lines).await;
    stage.until_state("second", "elsewhere", "first").await;
    stage.until_called_at(&first).await;
    let mut anna = Talk::of(&stage.telegram, 1, "anna");
    let (done, mut is_done) = tokio::sync::oneshot::channel();
    let talk = tokio::spawn(async move {
        // To the end, and once more behind it.
        while is_done.try_recv().is_err() {
            anna.say().await;
            anna.hear().await;
        }
        anna.say().await;
        anna.hear().await;
        anna
    });
    let (code, told) = stage.move_from("first", "second", "2").await;
    assert_eq!((code, told.len()), (Some(0), 1), "{told:?}");
    assert_eq!((&told[0]["event"], &told[0]["instance"]), (&"moved".into(), &"second".into()));
    stage.until_called_at(&second).await;
    done.send(()).expect("she still talks");
    let anna = talk.await.expect("she was answered to the end");
    assert!(anna.said > 2, "{}", anna.said);
    anna.check();
    stage.until_state("first", "elsewhere", "second").await;
    // A visitor of the web chat who comes to the one that does not serve.
    let mut visitor = super::web::WebCustomer::new(&first.url("/chat/korica")).await;
    visitor.say("А доставка по городу есть? #vera-1#").await;
    visitor.hear(&["#vera-1#"]).await;
    stage.nothing_waits();
}

#[tokio::test]
async fn a_bot_comes_back_by_itself_from_a_process_that_does_not_do_well() {
    let stage = Stage::new().await;
    let first = stage.start("first", &stage.model.lines()).await;
    stage.until_state("first", "serving", "first").await;
    // Nobody listens where its model is said to be.
    let second = stage.start("second", &models_at(&format!("http://127.0.0.1:{}/v1", free_port()))).await;
    stage.until_state("second", "elsewhere", "first").await;
    stage.until_called_at(&first).await;
    let moving = stage.move_from("first", "second", "600");
    let asking = async {
        stage.until_called_at(&second).await;
        Talk::of(&stage.telegram, 1, "anna").say().await;
    };
    let ((code, told), ()) = tokio::join!(moving, asking);
    let events: Vec<_> = told.iter().map(|line| line["event"].as_str().unwrap_or_default()).collect();
    assert_eq!((code, events.as_slice()), (Some(1), ["moved", "returned"].as_slice()), "{told:?}");
    assert_eq!(told[1]["why"], "move-failed-model-calls");
    stage.until_state("first", "serving", "first").await;
    stage.until_called_at(&first).await;
    let mut boris = Talk::of(&stage.telegram, 2, "boris");
    boris.say().await;
    boris.hear().await;
    boris.check();
}
