//! The registry: which adapter serves which line of a partner's file. A new messenger, model or store is one line here.

mod models;
mod receiving;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};
use url::Url;
use voronka_core::{
    capabilities::Capabilities,
    ids::{AccountId, PartnerId},
    message::{ConversationKey, Peer},
    ports::{
        Channel, ChatModel, Clock, Directory, Illustrator, KeyValues, Knowledge, Pictures, StoreError, TRANSFER_NOTES,
        Webhook,
    },
    spec::{
        config::{Account, ChannelConfig, Config, EMAIL, Member, Model, Retention, TelegramConfig, Updates, WebConfig},
        partner::PartnerSpec,
    },
};
use voronka_email::{Email, MailServer};
use voronka_engine::{Book, Engine, Partner};
use voronka_files::Secrets;
use voronka_knowledge::KnowledgeIndex;
use voronka_telegram::{Clients, Telegram};
use voronka_web::{Gallery, SessionKey, WebChat};

use self::receiving::Receiving;
use crate::{
    adjusted::Adjusted,
    admin::{Access, AccessKeys},
    arrivals::KeptArrivals,
    drawing::Draughtsman,
    links::{HeardLinks, LinkKey},
    moving,
    observe::Accounts,
    out::Problem,
    partners::Removals,
    secrets::{KeySource, Vault},
    server::MEDIA,
    store::Shelf,
    troubles::Troubles,
};

/// When pages are indexed again that could not be.
const INDEXED_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// What partners are wired to.
pub(crate) struct House {
    pub(crate) engine: Engine,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) knowledge: Arc<dyn Knowledge>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) key: InstanceKey,
    pub(crate) public_url: Option<Url>,
    admin_url: Option<Url>,
    /// What sends mail to teams.
    mail: Option<Arc<MailServer>>,
    /// How it stands with the messengers.
    pub(crate) accounts: Arc<Accounts>,
    /// The data folder.
    data: PathBuf,
    /// What bots ask their messengers through.
    bot_clients: Clients,
    models: models::Models,
    /// Small things that outlive a restart.
    values: Arc<dyn KeyValues>,
    /// Draws what messages show.
    illustrator: Arc<dyn Illustrator>,
    /// Partners' secrets that are kept in the store.
    pub(crate) vault: Vault,
    /// What was set from their teams' chats.
    pub(crate) adjusted: Arc<Adjusted>,
    /// What stops parts of partners' services.
    pub(crate) troubles: Arc<Troubles>,
}

impl House {
    pub(crate) fn new(
        engine: Engine,
        store: Arc<dyn Shelf>,
        knowledge: Arc<dyn Knowledge>,
        clock: Arc<dyn Clock>,
        key: InstanceKey,
        public_url: Option<Url>,
        data: PathBuf,
    ) -> Self {
        let (directory, values): (Arc<dyn Directory>, Arc<dyn KeyValues>) = (store.clone(), store);
        let (accounts, models) = (Arc::default(), models::Models::spending(Arc::clone(&values)));
        let vault = Vault::new(Arc::clone(&values), KeySource::None);
        let illustrator = Arc::new(Draughtsman::default());
        let adjusted = Arc::new(Adjusted::new(Arc::clone(&values)));
        let arrivals = Arc::new(KeptArrivals::new(Arc::clone(&values)));
        let troubles = Arc::new(Troubles::new(Arc::clone(&values)));
        let engine = engine.adjusts(adjusted.clone()).arrivals(arrivals);
        Self {
            engine,
            directory,
            knowledge,
            clock,
            key,
            public_url,
            admin_url: None,
            mail: None,
            accounts,
            data,
            bot_clients: Clients::default(),
            models,
            values,
            illustrator,
            vault,
            adjusted,
            troubles,
        }
    }

