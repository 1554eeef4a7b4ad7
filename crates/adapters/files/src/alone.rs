//! A partner's folder that is served among others, or alone.
//!
//! Alone means that the process has one partner: its name and links may then come from variables, and `config.yaml` and `.env`
//! need not be there. What the files say holds; of the variables those of `.env` come first.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use secrecy::ExposeSecret;
use url::Url;
use voronka_core::{
    ids::PartnerId,
    spec::config::{Config, Given, SecretRef},
};

use crate::{
    folder::{FolderError, canonical, read_all},
    load::{self, LoadedPartner},
    secrets::Secrets,
};

/// The name of a partner that nobody has named.
const NAME: &str = "AI-Куратор";
/// The id of a partner that nobody has named.
const ID: &str = "default";

/// What can be said by a variable; the first name is the one to use, the others are old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Variable {
    Id,
    Name,
    Shop,
    Registration,
}

impl Variable {
    const ALL: [Self; 4] = [Self::Id, Self::Name, Self::Shop, Self::Registration];

    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["PARTNER_ID"],
            Self::Name => &["BOT_DISPLAY_NAME"],
            Self::Shop => &["SHOP_LINK", "NL_SHOP_LINK"],
            Self::Registration => &["REGISTRATION_LINK", "NL_REGISTRATION_LINK"],
        }
    }

    /// The first of its names that says something.
    fn among(self, value: impl Fn(&str) -> Option<String>) -> Option<String> {
        let values = self.names().iter().filter_map(|name| value(name));
        values.map(|value| value.trim().to_owned()).find(|value| !value.is_empty())
    }
}

/// A partner's folder, and how it is read.
#[derive(Debug, Clone)]
pub struct PartnerFolder {
    path: PathBuf,
    alone: Option<Arc<Alone>>,
}

/// What is known of a partner that is served alone, whatever its files become.
#[derive(Debug)]
struct Alone {
    id: PartnerId,
    /// Of the process.
    variables: BTreeMap<Variable, String>,
}

impl PartnerFolder {
    /// A folder among others: its name is the partner's id, and nothing but its files counts.
    pub fn named(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), alone: None }
    }

    /// The folder of the only partner; `variable` gives those of the process. The partner's id is `PARTNER_ID` of `.env` or of
    /// the process, else `default`, for as long as the process lives.
    ///
    /// # Errors
    /// When there is no such folder, `.env` cannot be read, or `PARTNER_ID` is no id.
    pub fn alone(path: impl Into<PathBuf>, variable: impl Fn(&str) -> Option<String>) -> Result<Self, FolderError> {
        let path = path.into();
        let secrets = load::secrets(&canonical(&path)?)?;
        let said = Variable::ALL.into_iter().filter_map(|one| Some((one, one.among(&variable)?)));
        let variables: BTreeMap<Variable, String> = said.collect();
        let id = in_env(&secrets, Variable::Id).or_else(|| variables.get(&Variable::Id).cloned());
        let id = PartnerId::parse(id.as_deref().unwrap_or(ID)).map_err(|_| FolderError::PartnerId)?;
        Ok(Self { path, alone: Some(Arc::new(Alone { id, variables })) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose it is, without reading it.
    ///
    /// # Errors
    /// When there is no such folder, or its name is no id.
    pub fn partner(&self) -> Result<PartnerId, FolderError> {
        match &self.alone {
            Some(alone) => Ok(alone.id.clone()),
            None => load::partner_of(&self.path),
        }
    }

    /// Reads and checks it.
    ///
    /// # Errors
    /// When there is no such folder, or its name is no id; what is wrong inside is in [`LoadedPartner::refused`].
    pub fn load(&self) -> Result<LoadedPartner, FolderError> {
        self.load_with(&Secrets::default())
    }

    /// The same for a partner of whom secrets are kept elsewhere, too.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_with(&self, kept: &Secrets) -> Result<LoadedPartner, FolderError> {
        let Some(alone) = &self.alone else { return load::load_with(&self.path, kept) };
        let root = canonical(&self.path)?;
        let (mut files, mut refused) = read_all(&root);
        let secrets = load::secrets(&root);
        let given = alone.given(secrets.as_ref().ok()).unwrap_or_else(|error| {
            refused.push(error);
            Given::default()
        });
        let held = secrets.as_ref().ok().map(|secrets| secrets.clone().beneath(kept));
        files.entry("config.yaml".into()).or_insert_with(|| accounts(held.as_ref()).into());
        Ok(load::checked(alone.id.clone(), files, secrets, kept, refused, &given))
    }

    /// Variables that say otherwise than what holds.
    pub fn overruled(&self, config: &Config, secrets: &Secrets) -> Vec<&'static str> {
        let Some(alone) = &self.alone else { return Vec::new() };
        let holds = |variable| match variable {
            Variable::Id => Some(alone.id.to_string()),
            Variable::Name => Some(config.name.clone()),
            Variable::Shop | Variable::Registration => config.links.get(link(variable)).map(Url::to_string),
        };
        let differs = |variable: &Variable| {
            let said = [in_env(secrets, *variable), alone.variables.get(variable).cloned()];
            said.into_iter().flatten().any(|said| !same(*variable, &said, holds(*variable).as_deref()))
        };
        Variable::ALL.into_iter().filter(differs).map(|variable| variable.names()[0]).collect()
    }
}

