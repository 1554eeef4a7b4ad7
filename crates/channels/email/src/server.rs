//! The dialogue with a mail server (RFC 5321), a connection a letter. It is led step by step, for what was not handed over whole may
//! be sent again, and after that nobody knows.

use std::{error::Error as _, fmt, future::Future, time::Duration};

use lettre::{
    Address,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
    },
};
use secrecy::ExposeSecret;
use tokio::{sync::Semaphore, time::timeout};
use voronka_core::ports::SendError;

use crate::{
    config::{BadMailServer, MailServerConfig, Tls},
    letter::{Letter, address},
};

/// Letters that are given to the server at once.
const AT_ONCE: usize = 4;
/// How long a letter waits for the others.
const WAITS: Duration = Duration::from_secs(5);
/// How long a good-bye may take: it changes nothing.
const GOOD_BYE: Duration = Duration::from_secs(1);

/// A mail server, for all partners of a house.
pub struct MailServer {
    config: MailServerConfig,
    pub(crate) from: Address,
    tls: Option<TlsParameters>,
    hello: ClientId,
    seats: Semaphore,
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailServer({}:{})", self.config.host, self.config.port)
    }
}

/// Why a letter was not sent. No text of the server's is kept: it names addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// There was no connection, or none that can be trusted; the cause.
    #[error("the mail server cannot be reached: {0}")]
    Unreachable(String),
    /// It takes nothing for now: its reply.
    #[error("the mail server takes nothing now: {0}")]
    Busy(Reply),
    /// It does not let us in.
    #[error("the mail server does not accept the sign-in")]
    Unauthorised,
    /// It does not take this letter: its reply.
    #[error("the mail server refuses: {0}")]
    Refused(Reply),
    /// The letter was handed over whole, and nothing was said.
    #[error("no answer from the mail server")]
    Unanswered,
}

/// A server's reply: its code, and the enhanced one where it gives one (RFC 3463).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    enhanced: Option<String>,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        self.enhanced.iter().try_for_each(|enhanced| write!(f, " {enhanced}"))
    }
}

impl Reply {
    /// Of an error, if the server has said something.
    fn of(error: &Error) -> Option<Self> {
        let code = error.status()?.to_string().parse().ok()?;
        let said = error.source().map(ToString::to_string).unwrap_or_default();
        let enhanced = said.split_whitespace().next().filter(|word| is_enhanced(word)).map(str::to_owned);
        Some(Self { code, enhanced })
    }
}

/// `5.1.1`.
fn is_enhanced(word: &str) -> bool {
    let numbers: Vec<&str> = word.split('.').collect();
    let is_number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    numbers.len() == 3 && numbers.iter().all(is_number)
}

impl MailError {
    /// Of a step before the letter was handed over.
    fn before(error: &Error) -> Self {
        match Reply::of(error) {
            Some(reply) if matches!(reply.code, 530 | 534 | 535 | 538) => Self::Unauthorised,
            Some(reply) if reply.code < 500 => Self::Busy(reply),
            Some(reply) => Self::Refused(reply),
            None => Self::Unreachable(innermost(error)),
        }
    }

    /// Of a step before the server was told whom a letter is for: what it refuses then is us, and that can be mended.
    fn at_the_door(error: &Error) -> Self {
        match Self::before(error) {
            Self::Refused(reply) => Self::Busy(reply),
            other => other,
        }
    }

    /// Of the letter itself.
    fn of_letter(error: &Error) -> Self {
        match Reply::of(error) {
            Some(_) => Self::before(error),
            None => Self::Unanswered,
        }
    }
}

impl From<MailError> for SendError {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Unreachable(_) | MailError::Busy(_) => Self::Unavailable(error.to_string()),
            MailError::Unauthorised => Self::Unauthorised,
            MailError::Refused(_) => Self::Refused(error.to_string()),
            MailError::Unanswered => Self::Unanswered(error.to_string()),
        }
    }
}