    /// Takes everybody's rights to the pages of partners away that were removed since this was last asked, where people sign in;
    /// how many there were.
    pub(crate) fn take_rights_of(&self, removals: &Removals, by: &str) -> Result<usize, StoreError> {
        if removals.is_empty() || !Access::is_in(&self.data) {
            return Ok(0);
        }
        let access = Access::open(&self.data, self.key.access_keys(), Arc::clone(&self.clock))?;
        removals.iter().map(|(partner, times)| access.take_rights_of(partner, *times, by)).sum()
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// With what opens the secrets that are kept in the store.
    pub(crate) fn with_keys(mut self, keys: KeySource) -> Self {
        self.vault = Vault::new(Arc::clone(&self.values), keys);
        self
    }

    /// With the address of the owner's pages.
    pub(crate) fn with_admin_url(mut self, url: Option<Url>) -> Self {
        self.admin_url = url;
        self
    }

    /// With what sends mail to teams.
    pub(crate) fn with_mail(mut self, server: Option<Arc<MailServer>>) -> Self {
        self.mail = server;
        self
    }

    /// Whether a host name is the operator's own, at which all partners are.
    fn is_common(&self, host: &str) -> bool {
        let mut known = self.public_url.iter().chain(&self.admin_url).filter_map(Url::host_str);
        known.any(|common| common.eq_ignore_ascii_case(host))
    }

    /// Whether a partner is being copied from another store, restored or imported, or that was broken off: what is here is not all
    /// of it.
    pub(crate) async fn is_half_copied(&self, partner: &PartnerId) -> bool {
        for note in [moving::PLACE, moving::RESTORE, moving::IMPORT] {
            let noted = self.values.value(partner, TRANSFER_NOTES, note).await;
            if !noted.is_ok_and(|noted| noted.is_none_or(|noted| noted.is_empty())) {
                return true;
            }
        }
        false
    }

    /// A partner's models as one; `None`: it has none.
    pub(crate) fn chain(
        &self,
        spec: &PartnerSpec,
        secrets: &Secrets,
        missing: MissingKeys,
    ) -> Result<Option<Arc<dyn ChatModel>>, Problem> {
        self.models.chain(spec, secrets, missing, &self.clock)
    }

    /// The index that holds a partner's pages: the one that all share, or its own where it has an embedding model, for vectors
    /// are made with the partner's key.
    pub(crate) fn knowledge_of(&self, spec: &PartnerSpec, secrets: &Secrets) -> Result<Arc<dyn Knowledge>, Problem> {
        let Some(embedder) = self.models.embedder(spec, secrets, &self.clock)? else {
            return Ok(Arc::clone(&self.knowledge));
        };
        let folder = self.data.join(format!("index-{}", spec.id));
        let own = KnowledgeIndex::open(&folder).map_err(|error| {
            Problem::new("problem-folder", vec![("path", folder.display().to_string()), ("cause", error.to_string())])
        })?;
        Ok(Arc::new(own.with_embedder(embedder)))
    }
}

/// What one partner adds to the server.
pub(crate) struct Wired {
    pub(crate) partner: PartnerId,
    /// The index that is to hold its pages.
    pub(crate) knowledge: Arc<dyn Knowledge>,
    /// Chats, with the path they are nested at.
    pub(crate) chats: Vec<Arc<WebChat>>,
    /// Pictures that chats show.
    pub(crate) pictures: Arc<dyn Pictures>,
    /// Webhooks, by the secret end of their path.
    pub(crate) webhooks: Vec<Arc<Hook>>,
    /// Telegram accounts that are to be set up once the server listens.
    telegrams: Vec<Arc<TelegramAccount>>,
    /// Whether a model words the answers.
    pub(crate) has_model: bool,
    /// How long its things are kept.
    pub(crate) retention: Retention,
    /// The host name of its chats, where it has one of its own.
    pub(crate) domain: Option<String>,
    /// What no other partner may have.
    pub(crate) claims: Vec<Claim>,
}

/// Something that one partner alone may have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Claim {
    /// A messenger's token, as a digest: two bots with one would answer every customer twice.
    Token([u8; 32]),
    /// A host name.
    Domain(String),
}

impl Claim {
    fn of_token(key: &InstanceKey, kind: &str, token: &SecretString) -> Self {
        Self::Token(key.bytes("claim", &[kind, token.expose_secret()]))
    }
}

/// A bot that is to be listened to.
struct TelegramAccount {
    telegram: Arc<Telegram>,
    /// Whether Telegram calls us, or we poll.
    updates: Updates,
    /// Where it calls us, or did if the file said otherwise before; `None`: we cannot be called, and poll.
    ours: Option<Url>,
    partner: PartnerId,
    account: AccountId,
    /// Its menu: commands without the slash, and what they are for.
    menu: Box<[(String, String)]>,
}