impl Alone {
    fn given(&self, secrets: Option<&Secrets>) -> Result<Given, FolderError> {
        let said = |variable| {
            let own = secrets.and_then(|secrets| in_env(secrets, variable));
            own.or_else(|| self.variables.get(&variable).cloned())
        };
        let mut links = BTreeMap::new();
        for variable in [Variable::Shop, Variable::Registration] {
            let Some(said) = said(variable) else { continue };
            let url = address(&said).ok_or(FolderError::Variable { name: variable.names()[0] })?;
            links.insert(link(variable).into(), url);
        }
        let name = said(Variable::Name).unwrap_or_else(|| NAME.to_owned());
        Ok(Given { name: Some(name), links })
    }
}

fn in_env(secrets: &Secrets, variable: Variable) -> Option<String> {
    variable.among(|name| Some(secrets.get(&SecretRef(name.into()))?.expose_secret().to_owned()))
}

/// What texts and buttons call the link.
fn link(variable: Variable) -> &'static str {
    match variable {
        Variable::Registration => "registration",
        Variable::Id | Variable::Name | Variable::Shop => "shop",
    }
}

fn address(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
}

/// One address can be written in more ways than one.
fn same(variable: Variable, said: &str, holds: Option<&str>) -> bool {
    match variable {
        Variable::Id | Variable::Name => Some(said) == holds,
        Variable::Shop | Variable::Registration => address(said).as_ref().map(Url::as_str) == holds,
    }
}

