//! A partner's own address of the pages: there it is alone, and nothing of the house shows.

use super::{
    super::rules::Need,
    routes::{address, rules},
    *,
};

/// The partner's own host names.
const KORICA: &str = "team.korica.example";
const SOSED: &str = "team.sosed.example";

impl Door {
    async fn at(&self, host: &str, method: Method, path: &str, cookie: &str, form: String) -> Answer {
        let request = Request::builder().method(method).uri(path).header("host", host).header("cookie", cookie);
        let request = request.header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form)).unwrap(), "192.0.2.7").await
    }

    async fn get_at(&self, host: &str, path: &str, cookie: &str) -> Answer {
        self.at(host, Method::GET, path, cookie, String::new()).await
    }

    async fn signs_in_at(&self, host: &str, name: &str) -> Answer {
        self.step();
        let form = form(&[("name", name), ("password", PASSWORD), ("code", &self.code(name))]);
        self.at(host, Method::POST, "/admin/.login", "", form).await
    }
}

/// Everything of an answer that reaches the reader or their browser.
fn all_of(answer: &Answer) -> String {
    let headers = answer.headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
    format!("{}\n{}", headers.collect::<String>(), answer.body).to_lowercase()
}

#[track_caller]
fn check_alone(answer: &Answer, what: &str) {
    let shown = all_of(answer);
    for foreign in ["voronka", "воронк", "сосед", "sosed"] {
        let at = shown.find(foreign);
        assert_eq!(at, None, "{what} says {foreign}: {}", at.map_or("", |at| &shown[at.saturating_sub(80)..]));
    }
}

#[tokio::test]
async fn nothing_of_voronka_or_another_partner_shows_at_a_partner_s_own_address() {
    let mut door = Door::opens().await;
    // Somebody who has a right to both partners comes by a link at this one's address.
    let grant = |id: &str| Grant { partner: partner(id), role: Role::Owner.name().to_owned() };
    let user = NewUser { name: "irina".to_owned(), operator: false, grants: vec![grant("korica"), grant("sosed")] };
    let id = door.access.add_user(&user, "test").unwrap().unwrap();
    let link = door.access.make_link(id, "irina", "test").unwrap();
    let invited = door.get_at(KORICA, &link, "").await;
    assert!(invited.body.contains("issuer=%D0%9A%D0%BE%D1%80%D0%B8%D1%86%D0%B0"), "{}", invited.body);
    check_alone(&invited, "the link");
    let sealed = {
        let token = Token::read(link.rsplit('/').next().unwrap()).unwrap();
        door.access.store.link(&token.hash(), door.clock.now()).unwrap().unwrap().totp
    };
    door.totps.insert("irina".to_owned(), door.access.keys.totp(&sealed, id, "irina", "").unwrap());
    let joined = form(&[("password", PASSWORD), ("code", &door.code("irina"))]);
    let joined = door.at(KORICA, Method::POST, &link, "", joined).await;
    assert_eq!(joined.status, StatusCode::OK, "{}", joined.body);
    check_alone(&joined, "the codes");
    let cookie = joined.cookie().unwrap();
    for lang in ["ru", "en"] {
        for cookie in ["", cookie.as_str()] {
            let pages =
                rules().into_iter().filter(|(method, route, _)| *method == Method::GET && !route.ends_with("/events"));
            for (_, route, need) in pages {
                let path = address(route, "korica");
                let path =
                    if path.contains('?') { format!("{path}&lang={lang}") } else { format!("{path}?lang={lang}") };
                let answer = door.get_at(KORICA, &path, cookie).await;
                let expected = *need == Need::Open || !cookie.is_empty();
                assert!(!expected || answer.status != StatusCode::UNAUTHORIZED, "{path}");
                check_alone(&answer, &path);
            }
        }
        for file in ["config.yaml", "flows/tort.yaml"] {
            let path = format!("/admin/korica/settings/file?path={file}&lang={lang}");
            let answer = door.get_at(KORICA, &path, &cookie).await;
            assert_eq!(answer.status, StatusCode::OK);
            check_alone(&answer, &path);
        }
        for part in ["look.css", "sign.svg", "logo", "nothing"] {
            check_alone(&door.get_at(KORICA, &format!("/admin/.look/{part}"), "").await, part);
        }
        // What is not there, and what may not be done.
        let wrong = form(&[("name", "irina"), ("password", "нет"), ("code", "000000"), ("lang", lang)]);
        for (method, path, form) in [
            (Method::GET, "/admin/nobody/chats", String::new()),
            (Method::POST, "/admin/.login", wrong),
            (Method::POST, "/admin/.login", "?".to_owned()),
            (Method::DELETE, "/admin/korica/chats", String::new()),
        ] {
            let path = format!("{path}?lang={lang}");
            check_alone(&door.at(KORICA, method, &path, &cookie, form).await, &path);
        }
    }
    // The same person at the common address has both, under the name of the house.
    let common = door.get("/admin/.login", "").await;
    assert!(common.body.contains("Voronka"), "{}", common.body);
}

