//! What teams have set from their chats otherwise than their files have it, told to whoever edits the files: nobody shall wonder why
//! an edit changes nothing.

use std::borrow::Cow;

use voronka_core::{
    ids::PartnerId,
    ports::{ADJUSTED, StoreError},
    spec::adjust::{Adjustments, Override, Subject},
};

use crate::{adjusted, out, store::Kept, texts::Texts};

/// All that was set of a partner, where no running house need be asked.
pub(crate) async fn all_set(kept: &Kept, partner: &PartnerId) -> Result<Adjustments, StoreError> {
    adjusted::in_values(&kept.values(partner, ADJUSTED).await?)
}

/// Tells whoever edits a partner's files what an edit of them does not change.
pub(crate) fn tell(partner: &PartnerId, overrides: &[Override], texts: &Texts) {
    if overrides.is_empty() {
        return;
    }
    out::note(&texts.get("override-head", &[("partner", Cow::from(partner.to_string()))]));
    for line in lines(overrides, texts) {
        out::note(&line);
    }
    out::note(&texts.get("override-back", &[]));
}

/// A line each.
pub(crate) fn lines(overrides: &[Override], texts: &Texts) -> Vec<String> {
    overrides.iter().map(|one| line(one, texts)).collect()
}

fn line(one: &Override, texts: &Texts) -> String {
    let what = match &one.subject {
        Subject::Name => texts.get("override-name", &[]),
        Subject::Hours => texts.get("override-hours", &[]),
        Subject::Digest => texts.get("override-digest", &[]),
        Subject::Link { name } => texts.get("override-link", &[("name", Cow::from(name.as_str()))]),
        Subject::Told { member, about } => {
            let args = [("member", Cow::from(member.as_str())), ("about", Cow::from(about.as_str()))];
            texts.get("override-told", &args)
        }
    };
    let value = |value: &Option<String>| match (value.as_deref(), &one.subject) {
        (Some("yes"), Subject::Told { .. }) => texts.get("override-yes", &[]),
        (Some("no"), Subject::Told { .. }) => texts.get("override-no", &[]),
        (Some(value), _) => value.to_owned(),
        (None, _) => texts.get("override-nothing", &[]),
    };
    let (filed, set) = (value(&one.filed), value(&Some(one.set.clone())));
    let mut args = vec![("what", Cow::from(what)), ("filed", filed.into()), ("set", set.into())];
    let Some(signature) = &one.signature else { return texts.get("override-unsigned", &args) };
    args.push(("by", signature.by.clone().into()));
    args.push(("at", signature.at.strftime("%F %H:%M UTC").to_string().into()));
    texts.get("override", &args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_file_says_what_holds_and_who_wanted_it_are_told_in_both_languages() {
        let all: Vec<Override> = serde_json::from_str(
            r#"[{"subject": {"of": "digest"}, "filed": "10:00", "set": "12:00",
                 "signature": {"by": "Ольга", "at": "2026-12-01T09:30:00Z"}},
                {"subject": {"of": "hours"}, "set": "Mon–Fri 09:00–18:00"},
                {"subject": {"of": "told", "member": "мастер", "about": "lead.hot"}, "filed": "yes", "set": "no"}]"#,
        )
        .unwrap();
        let russian = [
            "    час сводки: в файле 10:00, действует 12:00 — задано в чате (Ольга, 2026-12-01 09:30 UTC)",
            "    часы работы: в файле не указано, действует Mon–Fri 09:00–18:00 — задано в чате",
            "    уведомления «lead.hot» для мастер: в файле да, действует нет — задано в чате",
        ];
        let english = [
            "    digest hour: 10:00 by the file, 12:00 set in the chat by Ольга on 2026-12-01 09:30 UTC",
            "    working hours: nothing by the file, Mon–Fri 09:00–18:00 set in the chat",
            "    notices of lead.hot to мастер: yes by the file, no set in the chat",
        ];
        assert_eq!(lines(&all, &Texts::russian()), russian);
        assert_eq!(lines(&all, &Texts::english()), english);
    }
}