/// What stands for `config.yaml` where there is none: a chat for the site, and a bot where there is a key for it.
fn accounts(secrets: Option<&Secrets>) -> String {
    let tokens = ["TELEGRAM_TOKEN", "BOT_TOKEN"];
    let held = |name: &&str| secrets.is_some_and(|secrets| secrets.get(&SecretRef((*name).into())).is_some());
    let bot = tokens.iter().find(|name| held(name)).map(|name| format!("  telegram: {{token: ${name}}}\n"));
    format!("accounts:\n  web: {{}}\n{}", bot.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn nothing(_name: &str) -> Option<String> {
        None
    }

    fn loaded(folder: &PartnerFolder) -> (Config, Vec<&'static str>) {
        let loaded = folder.load().unwrap();
        assert!(loaded.refused.is_empty(), "{:?}", loaded.refused);
        let spec = loaded.spec.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let overruled = folder.overruled(&spec.config, &loaded.secrets);
        (spec.config, overruled)
    }

    #[test]
    fn an_empty_folder_has_its_defaults() {
        let root = folder(&[]);
        let alone = PartnerFolder::alone(root.path(), nothing).unwrap();
        let (config, overruled) = loaded(&alone);
        assert_eq!((alone.partner().unwrap().as_str(), &*config.name), ("default", "AI-Куратор"));
        assert!(config.links.is_empty() && overruled.is_empty());
        assert_eq!(config.accounts.iter().map(|account| account.id.to_string()).collect::<Vec<_>>(), ["web"]);
    }

    #[test]
    fn env_is_read_first_and_old_names_count() {
        let env =
            "PARTNER_ID=anna\nBOT_DISPLAY_NAME=\"Анна\"\nNL_SHOP_LINK=https://shop.example/\nTELEGRAM_TOKEN=1:a\n";
        let root = folder(&[(".env", env)]);
        let alone = PartnerFolder::alone(root.path(), nothing).unwrap();
        let (config, overruled) = loaded(&alone);
        assert_eq!((alone.partner().unwrap().as_str(), &*config.name), ("anna", "Анна"));
        assert_eq!(config.links["shop"].as_str(), "https://shop.example/");
        assert_eq!(config.accounts.len(), 2);
        assert!(overruled.is_empty());
    }

    #[test]
    fn variables_of_the_process_fill_in_what_the_files_leave_open() {
        let root = folder(&[("config.yaml", "accounts: {web: {}}\n")]);
        let variable = |name: &str| match name {
            "BOT_DISPLAY_NAME" => Some("Борис".to_owned()),
            "NL_REGISTRATION_LINK" => Some("https://join.example".to_owned()),
            _ => None,
        };
        let (config, overruled) = loaded(&PartnerFolder::alone(root.path(), variable).unwrap());
        assert_eq!(config.name, "Борис");
        assert_eq!(config.links["registration"].as_str(), "https://join.example/");
        assert!(overruled.is_empty());
    }

    #[test]
    fn what_the_files_say_holds_and_the_variables_that_say_otherwise_are_named() {
        let config = "name: Корица\nlinks: {shop: https://own.example}\naccounts: {web: {}}\n";
        let env = "SHOP_LINK=https://own.example\nREGISTRATION_LINK=https://env.example\nPARTNER_ID=env\n";
        let root = folder(&[("config.yaml", config), (".env", env)]);
        let variable = |name: &str| match name {
            "BOT_DISPLAY_NAME" => Some("Борис".to_owned()),
            "REGISTRATION_LINK" => Some("https://process.example".to_owned()),
            "PARTNER_ID" => Some("process".to_owned()),
            _ => None,
        };
        let alone = PartnerFolder::alone(root.path(), variable).unwrap();
        let (config, overruled) = loaded(&alone);
        assert_eq!(alone.partner().unwrap().as_str(), "env");
        assert_eq!((&*config.name, config.links["registration"].as_str()), ("Корица", "https://env.example/"));
        assert_eq!(overruled, ["PARTNER_ID", "BOT_DISPLAY_NAME", "REGISTRATION_LINK"]);
    }

    #[test]
    fn what_cannot_be_meant_is_an_error() {
        let root = folder(&[]);
        let said =
            |wanted: &'static str, value: &'static str| move |name: &str| (name == wanted).then(|| value.to_owned());
        let id = PartnerFolder::alone(root.path(), said("PARTNER_ID", "../anna"));
        assert!(matches!(id, Err(FolderError::PartnerId)));
        let link = PartnerFolder::alone(root.path(), said("SHOP_LINK", "shop")).unwrap().load().unwrap();
        assert!(matches!(link.refused[..], [FolderError::Variable { name: "SHOP_LINK" }]) && link.spec.is_none());
        assert!(PartnerFolder::alone(root.path().join("nowhere"), nothing).is_err());
    }

    #[test]
    fn among_others_variables_count_for_nothing() {
        let root = folder(&[]);
        let path = root.path().join("anna");
        fs::create_dir(&path).unwrap();
        fs::write(path.join(".env"), "BOT_DISPLAY_NAME=Анна\n").unwrap();
        let named = PartnerFolder::named(&path);
        assert_eq!(named.partner().unwrap().as_str(), "anna");
        assert!(named.load().unwrap().spec.is_none(), "there is no config.yaml");
    }
}