fn innermost(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

impl MailServer {
    /// Sets it up; nothing is sent.
    ///
    /// # Errors
    /// When no letter could ever be sent so.
    pub fn new(config: MailServerConfig) -> Result<Self, BadMailServer> {
        if config.tls == Tls::None && !config.is_here() {
            return Err(BadMailServer::Unguarded(config.host));
        }
        let from = address(config.from.as_str()).ok_or(BadMailServer::From)?;
        let tls = match config.tls {
            Tls::None => None,
            Tls::Whole | Tls::Upgraded => Some(parameters(&config)?),
        };
        Ok(Self { from, tls, hello: ClientId::default(), seats: Semaphore::new(AT_ONCE), config })
    }

    /// Whether it lets us in and takes our address: name, connection, TLS, sign-in, sender. No letter is sent.
    ///
    /// # Errors
    /// When it does not.
    pub async fn probe(&self) -> Result<(), MailError> {
        let mut connection = self.open().await?;
        self.begin(&mut connection).await?;
        leave(&mut connection).await;
        Ok(())
    }

    /// Gives it a letter.
    pub(crate) async fn deliver(&self, letter: &Letter) -> Result<(), MailError> {
        let seat = timeout(WAITS, self.seats.acquire()).await;
        let Ok(Ok(_seat)) = seat else { return Err(MailError::Unreachable("too many letters at once".into())) };
        let mut connection = self.open().await?;
        self.begin(&mut connection).await?;
        self.within(async {
            connection.command(Rcpt::new(letter.to.clone(), Vec::new())).await?;
            connection.command(Data).await
        })
        .await?
        .map_err(|error| MailError::before(&error))?;
        match timeout(self.config.patience, connection.message(&letter.bytes)).await {
            Ok(Ok(_taken)) => {}
            Ok(Err(error)) => return Err(MailError::of_letter(&error)),
            Err(_) => return Err(MailError::Unanswered),
        }
        leave(&mut connection).await;
        Ok(())
    }

    /// Tells whom the next letter is from. A server that does not take our address takes no letter at all, until that is mended.
    async fn begin(&self, connection: &mut AsyncSmtpConnection) -> Result<(), MailError> {
        let mail = Mail::new(Some(self.from.clone()), Vec::new());
        self.within(connection.command(mail)).await?.map_err(|error| MailError::at_the_door(&error))?;
        Ok(())
    }

    /// A connection that letters can be given to.
    async fn open(&self) -> Result<AsyncSmtpConnection, MailError> {
        let MailServerConfig { host, port, tls, login, .. } = &self.config;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let opening = async {
            let whole = self.tls.clone().filter(|_| *tls == Tls::Whole);
            let mut connection =
                AsyncSmtpConnection::connect_tokio1((host, *port), None, &self.hello, whole, None).await?;
            if let (Tls::Upgraded, Some(parameters)) = (tls, self.tls.clone()) {
                connection.starttls(parameters, &self.hello).await?;
            }
            Ok(connection)
        };
        let mut connection = self.within(opening).await?.map_err(|error: Error| MailError::at_the_door(&error))?;
        if let Some(login) = login {
            let credentials = Credentials::new(login.user.clone(), login.password.expose_secret().to_owned());
            let signed_in = self.within(connection.auth(DEFAULT_MECHANISMS, &credentials)).await?;
            signed_in.map_err(|error| match MailError::at_the_door(&error) {
                // It does not even ask: a sign-in that is not wanted is as wrong as one that is not known.
                MailError::Unreachable(_) if error.is_client() => MailError::Unauthorised,
                other => other,
            })?;
        }
        Ok(connection)
    }

    async fn within<T>(&self, step: impl Future<Output = T>) -> Result<T, MailError> {
        timeout(self.config.patience, step).await.map_err(|_| MailError::Unreachable("time is up".into()))
    }
}

fn parameters(config: &MailServerConfig) -> Result<TlsParameters, BadMailServer> {
    let mut parameters = TlsParameters::builder(config.host.clone());
    if let Some(pem) = &config.roots {
        let root = Certificate::from_pem(pem).map_err(|_| BadMailServer::Roots)?;
        parameters = parameters.add_root_certificate(root);
    }
    parameters.build_rustls().map_err(|error| BadMailServer::Host(innermost(&error)))
}

/// It has the letter, or was asked nothing: what it says at the end changes nothing.
async fn leave(connection: &mut AsyncSmtpConnection) {
    let _said = timeout(GOOD_BYE, connection.quit()).await;
}
