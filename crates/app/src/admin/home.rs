//! At whose address the pages are asked for. At a partner's own host name there is that partner alone, and nothing of ours shows:
//! its name stands where ours does, its colour, its logo.

use std::{fmt, sync::Arc};

use axum::{
    Extension,
    extract::Path,
    http::{HeaderMap, header::CACHE_CONTROL, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use voronka_core::{
    color::{Accent, Color},
    ids::PartnerId,
    ports::Pictures,
    spec::config::Branding,
};
use voronka_web::sign;

use super::{
    Admin, BASE, PartnerCard,
    admit::{Door, host_name, known_host},
    assets,
    page::Problem,
    words::Words,
};

/// What codes are issued by at the common address, as an authenticator shows it.
const ISSUER: &str = "Voronka";

/// A name and a logo on top of a page.
const LOGO_STYLE: &str = ".logo{display:block;height:40px;max-width:100%;object-fit:contain;object-position:left;border-radius:8px}\n\
    .brand .logo{margin-bottom:12px}\n\
    .door-brand{display:flex;align-items:center;gap:12px;font-size:18px;font-weight:650;letter-spacing:-.01em}\n";

/// A partner's own address of the pages, and what they look like there.
#[derive(Clone)]
pub(crate) struct Home {
    /// The host name, as browsers send it.
    pub(super) host: String,
    color: Option<Color>,
    /// The logo's path, and who reads it.
    logo: Option<(String, Arc<dyn Pictures>)>,
}

impl Home {
    /// `None`: the partner has no address of its own.
    pub(super) fn of(branding: &Branding, pictures: Arc<dyn Pictures>) -> Option<Self> {
        let logo = branding.logo.clone().map(|path| (path, pictures));
        Some(Self { host: branding.admin_domain.clone()?, color: branding.color, logo })
    }

    fn accent(&self) -> Accent {
        self.color.unwrap_or(Color::DEFAULT).accent()
    }

    /// What its pages have beside the style of all: its logo, and its colour in the place of ours. What a person says stands on a
    /// tint of it.
    fn style(&self) -> String {
        let Accent { light, light_ink, dark, dark_ink } = self.accent();
        format!(
            "{LOGO_STYLE}:root{{--accent:{light};--on-accent:{light_ink};--mine:color-mix(in srgb,{light} 12%,#fff)}}\n\
             @media (prefers-color-scheme:dark){{:root{{--accent:{dark};--on-accent:{dark_ink};\
             --mine:color-mix(in srgb,{dark} 24%,#1f1f1d)}}}}\n"
        )
    }
}

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home").field("host", &self.host).finish_non_exhaustive()
    }
}

/// At whose address a request has come in.
#[derive(Debug, Clone)]
pub(super) enum Site {
    /// The operator's: whoever signs in sees all partners that are theirs.
    Common,
    /// This partner's own.
    Of(Arc<PartnerCard>),
}

impl Site {
    /// `None`: nobody's, or it is not said which.
    pub(super) fn of(admin: &Admin, headers: &HeaderMap) -> Option<Self> {
        if known_host(headers, &admin.hosts).is_some() {
            return Some(Self::Common);
        }
        // The demo answers this computer alone.
        let host = host_name(headers).filter(|_| admin.access.is_some())?;
        admin.partners.at_home(host).map(|card| Self::Of(Arc::new(card)))
    }

    /// Whose own it is.
    pub(super) fn partner(&self) -> Option<&PartnerId> {
        match self {
            Self::Common => None,
            Self::Of(card) => Some(&card.id),
        }
    }

    /// Whether a partner's pages are at this address.
    pub(super) fn shows(&self, partner: &PartnerId) -> bool {
        self.partner().is_none_or(|own| own == partner)
    }

    /// What one-time codes are issued by. An authenticator takes what stands before a colon for something else.
    pub(super) fn issuer(&self) -> String {
        match self {
            Self::Common => ISSUER.to_owned(),
            Self::Of(card) => card.name.replace(':', " "),
        }
    }

    /// What its pages look like.
    pub(super) fn look(&self, w: Words) -> Look {
        let style = assets::address("admin.css");
        let Self::Of(card) = self else {
            return Look { product: w.t("door-product"), style, own: None };
        };
        let home = card.home.as_ref();
        let hash = home.map(|home| hex::encode(&Sha256::digest(home.style())[..6])).unwrap_or_default();
        let own_style = format!("{BASE}/.look/look.css?v={hash}");
        let logo = home.is_some_and(|home| home.logo.is_some()).then(|| format!("{BASE}/.look/logo"));
        let icon = logo.clone().unwrap_or_else(|| format!("{BASE}/.look/sign.svg"));
        Look { product: card.name.clone(), style, own: Some(OwnLook { style: own_style, icon, logo }) }
    }
}

/// What stands in the head of every page.
pub(super) struct Look {
    /// What it is that somebody signs in to.
    pub(super) product: String,
    pub(super) style: &'static str,
    /// At a partner's own address.
    pub(super) own: Option<OwnLook>,
}

/// Addresses of a partner's own look.
pub(super) struct OwnLook {
    pub(super) style: String,
    pub(super) icon: String,
    pub(super) logo: Option<String>,
}

/// The parts of a partner's look, at its own address alone.
pub(super) async fn part(Extension(door): Extension<Door>, Path(name): Path<String>) -> Result<Response, Problem> {
    let Site::Of(card) = &door.site else { return Err(Problem::NotFound) };
    let home = card.home.as_ref().ok_or(Problem::NotFound)?;
    match name.as_str() {
        "look.css" => {
            let kept = (CACHE_CONTROL, "public, max-age=31536000, immutable");
            Ok(([(CONTENT_TYPE, "text/css; charset=utf-8"), kept], home.style()).into_response())
        }
        "sign.svg" => Ok(([(CONTENT_TYPE, "image/svg+xml")], sign(&card.name, &home.accent())).into_response()),
        "logo" => {
            let (path, pictures) = home.logo.as_ref().ok_or(Problem::NotFound)?;
            let picture = pictures.read(path).await.ok_or(Problem::NotFound)?;
            let headers = [(CONTENT_TYPE, picture.kind.mime()), (CACHE_CONTROL, "public, max-age=300")];
            Ok((headers, picture.bytes.to_vec()).into_response())
        }
        _ => Err(Problem::NotFound),
    }
}
