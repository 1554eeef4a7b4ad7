use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, civil::Date};
use rustc_hash::FxHashMap;
use voronka_core::{
    capabilities::Capabilities,
    ids::{AccountId, PartnerId},
    message::{ConversationKey, Event, EventKey, Inbound, Peer},
    ports::{Channel, ChatModel, DownloadError, Knowledge, KnownAs, Links},
    spec::config::Role,
    trouble::TroubleNews,
    turn::{DeskPlace, HasModel, Named, Playbook, Setting, TeamAddress, Writer},
};

use crate::{
    book::{self, Book},
    frequent::Frequent,
};

/// A partner with its ports.
pub struct Partner {
    book: Book,
    channels: FxHashMap<AccountId, (Arc<dyn Channel>, Arc<Capabilities>)>,
    model: Option<Arc<dyn ChatModel>>,
    knowledge: Option<Arc<dyn Knowledge>>,
    team: Vec<TeamAddress>,
    links: Option<Arc<dyn Links>>,
}

impl Partner {
    /// A partner without any channel: nothing can be said to anybody yet.
    pub fn new(files: impl Into<Book>) -> Self {
        Self {
            book: files.into(),
            channels: FxHashMap::default(),
            model: None,
            knowledge: None,
            team: Vec::new(),
            links: None,
        }
    }

    /// The same partner by edited files: with its channels, its model and its pages, and a team that is to be told anew.
    #[must_use]
    pub fn edited(&self, files: impl Into<Book>) -> Self {
        Self {
            book: files.into(),
            channels: self.channels.clone(),
            model: self.model.clone(),
            knowledge: self.knowledge.clone(),
            team: Vec::new(),
            links: self.links.clone(),
        }
    }

    /// Without a model.
    #[must_use]
    pub fn no_model(mut self) -> Self {
        self.model = None;
        self
    }

    /// Serves an account through a channel.
    #[must_use]
    pub fn channel(mut self, account: AccountId, channel: Arc<dyn Channel>) -> Self {
        let capabilities = Arc::new(channel.capabilities().clone());
        self.channels.insert(account, (channel, capabilities));
        self
    }

    /// Words answers by a model.
    #[must_use]
    pub fn model(mut self, model: Arc<dyn ChatModel>) -> Self {
        self.model = Some(model);
        self
    }

    /// Answers from pages.
    #[must_use]
    pub fn knowledge(mut self, knowledge: Arc<dyn Knowledge>) -> Self {
        self.knowledge = Some(knowledge);
        self
    }

    /// Tells a member of the team through an account that is served already; one that is not is left out.
    #[must_use]
    pub fn tell(mut self, member: Arc<str>, account: AccountId, peer: Peer) -> Self {
        if let Some((_, capabilities)) = self.channels.get(&account) {
            let capabilities = Arc::clone(capabilities);
            self.team.push(TeamAddress { member, account, peer, capabilities });
        }
        self
    }

    /// Hears who follows its links.
    #[must_use]
    pub fn links(mut self, links: Arc<dyn Links>) -> Self {
        self.links = Some(links);
        self
    }

    /// Where a member of the team is reached first, in a chat if they have one.
    pub(crate) fn way_to(&self, member: &str) -> Option<&TeamAddress> {
        let mut ways = self.team.iter().filter(|way| way.member.to_lowercase() == member.to_lowercase());
        let first = ways.next()?;
        let is_chat = |way: &&TeamAddress| way.capabilities.hears.it();
        Some(if is_chat(&first) { first } else { ways.find(is_chat).unwrap_or(first) })
    }

    /// Mail to the chats of whoever gets the daily summary, if its hour has come on the day of this moment: with the day, so that
    /// it is posted once. A second post of the same mail changes nothing.
    pub fn digest(&self, now: Timestamp) -> Option<(Date, Vec<Inbound>)> {
        let (digest, zone) = (self.book.digest()?, self.book.zone());
        let today = now.to_zoned(zone.clone()).date();
        if digest.due(today, zone) > now {
            return None;
        }
        let chats = self.team.iter().filter(|to| to.member == digest.to);
        let mail = |to: &TeamAddress| Inbound {
            partner: self.id().clone(),
            account: to.account.clone(),
            peer: to.peer.clone(),
            key: EventKey::new(&format!("digest:{today}:{}", to.peer)),
            at: now,
            event: Event::Digest,
        };
        Some((today, chats.map(mail).collect()))
    }

