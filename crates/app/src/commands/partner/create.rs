//! `voronka partner create`: a partner's folder from answers, whole and sound or not at all.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{self, BufRead, IsTerminal, Write as _},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use include_dir::{Dir, include_dir};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use voronka_core::{
    ids::{AccountId, PartnerId},
    lang::Lang,
};
use voronka_files::Secrets;
use voronka_postgres::Word;
use voronka_telegram::{CallError, Telegram, TelegramConfig};

use super::super::secret;
use super::answers::{Answers, Topic, of_file};
use crate::{
    cli::{CreatePartner, OneSecret, Partner, Template},
    diagnostics::{self, Look},
    out::{self, Problem, Told, unreadable},
    owner::inherit_owner,
    secrets::{KEY_VARIABLE, KeySource},
    store,
    texts::Texts,
};

/// What the bot's key is called.
const TOKEN: &str = "TELEGRAM_TOKEN";
/// How long a messenger may take to say whose a token is.
const PATIENCE: Duration = Duration::from_secs(5);

static SHOP_RU: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates/shop-ru");
static SHOP_EN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates/shop-en");

/// A partner's files, by their path in its folder.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Makes a folder for each; the first that cannot be made stops it, those before it are there.
pub(super) async fn create(
    wish: &CreatePartner,
    at: &Partner,
    keys: &KeySource,
    texts: &Texts,
) -> Result<ExitCode, Problem> {
    let all = match &wish.from {
        Some(file) => of_file(file, texts.lang())?,
        None => vec![Answers { lang: texts.lang(), ..Answers::default() }],
    };
    if all.len() > 1 && wish.partner.is_some() {
        return Err(Problem::new("partner-create-many", vec![("count", all.len().to_string())]));
    }
    for mut answers in all {
        if let Some(id) = &wish.partner {
            answers.id = Some(id.clone());
        }
        ask(&mut answers, wish, texts)?;
        make(&answers, wish, at, keys, texts).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is missing is asked on a terminal.
fn ask(answers: &mut Answers, wish: &CreatePartner, texts: &Texts) -> Result<(), Problem> {
    if answers.name.is_none() {
        answers.name.clone_from(&wish.name);
    }
    let asks = io::stdin().is_terminal() && wish.from.is_none();
    while asks && answers.id.is_none() {
        match PartnerId::parse(line("partner-ask-id", texts)?.trim()) {
            Ok(id) => answers.id = Some(id),
            Err(error) => out::note(&error.to_string()),
        }
    }
    if asks && answers.name.is_none() {
        answers.name = Some(line("partner-ask-name", texts)?).filter(|name| !name.trim().is_empty());
    }
    if asks && answers.telegram_token.is_none() {
        let token = line("partner-ask-token", texts)?;
        answers.telegram_token = Some(token.trim().to_owned()).filter(|token| !token.is_empty()).map(Into::into);
    }
    Ok(())
}

fn line(question: &str, texts: &Texts) -> Result<String, Problem> {
    out::note(&texts.get(question, &[]));
    let mut answer = String::new();
    match io::stdin().lock().read_line(&mut answer) {
        Ok(1..) => Ok(answer.trim_end().to_owned()),
        Ok(0) | Err(_) => Err(Problem::new("partner-create-broken-off", vec![])),
    }
}

async fn make(
    answers: &Answers,
    wish: &CreatePartner,
    at: &Partner,
    keys: &KeySource,
    texts: &Texts,
) -> Result<(), Problem> {
    let missing = |what: &str| {
        Problem::new("partner-create-missing", vec![("what", what.to_owned())]).hint("partner-create-missing-hint")
    };
    let id = answers.id.as_ref().ok_or_else(|| missing("id"))?;
    let name = answers.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).ok_or_else(|| missing("name"))?;
    let folder = at.partners.join(id.as_str());
    if folder.exists() {
        return Err(Problem::new("partner-create-exists", vec![("path", folder.display().to_string())]));
    }
    let bot = match &answers.telegram_token {
        Some(token) if !wish.offline => whose(id, token).await?,
        Some(_) | None => Bot::NotAsked,
    };
    let token = answers.telegram_token.as_ref();
    let sealed = token.filter(|_| !matches!(keys, KeySource::None));
    let files = files(answers, name, wish.template, if sealed.is_some() { None } else { token });
    let listed: Vec<String> = files.keys().map(|path| path.display().to_string()).collect();
    if !wish.dry_run {
        let kept = Secrets::kept(sealed.map(|token| (TOKEN.to_owned(), token.clone())));
        let staged = Staged::checked(&at.partners, id, &files, &kept, texts)?;
        let stops = store::stops(&at.data, at.database.as_ref()).await?;
        // One of its name may have been removed: nobody makes half of this one of what they know of that one.
        stops.say(id, Word::Stop).await?;
        if let Some(token) = sealed {
            let one = OneSecret { partner: id.clone(), name: TOKEN.parse().expect("the constant is a name") };
            secret::keep(&at.data, at.database.as_ref(), &one, token, keys).await?;
        }
        staged.reveal(&folder)?;
        stops.say(id, Word::Admit).await?;
        stops.say(id, Word::Start).await?;
    }
    match Told::of(at.json) {
        Told::ToPrograms => {
            let made = json!({ "partner": id, "folder": folder, "files": listed, "bot": bot.name(),
                "sealed": sealed.is_some(), "written": !wish.dry_run, "unread": answers.unread });
            out::line(&made.to_string());
        }
        Told::ToPeople => {
            if token.is_some() {
                let key = if sealed.is_some() { "partner-create-sealed" } else { "partner-create-open" };
                out::note(&texts.get(key, &[("variable", KEY_VARIABLE.into())]));
            }
            tell(answers, id, &folder, &listed, &bot, wish, texts);
        }
    }
    Ok(())
}

fn tell(
    answers: &Answers,
    id: &PartnerId,
    folder: &Path,
    listed: &[String],
    bot: &Bot,
    wish: &CreatePartner,
    texts: &Texts,
) {
    let args = |more: String| {
        [
            ("partner", Cow::from(id.to_string())),
            ("dir", Cow::from(folder.display().to_string())),
            ("more", Cow::from(more)),
        ]
    };
    if !answers.unread.is_empty() {
        out::note(&texts.get("partner-create-unread", &args(answers.unread.join(", "))));
    }
    match bot {
        Bot::Known(name) => out::note(&texts.get("partner-create-bot", &args(name.clone()))),
        Bot::Silent => out::note(&texts.get("partner-create-silent", &args(String::new()))),
        Bot::NotAsked => {}
    }
    let key = if wish.dry_run { "partner-create-would" } else { "partner-created" };
    out::note(&texts.get(key, &args(listed.join(", "))));
}

/// Whose a token is.
enum Bot {
    NotAsked,
    /// The messenger cannot be reached from here.
    Silent,
    Known(String),
}

impl Bot {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Known(name) => Some(name),
            Self::NotAsked | Self::Silent => None,
        }
    }
}