/// A webhook and whose it is.
pub(crate) struct Hook {
    pub(crate) path: Arc<str>,
    pub(crate) partner: PartnerId,
    pub(crate) account: AccountId,
    pub(crate) webhook: Arc<dyn Webhook>,
}

/// What to do with accounts and models whose keys are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MissingKeys {
    /// Leave them out: the demo runs without any.
    LeaveOut,
    /// The files were checked: every key is there.
    AreErrors,
}

/// Sets up channels and models; `book`: what of its files turns are to go by. Nobody is served by it yet, and the index is as it was: see [`index`].
pub(crate) fn wire(
    house: &House,
    spec: &PartnerSpec,
    book: Book,
    pictures: Arc<dyn Pictures>,
    secrets: &Secrets,
    missing: MissingKeys,
) -> Result<(Partner, Wired), Problem> {
    let knowledge = house.knowledge_of(spec, secrets)?;
    let mut partner = Partner::new(book).knowledge(Arc::clone(&knowledge));
    let domain = spec.config.branding.domain.as_deref();
    let links = HeardLinks::at(house.public_url.as_ref(), domain, house.key.links());
    let links = links.with_pages(house.admin_url.as_ref(), spec.config.branding.admin_domain.as_deref());
    partner = partner.links(Arc::new(links));
    let mut wired = Wired {
        partner: spec.id.clone(),
        knowledge,
        chats: Vec::new(),
        pictures,
        webhooks: Vec::new(),
        telegrams: Vec::new(),
        has_model: false,
        retention: spec.config.retention,
        domain: spec.config.branding.domain.clone(),
        claims: Vec::new(),
    };
    for domain in spec.config.branding.domains() {
        wired.claims.push(Claim::Domain(domain.to_owned()));
        if house.is_common(domain) {
            let args = vec![("partner", spec.id.to_string()), ("domain", domain.to_owned())];
            return Err(Problem::new("problem-domain-ours", args));
        }
    }
    if let Some(model) = house.models.chain(spec, secrets, missing, &house.clock)? {
        partner = partner.model(model);
        wired.has_model = true;
    }
    for account in &spec.config.accounts {
        let Some(channel) = channel(house, spec, account, secrets, missing, &mut wired)? else { continue };
        partner = partner.channel(account.id.clone(), channel);
    }
    if wants_mail(&spec.config) {
        if let Some(server) = &house.mail {
            let letters = Email::new(Arc::clone(server), &spec.config.name);
            partner = partner.channel(mailbox(), Arc::new(letters));
        } else {
            warn!(partner = %spec.id, "the team names e-mail, and no mail server is named: VORONKA_SMTP_HOST");
        }
    }
    Ok((with_team(partner, &spec.config), wired))
}

/// Whether anybody of the team is to be told by e-mail.
pub(crate) fn wants_mail(config: &Config) -> bool {
    config.team.iter().any(Member::has_email)
}

/// The account that sends the team's mail: no file names it.
fn mailbox() -> AccountId {
    AccountId::parse(EMAIL).expect("it is an account's name")
}

/// Tells members of the team where their file says, on the accounts that the partner has channels of.
pub(crate) fn with_team(mut partner: Partner, config: &Config) -> Partner {
    for Place { member, account, address, .. } in places(config) {
        partner = partner.tell(Arc::clone(member), account, Peer::new(address));
    }
    partner
}

/// Where a member of the team is told.
pub(crate) struct Place<'a> {
    pub(crate) member: &'a Arc<str>,
    /// The kind of messenger, or [`EMAIL`].
    pub(crate) kind: &'a str,
    /// The account that writes there.
    pub(crate) account: AccountId,
    pub(crate) address: &'a str,
}

/// Where a partner's file has its team told, as far as there is an account that can.
pub(crate) fn places(config: &Config) -> impl Iterator<Item = Place<'_>> {
    let all = config.team.iter().flat_map(|member| member.reach.iter().map(move |way| (&member.name, way)));
    all.filter_map(|(member, (kind, address))| {
        let account = match kind.as_str() {
            EMAIL => Some(mailbox()),
            kind => config.accounts.iter().find(|one| one.channel.kind() == kind).map(|one| one.id.clone()),
        };
        Some(Place { member, kind, account: account?, address })
    })
}