    /// Mail to the owners of what stops a part of the service or does no more, in their chats on accounts that `works` lets
    /// through; where none of them is reached anywhere, to all of the team. A second post of the same mail changes nothing.
    pub fn trouble_mail(&self, news: &TroubleNews, now: Timestamp, works: impl Fn(&AccountId) -> bool) -> Vec<Inbound> {
        let playbook = self.playbook();
        let owners = playbook.spec.config.team.iter().filter(|member| member.role == Role::Owner);
        let owners: Vec<&str> = owners.map(|owner| &*owner.name).collect();
        let is_owner = |to: &TeamAddress| owners.contains(&&*to.member);
        let has_any = self.team.iter().any(is_owner);
        let chats = self.team.iter().filter(|to| (is_owner(to) || !has_any) && works(&to.account));
        let (part, since) = (news.trouble.part(), news.since.as_microsecond());
        let state = if news.until.is_some() { "over" } else { "lasts" };
        let mail = |to: &TeamAddress| {
            let chat = ConversationKey::of(self.id(), &to.account, &to.peer).conversation;
            Inbound {
                partner: self.id().clone(),
                account: to.account.clone(),
                peer: to.peer.clone(),
                key: EventKey::new(&format!("trouble:{part}:{since}:{state}:{chat}")),
                at: now,
                event: Event::Trouble { news: news.clone() },
            }
        };
        chats.map(mail).collect()
    }

    /// Whose ports these are.
    pub fn id(&self) -> &PartnerId {
        self.book.partner()
    }

    /// The partner's files, prepared: read now if they were at rest.
    pub fn playbook(&self) -> Arc<Playbook> {
        self.book.playbook()
    }

    /// [`crate::Engine::rest`].
    pub(crate) fn rest(&self) {
        self.book.rest();
    }

    pub(crate) fn channels(&self) -> impl Iterator<Item = (&AccountId, &Arc<dyn Channel>)> {
        self.channels.iter().map(|(account, (channel, _))| (account, channel))
    }

    /// Reads a file that somebody has sent, through the account that it came by ([`Channel::download`]).
    ///
    /// # Errors
    /// When the account is not the partner's, or its channel does not give the file.
    pub async fn download(&self, account: &AccountId, handle: &str) -> Result<Vec<u8>, DownloadError> {
        self.channel_of(account).ok_or(DownloadError::Gone)?.download(handle).await
    }

    pub(crate) fn channel_of(&self, account: &AccountId) -> Option<&Arc<dyn Channel>> {
        self.channels.get(account).map(|(channel, _)| channel)
    }

    /// Whether its bot is silent, for somebody of the team wants it so.
    pub(crate) fn is_paused(&self) -> bool {
        self.book.is_paused()
    }

    /// How long an account's customers wait for the first words of an answer, and for all of it.
    pub(crate) fn patience(&self, account: &AccountId) -> (SignedDuration, SignedDuration) {
        book::patience(&self.playbook().spec.config, account)
    }

    /// How long an answer may take on any of its accounts.
    pub(crate) fn longest_answer(&self) -> SignedDuration {
        self.book.longest_answer()
    }

    pub(crate) fn chat_model(&self) -> Option<&Arc<dyn ChatModel>> {
        self.model.as_ref()
    }

    /// What its customers were told, that may be told again.
    pub(crate) fn frequent(&self) -> Arc<Frequent> {
        self.book.frequent()
    }

    pub(crate) fn pages(&self) -> Option<&Arc<dyn Knowledge>> {
        self.knowledge.as_ref()
    }

    /// What a customer's turns on an account need to know; `None`: the account is not served.
    pub(crate) fn setting(&self, account: &AccountId) -> Option<Setting> {
        let (_, capabilities) = self.channels.get(account)?;
        Some(Setting {
            playbook: self.playbook(),
            capabilities: Arc::clone(capabilities),
            model: if self.model.is_some() { HasModel::Yes } else { HasModel::No },
            team: Arc::from(self.team.as_slice()),
            links: self.links.clone(),
            writer: None,
        })
    }

    /// What turns of a chat need to know, which may be a member's of the team.
    pub(crate) fn setting_of(&self, account: &AccountId, peer: &Peer) -> Option<Setting> {
        let (channel, _) = self.channels.get(account)?;
        Some(Setting { writer: self.writer(account, &channel.known_as(peer)), ..self.setting(account)? })
    }

