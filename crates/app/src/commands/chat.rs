//! `voronka chat`: a conversation in the terminal.

use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

use tokio::io::{AsyncBufReadExt, BufReader};
use voronka_core::{
    ids::AccountId,
    message::{Content, ConversationKey, Event, EventKey, Inbound, Peer, Profile},
    spec::partner::PartnerSpec,
};
use voronka_engine::Partner;
use voronka_files::Secrets;

use super::{Opening, Premises, demo, folder_of, kept_of, open, unreadable};
use crate::{
    cli::Chat,
    out::{self, Problem},
    secrets::KeySource,
    terminal::Terminal,
    texts::Texts,
    wiring,
};

/// How long an answer may take before the next line is read all the same.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// How often it is looked whether all is printed.
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(crate) async fn run(wish: Chat, keys: &KeySource, texts: &Texts) -> Result<ExitCode, Problem> {
    let (spec, secrets) = load(&wish, keys).await?;
    let throw_away = tempfile::tempdir().map_err(|error| unreadable(Path::new("."), &error))?;
    let data = wish.data.as_deref().unwrap_or(throw_away.path());
    let opening = Opening { database: wish.database.as_ref(), keys: keys.clone(), ..Opening::default() };
    let premises = open(data, opening).await?;
    let (terminal, account) = (Arc::new(Terminal), terminal_account());
    serve(&premises, spec, &secrets, &terminal, &account).await?;
    premises.house.engine.start().await.map_err(|error| unreadable(data, &error))?;
    out::note(&texts.get("chat-hint", &[]));
    let customer = wish.customer.unwrap_or_else(|| "terminal".into());
    talk(&premises, &account, &customer, &wish.partner).await?;
    premises.house.engine.stop().await;
    premises.sharing.leave().await;
    Ok(ExitCode::SUCCESS)
}

fn terminal_account() -> AccountId {
    AccountId::parse("terminal").expect("the constant is an account id")
}

async fn load(wish: &Chat, keys: &KeySource) -> Result<(PartnerSpec, Secrets), Problem> {
    let partner = wish.partner.as_str();
    let folder = match folder_of(partner) {
        Ok(folder) => folder,
        // Away from any folder of partners there is still the one that the binary carries.
        Err(_) if partner == "korica" => return demo::partner(),
        Err(problem) => return Err(problem),
    };
    let files = voronka_files::read(&folder).map_err(|error| unreadable(&folder, &error))?;
    let data = wish.data.as_deref().unwrap_or(Path::new("data"));
    let kept = kept_of(&folder, data, wish.database.as_ref(), keys).await?;
    let loaded = voronka_files::load_with(&folder, &kept).map_err(|error| unreadable(&folder, &error))?;
    // Keys of messengers are not needed here: the terminal is the messenger.
    let spec = PartnerSpec::parse(loaded.id.clone(), &files).spec.ok_or_else(|| {
        let args = vec![
            ("partner", partner.to_owned()),
            ("count", loaded.diagnostics.len().to_string()),
            ("dir", folder.display().to_string()),
        ];
        Problem::new("problem-partner-broken", args).hint("problem-partner-broken-hint")
    })?;
    Ok((spec, loaded.secrets))
}

async fn serve(
    premises: &Premises,
    spec: PartnerSpec,
    secrets: &Secrets,
    terminal: &Arc<Terminal>,
    account: &AccountId,
) -> Result<(), Problem> {
    let house = &premises.house;
    let spec = Arc::new(spec);
    let knowledge = house.knowledge_of(&spec, secrets)?;
    wiring::index(house, &spec, &*knowledge).await;
    let mut partner = Partner::new(Arc::clone(&spec)).knowledge(knowledge);
    if let Some(model) = wiring::model(house, &spec, secrets)? {
        partner = partner.model(model);
    }
    premises.hold(&spec.id).await;
    house.engine.serve(partner.channel(account.clone(), terminal.clone()));
    Ok(())
}

/// Ready when all that was said is answered and printed.
async fn quiet(
    premises: &Premises,
    key: &ConversationKey,
    changes: &mut tokio::sync::broadcast::Receiver<voronka_engine::Change>,
) {
    loop {
        let answered = premises.store.mail(key, 1).await.is_ok_and(|mail| mail.is_empty());
        let printed = premises.store.unsent(i64::MIN, 1).await.is_ok_and(|rows| rows.is_empty());
        if answered && printed {
            return;
        }
        // A commit, or a bubble that was printed meanwhile: either way it is looked at again.
        let _woken = tokio::time::timeout(LOOK_EVERY, changes.recv()).await;
    }
}

async fn talk(premises: &Premises, account: &AccountId, customer: &str, partner: &str) -> Result<(), Problem> {
    let engine = &premises.house.engine;
    let clock = &premises.house.clock;
    let name =
        Path::new(partner).file_name().map_or_else(|| partner.to_owned(), |name| name.to_string_lossy().into_owned());
    let id = voronka_core::ids::PartnerId::parse(&name)
        .map_err(|_| Problem::new("problem-partner-missing", vec![("partner", name.clone())]))?;
    let key = ConversationKey::of(&id, account, &Peer::new(customer));
    let mut input = BufReader::new(tokio::io::stdin());
    let mut line = Vec::new();
    let mut changes = engine.changes();
    while input.read_until(b'\n', &mut line).await.map_err(|error| unreadable(Path::new("-"), &error))? > 0 {
        // A terminal in another encoding shows garbage; it does not end the talk.
        let said = String::from_utf8_lossy(&std::mem::take(&mut line)).into_owned();
        let text = said.trim();
        if text.is_empty() {
            continue;
        }
        let now = clock.now();
        let content = match text.strip_prefix('/') {
            Some(command) => {
                let (name, args) = command.split_once(' ').unwrap_or((command, ""));
                Content::Command { name: name.to_lowercase(), args: args.to_owned() }
            }
            None => Content::Text { text: text.to_owned() },
        };
        let inbound = Inbound {
            partner: id.clone(),
            account: account.clone(),
            peer: Peer::new(customer),
            key: EventKey::new(&now.as_nanosecond().to_string()),
            at: now,
            event: Event::Customer { content, profile: Profile::default() },
        };
        engine.receive(inbound).await.map_err(|error| {
            Problem::new("problem-folder", vec![("path", name.clone()), ("cause", error.to_string())])
        })?;
        let quiet = quiet(premises, &key, &mut changes);
        let _late = tokio::time::timeout(ANSWER_WITHIN, quiet).await;
    }
    Ok(())
}