/// Lets the index hold the partner's pages as they are today; when that is to be done again, if
/// one of them has a last day or they could not be indexed. Without an index answers are poorer, but they come.
pub(crate) async fn index(house: &House, spec: &PartnerSpec, knowledge: &dyn Knowledge) -> Option<Timestamp> {
    let zone = &spec.config.zone;
    let today = house.clock.now().to_zoned(zone.clone()).date();
    let pages: Vec<_> = spec.pages.iter().filter(|page| page.valid_on(today)).cloned().collect();
    match knowledge.index(&spec.id, &pages).await {
        Ok(indexed) => info!(partner = %spec.id, ?indexed, "pages are indexed"),
        Err(cause) => {
            error!(partner = %spec.id, %cause, "pages could not be indexed; answering without them");
            return Some(house.clock.now() + INDEXED_AGAIN_AFTER);
        }
    }
    let last = pages.iter().filter_map(|page| page.valid_until).min()?;
    Some(last.tomorrow().ok()?.to_zoned(zone.clone()).ok()?.timestamp())
}

/// The partner's models as one, without a house.
pub(crate) fn model_alone(
    spec: &PartnerSpec,
    secrets: &Secrets,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<dyn ChatModel>>, Problem> {
    models::Models::default().chain(spec, secrets, MissingKeys::LeaveOut, clock)
}

/// Where a model is asked; `None`: its address cannot be read.
pub(crate) fn model_address(model: &Model) -> Option<Url> {
    models::address(model)
}

/// The partner's models as one, those left out whose keys are missing; `None`: there is none.
pub(crate) fn model(
    house: &House,
    spec: &PartnerSpec,
    secrets: &Secrets,
) -> Result<Option<Arc<dyn ChatModel>>, Problem> {
    house.models.chain(spec, secrets, MissingKeys::LeaveOut, &house.clock)
}

/// What the channels of a kind can show, for those that are built in.
pub(crate) fn capabilities(kind: &str) -> Option<&'static Capabilities> {
    match kind {
        "telegram" => Some(&voronka_telegram::CAPABILITIES),
        "web" => Some(&voronka_web::CAPABILITIES),
        _ => None,
    }
}

/// The registry of channels.
fn channel(
    house: &House,
    spec: &PartnerSpec,
    account: &Account,
    secrets: &Secrets,
    missing: MissingKeys,
    wired: &mut Wired,
) -> Result<Option<Arc<dyn Channel>>, Problem> {
    match &account.channel {
        ChannelConfig::Telegram(config) => telegram(house, spec, account, config, secrets, missing, wired),
        ChannelConfig::Web(config) => web(house, spec, account, config, wired).map(Some),
        ChannelConfig::Other(other) => {
            warn!(partner = %spec.id, account = %account.id, kind = other.kind, "this channel is not built in yet");
            Ok(None)
        }
    }
}

fn telegram(
    house: &House,
    spec: &PartnerSpec,
    account: &Account,
    config: &TelegramConfig,
    secrets: &Secrets,
    missing: MissingKeys,
    wired: &mut Wired,
) -> Result<Option<Arc<dyn Channel>>, Problem> {
    let names = [spec.id.as_str(), account.id.as_str()];
    let secret = house.key.secret("telegram", &names);
    let pictures = Arc::clone(&wired.pictures);
    let serving = |own: &mut voronka_telegram::TelegramConfig| {
        own.clients = house.bot_clients.clone();
        own.webhook_secrets = vec![secret];
        own.pictures = Some(pictures);
        own.illustrator = Some(Arc::clone(&house.illustrator));
        own.names = Some(Arc::clone(&house.values));
    };
    let Some(telegram) = bot(spec, account, config, secrets, serving)? else {
        return match missing {
            MissingKeys::LeaveOut => Ok(None),
            MissingKeys::AreErrors => Err(refused(account, format!("{} is not in .env", config.token.0))),
        };
    };
    let telegram = Arc::new(telegram);
    if let Some(token) = secrets.get(&config.token) {
        wired.claims.push(Claim::of_token(&house.key, "telegram", token));
    }
    let path: Arc<str> = house.key.hook(&spec.id, &account.id).expose_secret().into();
    let ours = hook_url(house, &path);
    let (partner, account_id) = (spec.id.clone(), account.id.clone());
    let ours = if config.updates == Updates::Webhook {
        let webhook = telegram.webhook().map_err(|error| refused(account, error.to_string()))?;
        let (partner, account) = (partner.clone(), account_id.clone());
        wired.webhooks.push(Arc::new(Hook { path, partner, account, webhook: Arc::new(webhook) }));
        Some(ours?)
    } else {
        ours.ok()
    };
    wired.telegrams.push(Arc::new(TelegramAccount {
        telegram: Arc::clone(&telegram),
        updates: config.updates,
        ours,
        partner,
        account: account_id,
        menu: menu(spec),
    }));
    Ok(Some(telegram))
}

