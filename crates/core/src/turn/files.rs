//! Files and places that customers send: the team gets them as they came, and what the team sends goes to the customer the same way.
//! A messenger's handle of a file is good for the account that it came by; elsewhere a word stands for it.

use jiff::Timestamp;

use super::{TeamAddress, desk, notices::card, telling::Hearing, wording::Wording, work::Work};
use crate::{
    capabilities::Capabilities,
    drawing::Photo,
    ids::AccountId,
    message::{Content, KeptFile, MediaKind},
    rows::{Author, MessageRow, OutboxRow},
    spec::rich::Rich,
};

/// Most files that follow one card.
const FILES_MAX: usize = 5;

/// What a customer sent, as a member of the team is shown it.
pub(super) struct Sent {
    pub(super) words: String,
    file: Option<KeptFile>,
}

impl Sent {
    /// Of one message of an account's customer.
    pub(super) fn of(row: &MessageRow, account: &AccountId) -> Self {
        let as_recorded = |file| Self { words: row.text.clone(), file };
        match serde_json::from_str(&row.body) {
            Ok(Content::Media { kind, file, .. }) if kind != MediaKind::Sticker => {
                as_recorded(Some(KeptFile { account: account.clone(), kind, file }))
            }
            Ok(Content::Location { latitude, longitude }) => {
                Self { words: format!("{} {}", row.text, place(latitude, longitude)), file: None }
            }
            _ => as_recorded(None),
        }
    }

    /// The file, where an account can send it.
    pub(super) fn through(&self, account: &AccountId, can: &Capabilities) -> Option<Photo> {
        self.file.as_ref().filter(|file| passes(file, account, can)).map(|file| Photo::Kept(Box::new(file.clone())))
    }
}

/// Whether an account can send a file again.
pub(super) fn passes(file: &KeptFile, account: &AccountId, can: &Capabilities) -> bool {
    file.account == *account && can.kept_files.it()
}

/// A place as it is written.
pub(super) fn place(latitude: f64, longitude: f64) -> String {
    format!("{latitude:.5}, {longitude:.5}")
}

impl Work {
    /// What a customer said, as a member of the team is shown it.
    pub(super) fn sent(&self, row: &MessageRow) -> Sent {
        Sent::of(row, &self.snap.account)
    }

    /// What the customer says to the person who has the conversation goes to that person's own chat.
    pub(super) fn relayed(&self) -> Vec<OutboxRow> {
        let holder = self.setting.team.iter().filter(|to| self.hearing_of(&to.member) == Hearing::Relayed);
        let said: Vec<Sent> =
            self.messages.iter().filter(|row| row.author == Author::Customer).map(|row| self.sent(row)).collect();
        holder.filter(|to| to.capabilities.hears.it()).flat_map(|to| self.passed_on(to, "relayed", &said)).collect()
    }

    /// The files that came since a member's last card, for whoever does not get them as they come.
    pub(super) fn files_behind_card(&self, to: &TeamAddress, since: Option<Timestamp>) -> Vec<OutboxRow> {
        if self.hearing_of(&to.member) == Hearing::Relayed {
            return Vec::new();
        }
        let files = self.latest_files(since, &to.account, &to.capabilities);
        self.passed_on(to, "file", &files)
    }

    /// The latest files of the customer that an account can send, in their order.
    pub(super) fn latest_files(&self, since: Option<Timestamp>, account: &AccountId, can: &Capabilities) -> Vec<Sent> {
        let rows = self.snap.history.iter().chain(&self.messages).rev();
        let new = rows.take_while(|row| since.is_none_or(|since| row.at > since));
        let own = new.filter(|row| row.author == Author::Customer).map(|row| self.sent(row));
        let mut files: Vec<Sent> = own.filter(|sent| sent.through(account, can).is_some()).take(FILES_MAX).collect();
        files.reverse();
        files
    }

    /// What was said as a member is told it: words together, each file with what was said of it.
    fn passed_on(&self, to: &TeamAddress, of: &str, said: &[Sent]) -> Vec<OutboxRow> {
        let mut parts: Vec<(Option<Photo>, String)> = Vec::new();
        for sent in said.iter().filter(|sent| !sent.words.is_empty()) {
            let file = sent.through(&to.account, &to.capabilities);
            match parts.last_mut() {
                Some((None, words)) if file.is_none() => words.extend(["\n", &sent.words]),
                _ => parts.push((file, sent.words.clone())),
            }
        }
        let lang = self.book.language(None, "");
        let name = self.snap.customer.name.clone().unwrap_or_else(|| desk::Say::Nameless.says(lang));
        let version = self.snap.version.to_string();
        let bubbles = parts.into_iter().enumerate().flat_map(|(n, (file, words))| {
            let text = Rich::plain(format!("{name}: {words}"));
            let buttons = desk::of_talk(self.snap.key.conversation, to, lang);
            card(&self.snap.key, &[&version, of, &n.to_string()], to, (text, file), buttons)
        });
        bubbles.collect()
    }

    /// What stands for a file in the record.
    pub(super) fn file_word(&self, kind: MediaKind, words: &str) -> String {
        format!("{} {words}", self.team_word(Wording::File(kind))).trim().to_owned()
    }
}
