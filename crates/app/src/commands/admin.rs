//! `voronka admin`: who may sign in to the owner's pages, and what they did. It works while the house runs.

use std::{borrow::Cow, path::Path, process::ExitCode, sync::Arc};

use serde_json::json;
use voronka_core::{ports::StoreError, spec::partner::PartnerSpec};
use voronka_engine::SystemClock;
use voronka_sqlite::{AuditAnchor, Grant, Inspection, NewUser, User};

use super::unusable;
use crate::{
    admin::Access,
    cli::{AddUser, Admin, AdminUrl, AdminWish, Audit, LinkFor, RemoveUser},
    out::{self, Problem},
    texts::Texts,
    wiring::InstanceKey,
};

/// Who acts, in the audit: whoever may read the data folder.
const BY: &str = "command line";

pub(crate) fn run(wish: Admin, texts: &Texts) -> Result<ExitCode, Problem> {
    let data = wish.data;
    match wish.wish {
        AdminWish::AddUser(wish) => add_user(&data, wish, texts),
        AdminWish::Link(wish) => link(&data, &wish, texts),
        AdminWish::Users => users(&data, texts),
        AdminWish::RemoveUser(wish) => remove_user(&data, &wish, texts),
        AdminWish::Audit(wish) => audit(&data, &wish, texts),
    }
}

fn open(data: &Path) -> Result<Access, Problem> {
    std::fs::create_dir_all(data).map_err(|error| unusable(data, &error))?;
    let key = InstanceKey::of(data).map_err(|error| unusable(data, &error))?;
    Access::open(data, key.access_keys(), Arc::new(SystemClock)).map_err(|error| failed(data)(error))
}

fn failed(data: &Path) -> impl Fn(StoreError) -> Problem + '_ {
    move |error| unusable(data, &error)
}

fn named(key: &'static str, name: &str) -> Problem {
    Problem::new(key, vec![("name", name.to_owned())])
}

fn add_user(data: &Path, wish: AddUser, texts: &Texts) -> Result<ExitCode, Problem> {
    let access = open(data)?;
    let role = wish.role.name().to_owned();
    let grants = wish.partner.into_iter().map(|partner| Grant { partner, role: role.clone() }).collect();
    let user = NewUser { name: wish.name, operator: wish.operator, grants };
    let added = access.add_user(&user, BY).map_err(failed(data))?;
    let id = added.ok_or_else(|| named("admin-name-taken", &user.name).hint("admin-name-taken-hint"))?;
    let url = address(&wish.admin_url, &user.grants, &wish.partners);
    show_link(&access, data, (id, &user.name), &url, texts)
}

/// Where somebody signs in: at the address of the one partner that is theirs, if it has its own.
fn address(common: &AdminUrl, grants: &[Grant], partners: &Path) -> AdminUrl {
    let own = || {
        let [Grant { partner, .. }] = grants else { return None };
        let loaded = voronka_files::load(&partners.join(partner.as_str())).ok()?;
        // Its keys are of no matter here.
        let spec = PartnerSpec::parse(loaded.id, &loaded.files).spec?;
        common.at(&spec.config.branding.admin_domain?)
    };
    own().unwrap_or_else(|| common.clone())
}

fn link(data: &Path, wish: &LinkFor, texts: &Texts) -> Result<ExitCode, Problem> {
    let (access, name) = (open(data)?, wish.name.as_str());
    let user = access.store().user(name).map_err(failed(data))?;
    let user = user.ok_or_else(|| named("admin-no-user", name).hint("admin-no-user-hint"))?;
    let grants = if user.operator { &[] } else { &*user.grants };
    let url = address(&wish.admin_url, grants, &wish.partners);
    show_link(&access, data, (user.id, name), &url, texts)
}

/// The link goes to standard output, alone: it is the one thing here that is secret.
fn show_link(
    access: &Access,
    data: &Path,
    (id, name): (i64, &str),
    url: &AdminUrl,
    texts: &Texts,
) -> Result<ExitCode, Problem> {
    let path = access.make_link(id, name, BY).map_err(failed(data))?;
    let link = url.0.join(&path).map_or_else(|_| path.clone(), |link| link.to_string());
    out::note(&texts.get("admin-link", &[("name", Cow::from(name))]));
    out::line(&link);
    out::note(&texts.get("admin-link-once", &[]));
    Ok(ExitCode::SUCCESS)
}