async fn whose(id: &PartnerId, token: &SecretString) -> Result<Bot, Problem> {
    let refused =
        |cause: String| Problem::new("partner-create-token", vec![("cause", cause)]).hint("partner-create-token-hint");
    let account = AccountId::parse("telegram").map_err(|error| refused(error.to_string()))?;
    let telegram = Telegram::new(TelegramConfig::new(id.clone(), account, token.clone()))
        .map_err(|error| refused(error.to_string()))?;
    match tokio::time::timeout(PATIENCE, telegram.get_me()).await {
        Ok(Ok(bot)) => Ok(Bot::Known(bot.username.map_or_else(|| bot.first_name, |name| format!("@{name}")))),
        Ok(Err(CallError::Answered { code, .. })) if code == 401 || code == 404 => Err(refused(code.to_string())),
        Ok(Err(_)) | Err(_) => Ok(Bot::Silent),
    }
}

/// The folder's files; `token`: what `.env` is to have.
fn files(answers: &Answers, name: &str, template: Template, token: Option<&SecretString>) -> Files {
    let mut files = Files::new();
    if template == Template::Shop {
        let template = match answers.lang {
            Lang::Ru => &SHOP_RU,
            Lang::En => &SHOP_EN,
        };
        add(&mut files, template, name);
    }
    files.insert("config.yaml".into(), config(answers, name, template).into_bytes());
    if let Some(token) = token {
        files.insert(".env".into(), format!("{TOKEN}={}\n", quoted(token.expose_secret())).into_bytes());
    }
    files.insert("knowledge/o-nas.md".into(), page(answers, name).into_bytes());
    files
}

