use std::{fs, path::PathBuf};

use clap::ValueEnum;
use secrecy::SecretString;
use voronka_core::contact::Email;
use voronka_email::{Login, MailServerConfig, PATIENCE, Tls};

use crate::out::{Problem, unreadable};

/// The mail server by which teams are told.
#[derive(Debug, Clone, Default, clap::Args)]
#[expect(clippy::struct_field_names, reason = "they are called as the options are")]
pub(crate) struct MailArgs {
    #[arg(long, value_name = "HOST", env = "VORONKA_SMTP_HOST")]
    pub(crate) smtp_host: Option<String>,
    #[arg(long, value_name = "PORT", env = "VORONKA_SMTP_PORT", requires = "smtp_host")]
    smtp_port: Option<u16>,
    #[arg(long, value_name = "HOW", env = "VORONKA_SMTP_TLS", value_enum, default_value_t)]
    smtp_tls: Guard,
    #[arg(long, value_name = "NAME", env = "VORONKA_SMTP_USER", requires = "smtp_password")]
    smtp_user: Option<String>,
    #[arg(
        long,
        value_name = "PASSWORD",
        env = "VORONKA_SMTP_PASSWORD",
        hide_env_values = true,
        requires = "smtp_user"
    )]
    smtp_password: Option<SecretString>,
    #[arg(long, value_name = "EMAIL", env = "VORONKA_SMTP_FROM", value_parser = address)]
    smtp_from: Option<Email>,
    #[arg(long, value_name = "FILE", env = "VORONKA_SMTP_CA")]
    smtp_ca: Option<PathBuf>,
}

/// [`Tls`], as it is written.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Guard {
    #[default]
    Tls,
    Starttls,
    None,
}

impl MailArgs {
    /// The server that is named, if one is.
    ///
    /// # Errors
    /// When it is not known whom letters are from, or the certificates cannot be read.
    pub(crate) fn server(&self) -> Result<Option<MailServerConfig>, Problem> {
        let Some(host) = self.smtp_host.clone() else { return Ok(None) };
        let tls = match self.smtp_tls {
            Guard::Tls => Tls::Whole,
            Guard::Starttls => Tls::Upgraded,
            Guard::None => Tls::None,
        };
        let login = self.smtp_user.clone().zip(self.smtp_password.clone());
        let login = login.map(|(user, password)| Login { user, password });
        // Most servers want both to be one.
        let of_user = || login.as_ref().and_then(|login| Email::parse(&login.user).ok());
        let from = self.smtp_from.clone().or_else(of_user);
        let from = from.ok_or_else(|| Problem::new("problem-smtp-from", vec![]).hint("problem-smtp-from-hint"))?;
        let read = |path: &PathBuf| fs::read(path).map_err(|error| unreadable(path, &error));
        let roots = self.smtp_ca.as_ref().map(read).transpose()?;
        let port = self.smtp_port.unwrap_or_else(|| tls.port());
        Ok(Some(MailServerConfig { host, port, tls, login, from, roots, patience: PATIENCE }))
    }
}

fn address(text: &str) -> Result<Email, &'static str> {
    Email::parse(text).map_err(|_| "bot@example.org")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Wish};

    /// `None`: it is refused.
    fn mail(more: &[&str]) -> Option<MailArgs> {
        let words = ["voronka", "run"];
        match Cli::try_parse_from(words.iter().chain(more)).map(|cli| cli.command) {
            Ok(Wish::Run(run)) => Some(run.mail),
            _ => None,
        }
    }

    fn server(more: &[&str]) -> MailServerConfig {
        mail(more).unwrap().server().unwrap().unwrap()
    }

    #[test]
    fn a_mail_server_is_guarded_unless_stated_and_letters_are_from_whoever_signs_in() {
        assert!(mail(&[]).unwrap().server().unwrap().is_none());
        let host = ["--smtp-host", "smtp.example.org"];
        let signed_in = [&host[..], &["--smtp-user", "bot@example.org", "--smtp-password", "s3cret"]].concat();
        let usual = server(&signed_in);
        assert_eq!((usual.port, usual.tls, usual.from.as_str()), (465, Tls::Whole, "bot@example.org"));
        assert!(!format!("{usual:?}").contains("s3cret"));
        let upgraded = [&signed_in[..], &["--smtp-tls", "starttls", "--smtp-from", "team@example.org"]].concat();
        let upgraded = server(&upgraded);
        assert_eq!((upgraded.port, upgraded.tls, upgraded.from.as_str()), (587, Tls::Upgraded, "team@example.org"));
        assert!(mail(&host).unwrap().server().is_err(), "nobody knows whom letters are from");
        assert!(mail(&[&host[..], &["--smtp-from", "team"]].concat()).is_none());
        assert!(mail(&[&host[..], &["--smtp-user", "bot@example.org"]].concat()).is_none(), "without a password");
    }
}