fn users(data: &Path, texts: &Texts) -> Result<ExitCode, Problem> {
    let users = open(data)?.store().users().map_err(failed(data))?;
    for user in &users {
        out::line(&shown(user, texts));
    }
    if users.is_empty() {
        out::note(&texts.get("admin-nobody", &[]));
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(user: &User, texts: &Texts) -> String {
    let rights = if user.operator {
        "operator".to_owned()
    } else {
        user.grants.iter().map(|grant| format!("{}:{}", grant.partner, grant.role)).collect::<Vec<_>>().join(" ")
    };
    let waits = if user.password.is_none() { texts.get("admin-waits", &[]) } else { String::new() };
    format!("{}  {rights}  {waits}", user.name).trim_end().to_owned()
}

fn remove_user(data: &Path, wish: &RemoveUser, texts: &Texts) -> Result<ExitCode, Problem> {
    if !open(data)?.remove_user(&wish.name, BY).map_err(failed(data))? {
        return Err(named("admin-no-user", &wish.name).hint("admin-no-user-hint"));
    }
    out::note(&texts.get("admin-removed", &[("name", Cow::from(wish.name.as_str()))]));
    Ok(ExitCode::SUCCESS)
}

/// How far the audit was, by the database; `None`: there is none, or nothing was kept in it.
pub(super) fn anchor(data: &Path) -> Option<AuditAnchor> {
    Inspection::open(data.join("voronka.db")).ok()?.audit_anchor()
}

/// Shows the last deeds, and looks whether all of them are as they were written: exit code 2 when not.
fn audit(data: &Path, wish: &Audit, texts: &Texts) -> Result<ExitCode, Problem> {
    let access = open(data)?;
    let checked = access.check_audit(anchor(data).as_ref()).map_err(failed(data))?;
    let count = checked.unwrap_or_else(|tampered| tampered.seq);
    let last = i64::from(wish.last);
    let rows = access.store().audited((count - last).max(0), last).map_err(failed(data))?;
    for row in rows {
        let deed = &row.deed;
        out::line(&if wish.json {
            json!({
                "seq": row.seq, "at": deed.at, "who": deed.who, "partner": deed.partner, "what": deed.what, "about": deed.about,
            })
            .to_string()
        } else {
            let words = [deed.who.as_str(), &deed.partner, &deed.what, &deed.about];
            let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
            format!("{}  {:.0}  {}", row.seq, deed.at, words.join("  "))
        });
    }
    let told = [("count", Cow::from(count.to_string()))];
    if checked.is_err() {
        out::note(&texts.get("admin-audit-tampered", &told));
        return Ok(ExitCode::from(2));
    }
    out::note(&texts.get("admin-audit-sound", &told));
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_address_of_the_one_partner_that_is_somebody_s() {
        let root = tempfile::tempdir().unwrap();
        for (id, branding) in [("korica", "branding: {admin_domain: team.korica.example}\n"), ("sosed", "")] {
            std::fs::create_dir(root.path().join(id)).unwrap();
            let config = format!("name: К\naccounts: {{telegram: {{}}}}\n{branding}");
            std::fs::write(root.path().join(id).join("config.yaml"), config).unwrap();
        }
        let common: AdminUrl = "https://admin.example:8443".parse().unwrap();
        let grant =
            |id: &str| Grant { partner: voronka_core::ids::PartnerId::parse(id).unwrap(), role: "owner".to_owned() };
        let of = |ids: &[&str]| {
            let grants: Vec<Grant> = ids.iter().map(|id| grant(id)).collect();
            address(&common, &grants, root.path()).0.to_string()
        };
        assert_eq!(of(&["korica"]), "https://team.korica.example:8443/");
        for several in [&["korica", "sosed"][..], &["sosed"], &["gone"], &[]] {
            assert_eq!(of(several), "https://admin.example:8443/");
        }
    }
}