fn add(files: &mut Files, folder: &Dir<'_>, name: &str) {
    for file in folder.files() {
        let text = String::from_utf8_lossy(file.contents()).replace("%NAME%", name);
        files.insert(file.path().to_path_buf(), text.into_bytes());
    }
    folder.dirs().for_each(|dir| add(files, dir, name));
}

/// A value in single quotes, as `.env` takes it literally.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', ""))
}

/// A text as YAML and JSON both read it.
fn yaml(text: &str) -> String {
    json!(text).to_string()
}

fn config(answers: &Answers, name: &str, template: Template) -> String {
    let mut text = String::from("# yaml-language-server: $schema=../../schemas/config.json\n");
    let lang = match answers.lang {
        Lang::Ru => "ru",
        Lang::En => "en",
    };
    let mut put = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    put(format!("name: {}", yaml(name)));
    put(format!("languages: [{lang}]"));
    if let Some(zone) = &answers.zone {
        put(format!("zone: {}", yaml(zone)));
    }
    if !answers.links.is_empty() {
        let links: Vec<String> = answers.links.iter().map(|(name, url)| format!("{name}: {}", yaml(url))).collect();
        put(format!("links: {{{}}}", links.join(", ")));
    }
    put("accounts:".into());
    put("  web: {}".into());
    if answers.telegram_token.is_some() {
        put("  telegram: {token: $TELEGRAM_TOKEN}".into());
    }
    if template == Template::Shop {
        put("contact: {consent: texts/consent.md, version: \"1\", need: [phone]}".into());
    }
    text
}

fn page(answers: &Answers, name: &str) -> String {
    let lang = answers.lang;
    let title = match lang {
        Lang::Ru => "О нас",
        Lang::En => "About us",
    };
    let mut text = format!("---\ntitle: {}\n---\n", yaml(title));
    let about = answers.pages.get(&Topic::About).map_or_else(|| format!("{name}."), Clone::clone);
    text.push_str(&about);
    text.push('\n');
    for (topic, answer) in answers.pages.iter().filter(|(topic, _)| **topic != Topic::About) {
        let _written = write!(text, "\n## {}\n{answer}\n", topic.heading(lang));
    }
    text
}

/// A folder beside its place, so that nobody ever finds half of it; what is not sound does not stay.
struct Staged {
    _beside: tempfile::TempDir,
    folder: PathBuf,
}

impl Staged {
    fn checked(partners: &Path, id: &PartnerId, files: &Files, kept: &Secrets, texts: &Texts) -> Result<Self, Problem> {
        let failed = |error: &io::Error| unreadable(partners, error);
        fs::create_dir_all(partners).map_err(|error| failed(&error))?;
        let beside = tempfile::Builder::new().prefix(".new-").tempdir_in(partners).map_err(|error| failed(&error))?;
        let folder = beside.path().join(id.as_str());
        for (path, bytes) in files {
            write(&folder.join(path), bytes).map_err(|error| failed(&error))?;
        }
        let loaded = voronka_files::load_with(&folder, kept).map_err(|error| unreadable(&folder, &error))?;
        if loaded.spec.is_none() {
            let told = diagnostics::Told::new(&loaded.diagnostics, &loaded.files, "", texts);
            told.lines("", Look::Plain, texts).for_each(|line| out::note(&line));
            return Err(Problem::new("partner-create-unsound", vec![]).hint("partner-create-unsound-hint"));
        }
        inherit_owner(beside.path()).map_err(|error| failed(&error))?;
        Ok(Self { _beside: beside, folder })
    }

    fn reveal(self, place: &Path) -> Result<(), Problem> {
        fs::rename(&self.folder, place).map_err(|error| unreadable(place, &error))
    }
}