/// A bot of a partner, set up for what it is to do; `None`: its token is not there.
pub(crate) fn bot(
    spec: &PartnerSpec,
    account: &Account,
    config: &TelegramConfig,
    secrets: &Secrets,
    set_up: impl FnOnce(&mut voronka_telegram::TelegramConfig),
) -> Result<Option<Telegram>, Problem> {
    let Some(token) = secrets.get(&config.token) else { return Ok(None) };
    let mut own = voronka_telegram::TelegramConfig::new(spec.id.clone(), account.id.clone(), token.clone());
    if let Some(api) = &account.api {
        own.api = api.clone();
    }
    if let Some(proxy) = account.proxy.as_ref().and_then(|proxy| secrets.resolve(proxy)) {
        own.proxy = Some(proxy.expose_secret().parse().map_err(|_| refused(account, "the proxy is no URL".into()))?);
    }
    set_up(&mut own);
    Telegram::new(own).map(Some).map_err(|error| refused(account, error.to_string()))
}

/// Flows that have a command, as Telegram's menu shows them.
fn menu(spec: &PartnerSpec) -> Box<[(String, String)]> {
    let of = |flow: &Arc<voronka_core::spec::flow::Flow>| {
        let command = flow.start.commands.first()?.trim_start_matches('/').to_owned();
        let fits = command.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        fits.then(|| (command, flow.title.clone()))
    };
    spec.flows.values().filter_map(of).collect()
}

fn web(
    house: &House,
    spec: &PartnerSpec,
    account: &Account,
    config: &WebConfig,
    wired: &mut Wired,
) -> Result<Arc<dyn Channel>, Problem> {
    let path = match account.id.as_str() {
        "web" => format!("/chat/{}", spec.id),
        other => format!("/chat/{}/{other}", spec.id),
    };
    let mut own = voronka_web::WebConfig::new(spec.id.clone(), account.id.clone(), &path);
    own.origins.clone_from(&config.origins);
    own.color = config.color.or(spec.config.branding.color);
    own.logo = spec.config.branding.logo.as_ref().map(|logo| format!("{MEDIA}/{}/{logo}", spec.id));
    own.greeting.clone_from(&config.greeting);
    own.texts.clone_from(&config.texts);
    own.title.clone_from(&spec.config.name);
    own.bot.clone_from(&spec.config.persona.name);
    own.lang = spec.config.languages.first().copied().unwrap_or_default();
    own.gallery = Some(Gallery {
        base: format!("{MEDIA}/{}", spec.id),
        pictures: Arc::clone(&wired.pictures),
        illustrator: Arc::clone(&house.illustrator),
    });
    let key = SessionKey::new(&house.key.bytes("web", &[spec.id.as_str(), account.id.as_str()]));
    let mailbox = Arc::new(house.engine.clone());
    let chat = WebChat::new(own, key, mailbox, Arc::clone(&house.directory), Arc::clone(&house.clock))
        .map_err(|error| refused(account, error.to_string()))?;
    wired.chats.push(Arc::clone(&chat));
    Ok(chat)
}

fn refused(account: &Account, cause: String) -> Problem {
    Problem::new("problem-account", vec![("account", account.id.to_string()), ("cause", cause)])
        .hint("problem-account-hint")
}

impl Wired {
    /// The host names that are to be its own, of chats and of pages.
    pub(crate) fn domains(&self) -> impl Iterator<Item = &str> {
        self.claims.iter().filter_map(|claim| match claim {
            Claim::Domain(domain) => Some(domain.as_str()),
            Claim::Token(_) => None,
        })
    }