#[tokio::test]
async fn at_a_partner_s_own_address_it_is_alone_whoever_signs_in() {
    let mut door = Door::opens().await;
    door.joins("olga", &[]).await;
    door.joins("irina", &[("korica", Role::Owner), ("sosed", Role::Owner)]).await;
    door.joins("sergei", &[("sosed", Role::Owner)]).await;
    // The operator comes by the common address, a neighbour's people by the neighbour's: here they are nobody.
    for name in ["olga", "sergei"] {
        let refused = door.signs_in_at(KORICA, name).await;
        assert_eq!((refused.status, refused.cookie()), (StatusCode::UNAUTHORIZED, None), "{name}");
        assert_eq!(door.signs_in_at(HOST, name).await.status, StatusCode::SEE_OTHER, "{name}");
    }
    let signed = door.signs_in_at(KORICA, "irina").await;
    assert_eq!((signed.status, signed.header("location")), (StatusCode::SEE_OTHER, "/admin"));
    let cookie = signed.cookie().unwrap();
    assert_eq!(door.get_at(KORICA, "/admin", &cookie).await.header("location"), "/admin/korica/chats");
    assert_eq!(door.get_at(KORICA, "/admin/korica/chats", &cookie).await.status, StatusCode::OK);
    for path in ["/admin/sosed", "/admin/sosed/chats", "/admin/nobody/chats"] {
        assert_eq!(door.get_at(KORICA, path, &cookie).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    // Another name is nobody's, and in the demo these are not answered either.
    assert_eq!(door.get_at("team.nobody.example", "/admin", &cookie).await.status, StatusCode::MISDIRECTED_REQUEST);
    let demo = admin::router(admin(&door.store));
    let asked = Request::get("/admin/korica/chats").header("host", KORICA).body(Body::empty()).unwrap();
    assert_eq!(demo.oneshot(asked).await.unwrap().status(), StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn a_session_of_one_address_opens_nothing_at_another() {
    let mut door = Door::opens().await;
    let common = door.joins("irina", &[("korica", Role::Owner), ("sosed", Role::Owner)]).await;
    let own = door.signs_in_at(KORICA, "irina").await.cookie().unwrap();
    for (host, cookie, is_in) in [
        (HOST, &common, true),
        (KORICA, &own, true),
        (HOST, &own, false),
        (SOSED, &own, false),
        (KORICA, &common, false),
    ] {
        let of = if host == SOSED { "sosed" } else { "korica" };
        let status = door.get_at(host, &format!("/admin/{of}/chats"), cookie).await.status;
        assert_eq!(status == StatusCode::OK, is_in, "{host}");
    }
    // A page of another address asks for nothing here, and leaving here is leaving here.
    let deed = "/admin/.account/out";
    let from = |origin: &str| {
        let request = Request::post(deed).header("host", KORICA).header("cookie", &own).header("origin", origin);
        request.body(Body::empty()).unwrap()
    };
    for origin in ["https://admin.example", "https://team.sosed.example", "null"] {
        assert_eq!(door.send(from(origin), "192.0.2.7").await.status, StatusCode::FORBIDDEN, "{origin}");
    }
    let left = door.at(KORICA, Method::POST, "/admin/.logout", &own, String::new()).await;
    assert_eq!(left.status, StatusCode::SEE_OTHER);
    assert_eq!(door.get_at(KORICA, "/admin/korica/chats", &own).await.status, StatusCode::SEE_OTHER);
    assert_eq!(door.get("/admin/korica/chats", &common).await.status, StatusCode::OK);
    assert_eq!(door.send(from("https://team.korica.example"), "192.0.2.7").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_partner_s_own_address_shows_its_logo_name_and_colour() {
    let door = Door::opens().await;
    let page = door.get_at(KORICA, "/admin/.login", "").await.body;
    assert!(page.contains("· Корица</title>") && page.contains("src=\"/admin/.look/logo\""), "{page}");
    let colors = page.split("href=\"").find_map(|rest| rest.strip_prefix("/admin/.look/look.css?v=")).unwrap();
    let colors = format!("/admin/.look/look.css?v={}", colors.split('"').next().unwrap());
    let css = door.get_at(KORICA, &colors, "").await;
    assert!(
        css.body.contains("--accent:#b5523b") && css.header("cache-control").ends_with("immutable"),
        "{}",
        css.body
    );
    let logo = door.get_at(KORICA, "/admin/.look/logo", "").await;
    assert_eq!((logo.status, logo.header("content-type")), (StatusCode::OK, "image/png"));
    // One without a logo has its letter; at the common address there is nothing of anybody's.
    let sign = door.get_at(SOSED, "/admin/.look/sign.svg", "").await;
    assert!(sign.body.contains(">С</text>"), "{}", sign.body);
    assert!(door.get_at(SOSED, "/admin/.login", "").await.body.contains("/admin/.look/sign.svg"));
    for part in ["logo", "sign.svg", "look.css"] {
        assert_eq!(door.get(&format!("/admin/.look/{part}"), "").await.status, StatusCode::NOT_FOUND, "{part}");
    }
}