/// Secrets are for their owner's eyes alone.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mode = if path.ends_with(".env") { 0o600 } else { 0o644 };
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::{
        cli::PartnerWish,
        secrets::{self, MasterKey},
    };

    fn wish(template: Template) -> CreatePartner {
        CreatePartner { partner: None, name: None, from: None, template, offline: true, dry_run: false }
    }

    fn answers(id: &str, name: &str, lang: Lang) -> Answers {
        Answers { id: PartnerId::parse(id).ok(), name: Some(name.into()), lang, ..Answers::default() }
    }

    fn at(partners: &Path) -> Partner {
        Partner {
            wish: PartnerWish::List,
            partners: partners.to_path_buf(),
            alone: None,
            data: partners.join("data"),
            database: None,
            json: true,
        }
    }

    async fn made(answers: &Answers, wish: &CreatePartner, partners: &Path) -> Result<(), Problem> {
        make(answers, wish, &at(partners), &KeySource::None, &Texts::english()).await
    }

    #[tokio::test]
    async fn with_a_key_the_bots_token_is_sealed_in_the_store_and_in_no_file() {
        let partners = tempfile::tempdir().unwrap();
        let keys = KeySource::Variable(MasterKey::fresh().unwrap().text());
        let mut anna = answers("anna", "Анна", Lang::Ru);
        anna.telegram_token = Some("1:secret-token".to_owned().into());
        make(&anna, &wish(Template::Answers), &at(partners.path()), &keys, &Texts::english()).await.unwrap();
        assert!(!partners.path().join("anna/.env").exists());
        let anna = anna.id.unwrap();
        let rows = secrets::rows(&partners.path().join("data"), None, &anna).await.unwrap();
        let kept = secrets::opened(&anna, &rows, &keys).unwrap();
        assert!(kept.same(&Secrets::of([(TOKEN, "1:secret-token")])));
        let loaded = voronka_files::load_with(&partners.path().join("anna"), &kept).unwrap();
        assert!(loaded.spec.is_some(), "{:?}", loaded.diagnostics);
        for entry in fs::read_dir(partners.path().join("data")).unwrap() {
            let path = entry.unwrap().path();
            let bytes = if path.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            assert!(!bytes.windows(12).any(|at| at == b"secret-token"), "{}", path.display());
        }
    }

    #[tokio::test]
    async fn every_template_is_sound_in_both_languages_whatever_the_name() {
        let partners = tempfile::tempdir().unwrap();
        for (n, name) in ["Корица", "a: b # c", "\"'{}[]&*!|>%@`", "- 1\\n"].into_iter().enumerate() {
            for (template, lang) in [Template::Answers, Template::Shop].into_iter().zip([Lang::Ru, Lang::En]) {
                let id = format!("p{n}-{lang:?}").to_lowercase();
                let mut answers = answers(&id, name, lang);
                answers.telegram_token = Some("1:a'$b".to_owned().into());
                answers.pages.insert(Topic::Hours, "9–18".into());
                answers.links.insert("shop", "https://a.example/?a=b#c".into());
                made(&answers, &wish(template), partners.path()).await.unwrap();
                let loaded = voronka_files::load(&partners.path().join(&id)).unwrap();
                assert_eq!(loaded.diagnostics, [], "{name}");
                assert_eq!(loaded.spec.unwrap().config.name, name);
            }
        }
        let env = fs::metadata(partners.path().join("p0-ru/.env")).unwrap();
        assert_eq!(env.permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn what_cannot_be_made_leaves_nothing_behind() {
        let partners = tempfile::tempdir().unwrap();
        let mut bad = answers("anna", "Анна", Lang::Ru);
        bad.zone = Some("Mars/Olympus".into());
        assert!(made(&bad, &wish(Template::Answers), partners.path()).await.is_err());
        assert!(made(&answers("anna", " ", Lang::Ru), &wish(Template::Answers), partners.path()).await.is_err());
        assert!(made(&answers("../x", "Анна", Lang::Ru), &wish(Template::Answers), partners.path()).await.is_err());
        let dry = CreatePartner { dry_run: true, ..wish(Template::Shop) };
        made(&answers("anna", "Анна", Lang::Ru), &dry, partners.path()).await.unwrap();
        assert_eq!(fs::read_dir(partners.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_folder_that_is_there_is_left_alone() {
        let partners = tempfile::tempdir().unwrap();
        made(&answers("anna", "Анна", Lang::Ru), &wish(Template::Answers), partners.path()).await.unwrap();
        assert!(made(&answers("anna", "Другая", Lang::Ru), &wish(Template::Answers), partners.path()).await.is_err());
        let config = fs::read_to_string(partners.path().join("anna/config.yaml")).unwrap();
        assert!(config.contains("Анна") && !config.contains("Другая"));
    }
}