    /// Asks the messengers for their events until `stop`, now that we can take them. A messenger that cannot be reached is
    /// tried again in the background: it must not stop the others.
    pub(crate) fn begin_receiving(&self, house: &Arc<House>, stop: &CancellationToken, tasks: &TaskTracker) {
        for bot in &self.telegrams {
            let receiving = Receiving { bot: Arc::clone(bot), house: Arc::clone(house) };
            let stop = stop.clone();
            tasks.spawn(async move {
                tokio::select! {
                    () = receiving.keep_running() => {}
                    () = stop.cancelled() => {}
                }
                receiving.bot.telegram.stop().await;
            });
        }
    }
}

/// Where a messenger calls us.
fn hook_url(house: &House, path: &str) -> Result<Url, Problem> {
    let nowhere = || Problem::new("problem-no-public-url", vec![]).hint("problem-no-public-url-hint");
    let base = house.public_url.as_ref().ok_or_else(nowhere)?;
    base.join(&format!("hook/{path}")).map_err(|_| nowhere())
}

/// 256 random bits of this installation: what must be secret and stay the same (paths of webhooks, their tokens, sessions)
/// is derived from it, so that nothing more need be kept.
#[derive(Clone)]
pub(crate) struct InstanceKey([u8; 32]);

impl InstanceKey {
    /// Reads the key from `<data>/instance.key`, or makes it.
    pub(crate) fn of(data: &Path) -> std::io::Result<Self> {
        use std::{io::Write, os::unix::fs::OpenOptionsExt};
        let path = data.join("instance.key");
        match std::fs::read(&path) {
            Ok(bytes) => {
                let bytes: [u8; 32] = bytes
                    .try_into()
                    .map_err(|_| std::io::Error::new(std::io::ErrorKind::InvalidData, "instance.key is damaged"))?;
                Ok(Self(bytes))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = Self::random()?;
                let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
                file.write_all(&key.0)?;
                file.sync_all()?;
                Ok(key)
            }
            Err(error) => Err(error),
        }
    }

    /// A key that nobody keeps.
    pub(crate) fn random() -> std::io::Result<Self> {
        use ring::rand::SecureRandom;
        let mut bytes = [0; 32];
        ring::rand::SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| std::io::Error::other("the system gives no random bits"))?;
        Ok(Self(bytes))
    }

    fn bytes(&self, what: &str, names: &[&str]) -> [u8; 32] {
        // A key of any length is taken.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(what.as_bytes());
        for name in names {
            mac.update(&[0]);
            mac.update(name.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    /// The secret end of the path at which an account is called.
    pub(crate) fn hook(&self, partner: &PartnerId, account: &AccountId) -> SecretString {
        self.secret("hook", &[partner.as_str(), account.as_str()])
    }

    /// Whose conversation was erased, for those who have this key.
    pub(crate) fn erasure_mark(&self, key: &ConversationKey) -> String {
        hex::encode(self.bytes("erasure", &[key.partner.as_str(), &key.conversation.to_string()]))
    }

    /// Tells this installation from others, and nothing of the key.
    pub(crate) fn house_mark(&self) -> String {
        hex::encode(self.bytes("house", &[]))
    }

    /// What signs addresses that tell who followed a link.
    pub(crate) fn links(&self) -> LinkKey {
        LinkKey::new(self.bytes("links", &[]))
    }

    /// What whoever reads metrics must know.
    pub(crate) fn metrics_token(&self) -> SecretString {
        self.secret("metrics", &[])
    }

    /// What seals and marks the file of those who may sign in.
    pub(crate) fn access_keys(&self) -> AccessKeys {
        AccessKeys { seal: self.bytes("access seal", &[]), audit: self.bytes("access audit", &[]) }
    }

    /// The key of an installation that has one.
    pub(crate) fn existing(data: &Path) -> Option<Self> {
        let bytes = std::fs::read(data.join("instance.key")).ok()?;
        bytes.try_into().ok().map(Self)
    }

    fn secret(&self, what: &str, names: &[&str]) -> SecretString {
        hex::encode(self.bytes(what, names)).into()
    }
}