    /// The member of the team who writes from a chat that has these names. Whom the file names on a messenger is known on all of the
    /// partner's accounts of it. Where others read along the file must name the place: nobody is shown a customer in a chat that
    /// happens to have a member of the team among many.
    fn writer(&self, account: &AccountId, names: &KnownAs) -> Option<Writer> {
        if self.team.is_empty() {
            return None;
        }
        let playbook = self.playbook();
        let accounts = &playbook.spec.config.accounts;
        let kind = |id: &AccountId| accounts.iter().find(|one| one.id == *id).map(|one| one.channel.kind());
        let here = || self.team.iter().filter(|to| to.account == *account || kind(&to.account) == kind(account));
        let of_team = |of: &[Peer]| of.iter().filter_map(|name| here().find(|to| to.peer == *name)).collect();
        let (person, place): (Vec<&TeamAddress>, Vec<&TeamAddress>) = (of_team(&names.person), of_team(&names.place));
        let desk = if names.place.is_empty() { DeskPlace::Own } else { DeskPlace::Shared };
        if desk == DeskPlace::Shared && place.is_empty() {
            return None;
        }
        let member = Arc::clone(&person.first().or(place.first())?.member);
        let addresses = person.iter().chain(&place).map(|to| to.peer.clone()).collect();
        let of_whom = if person.is_empty() { Named::Place } else { Named::Person };
        Some(Writer { member, addresses, desk, named: of_whom })
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use voronka_core::{
        ids::BubbleId,
        message::Bubble,
        ports::{Malformed, Receipt, SendError},
        spec::partner::{PartnerFiles, PartnerSpec},
        trouble::Trouble,
    };
    use voronka_testkit::channel::FakeChannel;

    use super::*;

    /// A messenger with groups: `group/person` is a person among others.
    #[derive(Default)]
    struct Groups(FakeChannel);

    #[async_trait]
    impl Channel for Groups {
        fn capabilities(&self) -> &Capabilities {
            self.0.capabilities()
        }

        fn known_as(&self, peer: &Peer) -> KnownAs {
            match peer.as_str().split_once('/') {
                Some((group, person)) => KnownAs { person: vec![Peer::new(person)], place: vec![Peer::new(group)] },
                None => KnownAs { person: vec![peer.clone()], place: Vec::new() },
            }
        }

        fn parse(&self, body: &[u8], at: Timestamp) -> Result<Vec<Inbound>, Malformed> {
            self.0.parse(body, at)
        }

        async fn send(&self, to: &Peer, bubble: &Bubble, id: BubbleId) -> Result<Receipt, SendError> {
            self.0.send(to, bubble, id).await
        }
    }

    #[test]
    fn owners_hear_what_stops_the_service_where_an_account_works_and_without_one_the_team_does() {
        let account = |id: &str| AccountId::parse(id).unwrap();
        let told = |roles: &str, works: &dyn Fn(&AccountId) -> bool| {
            let config = format!("name: К\naccounts: {{telegram: {{}}, web: {{}}}}\nteam: {roles}\n");
            let files = PartnerFiles::from([("config.yaml".into(), config.into())]);
            let spec = PartnerSpec::parse(PartnerId::parse("k").unwrap(), &files).spec.unwrap();
            let mut partner = Partner::new(Arc::new(spec));
            for id in ["telegram", "email"] {
                partner = partner.channel(account(id), Arc::new(FakeChannel::default()));
            }
            for (member, id, peer) in
                [("Ольга", "telegram", "3"), ("Ольга", "email", "o@k.example"), ("мастер", "telegram", "2")]
            {
                partner = partner.tell(member.into(), account(id), Peer::new(peer));
            }
            let trouble = Trouble::Unauthorised { account: account("telegram") };
            let news = TroubleNews { trouble, since: Timestamp::UNIX_EPOCH, until: None };
            let mail = partner.trouble_mail(&news, Timestamp::UNIX_EPOCH, works);
            let again = partner.trouble_mail(&news, Timestamp::UNIX_EPOCH, works);
            assert!(mail.iter().zip(&again).all(|(one, other)| one.key == other.key), "a second post changes nothing");
            mail.into_iter().map(|mail| mail.peer.to_string()).collect::<Vec<_>>()
        };
        let team = "{Ольга: {telegram: 3, email: o@k.example, role: owner}, мастер: {telegram: 2}}";
        assert_eq!(told(team, &|_| true), ["3", "o@k.example"]);
        assert_eq!(told(team, &|works| works.as_str() != "telegram"), ["o@k.example"]);
        let ownerless = "{Ольга: {telegram: 3, email: o@k.example}, мастер: {telegram: 2}}";
        assert_eq!(told(ownerless, &|_| true), ["3", "o@k.example", "2"]);
    }

    #[test]
    fn rights_are_those_of_the_person_who_writes_in_a_group_and_never_the_groups() {
        let config = "name: К\naccounts: {telegram: {}}\n\
                      team: {хозяйка: {telegram: -100, role: owner}, мастер: {telegram: 2}, Ольга: {telegram: 3, role: owner}}\n";
        let files = PartnerFiles::from([("config.yaml".into(), config.into())]);
        let spec = PartnerSpec::parse(PartnerId::parse("k").unwrap(), &files).spec.unwrap();
        let account = AccountId::parse("telegram").unwrap();
        let mut partner = Partner::new(Arc::new(spec)).channel(account.clone(), Arc::new(Groups::default()));
        for (member, peer) in [("хозяйка", "-100"), ("мастер", "2"), ("Ольга", "3")] {
            partner = partner.tell(member.into(), account.clone(), Peer::new(peer));
        }
        let known = |peer: &str| {
            let writer = partner.setting_of(&account, &Peer::new(peer)).unwrap().writer;
            writer.map(|writer| (writer.member.to_string(), writer.named))
        };
        assert_eq!(known("-100/7"), Some(("хозяйка".into(), Named::Place)), "whoever is in the group");
        assert_eq!(known("-100/2"), Some(("мастер".into(), Named::Person)), "no owner, though the group is one");
        assert_eq!(known("-100/3"), Some(("Ольга".into(), Named::Person)));
        assert_eq!(known("3"), Some(("Ольга".into(), Named::Person)));
        assert_eq!((known("7"), known("-5/3")), (None, None), "a stranger, and a group that nobody has named");
    }
}
