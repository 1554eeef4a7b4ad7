//! SECURITY §3, S-20 to S-29: the owner's pages where people sign in.

use std::{collections::HashMap, sync::mpsc};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use futures::{StreamExt, future::join_all, stream};
use tower::ServiceExt;
use voronka_core::ids::PartnerId;
use voronka_sqlite::Grant;
use voronka_testkit::{FakeClock, Log, journal::MemoryStore};
use voronka_web::ClientIp;

use self::routes::{address, rules};
use super::{people::Rights, *};
use crate::admin::{
    self, Changes,
    tests::{admin, sample},
};

mod routes;
mod white;

const PASSWORD: &str = "верный длинный пароль";
const HOST: &str = "admin.example";

struct Door {
    data: tempfile::TempDir,
    access: Arc<Access>,
    store: Arc<MemoryStore>,
    clock: Arc<FakeClock>,
    router: Router,
    /// The secrets of those who have joined.
    totps: HashMap<String, totp_rs::Totp>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The session's cookie that it sets, if it sets one.
    fn cookie(&self) -> Option<String> {
        let cookies = self.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
        let session = cookies.into_iter().find(|cookie| cookie.starts_with("__Host-session="))?;
        Some(session.split(';').next().unwrap().to_owned())
    }
}

fn partner(id: &str) -> PartnerId {
    PartnerId::parse(id).unwrap()
}

fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

impl Door {
    async fn opens() -> Self {
        Self::with_changes(Arc::new(|| stream::empty().boxed())).await
    }

    async fn with_changes(changes: Changes) -> Self {
        let data = tempfile::tempdir().unwrap();
        let clock = Arc::new(FakeClock::at(sample::NOW));
        let keys = AccessKeys { seal: [1; 32], audit: [2; 32] };
        let access = Arc::new(Access::open(data.path(), keys, clock.clone()).unwrap());
        let store = Arc::new(MemoryStore::new());
        for id in ["korica", "sosed"] {
            sample::fill(&store, &partner(id)).await;
        }
        let admin = admin::Admin {
            hosts: vec![HOST.to_owned()],
            access: Some(access.clone()),
            clock: clock.clone(),
            changes,
            ..admin(&store)
        };
        let totps = HashMap::new();
        Self { data, access, store, clock, router: admin::router(admin), totps }
    }

    async fn send(&self, mut request: Request<Body>, ip: &str) -> Answer {
        request.extensions_mut().insert(ClientIp(ip.parse().unwrap()));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        Answer { status: head.status, headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    fn asking(method: &Method, path: &str, cookie: &str) -> axum::http::request::Builder {
        let form = "application/x-www-form-urlencoded";
        let request = Request::builder().method(method.clone()).uri(path).header("host", HOST);
        let request = request.header("content-type", form).header("accept-language", "en");
        request.header("sec-fetch-site", "same-origin").header("cookie", cookie)
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        let request = Self::asking(&Method::GET, path, cookie);
        self.send(request.body(Body::empty()).unwrap(), "192.0.2.1").await
    }

    async fn post(&self, path: &str, cookie: &str, form: String) -> Answer {
        self.post_from(path, cookie, form, "192.0.2.1").await
    }

    async fn post_from(&self, path: &str, cookie: &str, form: String, ip: &str) -> Answer {
        let request = Self::asking(&Method::POST, path, cookie);
        self.send(request.body(Body::from(form)).unwrap(), ip).await
    }

    /// Somebody joins by a link; the cookie of the session that they have then.
    async fn joins(&mut self, name: &str, rights: &[(&str, Role)]) -> String {
        let grants =
            rights.iter().map(|(id, role)| Grant { partner: partner(id), role: role.name().to_owned() }).collect();
        let user = NewUser { name: name.to_owned(), operator: rights.is_empty(), grants };
        let id = self.access.add_user(&user, "test").unwrap().unwrap();
        let link = self.access.make_link(id, name, "test").unwrap();
        self.uses(&link, id, name).await
    }

    async fn uses(&mut self, link: &str, id: i64, name: &str) -> String {
        let token = Token::read(link.rsplit('/').next().unwrap()).unwrap();
        let sealed = self.access.store.link(&token.hash(), self.clock.now()).unwrap().unwrap().totp;
        self.totps.insert(name.to_owned(), self.access.keys.totp(&sealed, id, name, "").unwrap());
        let answer = self.post(link, "", form(&[("password", PASSWORD), ("code", &self.code(name))])).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.cookie().expect("whoever has joined is signed in")
    }

    fn code(&self, name: &str) -> String {
        self.totps[name].generate(self.clock.now().as_second().unsigned_abs()).to_string()
    }

    /// The next code comes.
    fn step(&self) {
        self.clock.advance(SignedDuration::from_secs(30));
    }

    async fn signs_in(&self, name: &str, password: &str, code: &str, cookie: &str) -> Answer {
        self.post("/admin/.login", cookie, form(&[("name", name), ("password", password), ("code", code)])).await
    }
}

#[tokio::test]
async fn s_24_fixation_logout() {
    let mut door = Door::opens().await;
    let first = door.joins("irina", &[("korica", Role::Owner)]).await;
    door.step();
    // Signing in over a session, be it one's own or one that somebody else has put there, ends it and begins another.
    let planted = format!("__Host-session={}", "ab".repeat(32));
    for before in [first.clone(), planted] {
        door.step();
        let answer = door.signs_in("irina", PASSWORD, &door.code("irina"), &before).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/admin"));
        let after = answer.cookie().unwrap();
        assert_ne!(after, before);
        assert_eq!(door.get("/admin/korica/chats", &before).await.status, StatusCode::SEE_OTHER);
        assert_eq!(door.get("/admin/korica/chats", &after).await.status, StatusCode::OK);
        let set = answer.header("set-cookie");
        for part in ["Path=/;", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(set.contains(part), "{set}");
        }
        assert!(!set.contains("Domain"), "{set}");
        // The cookie that is sent back opens nothing once its holder has left.
        let left = door.post("/admin/.logout", &after, String::new()).await;
        assert!(left.header("set-cookie").contains("Max-Age=0") && left.header("clear-site-data").contains("storage"));
        assert_eq!(door.get("/admin/korica/chats", &after).await.status, StatusCode::SEE_OTHER);
    }
    // The token is in no file: only its hash is.
    let shown = first.split('=').nth(1).unwrap();
    let file = std::fs::read(door.data.path().join(FILE)).unwrap();
    let log = std::fs::read(door.data.path().join("access.db-wal")).unwrap_or_default();
    let token = hex::decode(shown).unwrap();
    for bytes in [shown.as_bytes(), &token, PASSWORD.as_bytes()] {
        assert!(![&file, &log].iter().any(|kept| kept.windows(bytes.len()).any(|window| window == bytes)));
    }
}

#[tokio::test]
async fn a_session_ends_when_it_is_old_or_unused() {
    let mut door = Door::opens().await;
    let operator = door.joins("olga", &[]).await;
    let staff = door.joins("petr", &[("korica", Role::Staff)]).await;
    let is_in =
        async |door: &Door, cookie: &str| door.get("/admin/korica/chats", cookie).await.status == StatusCode::OK;
    for _ in 0..11 {
        door.clock.advance(SignedDuration::from_mins(59));
        assert!(is_in(&door, &operator).await);
    }
    door.clock.advance(SignedDuration::from_mins(59));
    door.clock.advance(SignedDuration::from_mins(12));
    assert!(!is_in(&door, &operator).await, "twelve hours in all");
    assert!(is_in(&door, &staff).await);
    door.clock.advance(SignedDuration::from_hours(7 * 24));
    assert!(!is_in(&door, &staff).await, "a week unused");
    let id = door.access.store.user("olga").unwrap().unwrap().id;
    let link = door.access.make_link(id, "olga", "test").unwrap();
    let operator = door.uses(&link, id, "olga").await;
    door.clock.advance(SignedDuration::from_mins(61));
    assert!(!is_in(&door, &operator).await, "an hour unused");
}

#[tokio::test]
async fn s_25_totp_step_once() {
    let mut door = Door::opens().await;
    door.joins("irina", &[("korica", Role::Owner)]).await;
    let used = door.code("irina");
    assert_eq!(door.signs_in("irina", PASSWORD, &used, "").await.status, StatusCode::UNAUTHORIZED, "used to join");
    door.step();
    let next = door.code("irina");
    let codes = [&next, &next];
    let answers = join_all(codes.map(|code| door.signs_in("irina", PASSWORD, code, ""))).await;
    let opened = answers.iter().filter(|answer| answer.status == StatusCode::SEE_OTHER).count();
    assert_eq!(opened, 1, "of two at once one is let in");
    assert_eq!(door.signs_in("irina", PASSWORD, &used, "").await.status, StatusCode::UNAUTHORIZED, "nor an older one");
    door.step();
    // A step late it is still good, two steps late not.
    let late = door.code("irina");
    door.step();
    assert_eq!(door.signs_in("irina", PASSWORD, &late, "").await.status, StatusCode::SEE_OTHER);
    door.step();
    let too_late = door.code("irina");
    door.step();
    door.step();
    assert_eq!(door.signs_in("irina", PASSWORD, &too_late, "").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_recovery_code_opens_once() {
    let mut door = Door::opens().await;
    let irina = door.joins("irina", &[("korica", Role::Owner)]).await;
    let page = door.post("/admin/.account/codes", &irina, String::new()).await;
    let codes: Vec<&str> = page.body.split("<code>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert_eq!(codes.len(), 10);
    let typed = codes[0].to_uppercase().replace('-', " ");
    assert_eq!(door.signs_in("irina", PASSWORD, &typed, "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(door.signs_in("irina", PASSWORD, codes[0], "").await.status, StatusCode::UNAUTHORIZED);
    door.clock.advance(SignedDuration::from_mins(1));
    let answer = door.signs_in("Irina", PASSWORD, &door.code("irina"), "").await;
    let page = door.get("/admin/.account", &answer.cookie().unwrap()).await;
    assert!(page.body.contains("9 recovery codes are left"), "{}", page.body);
}

#[tokio::test]
async fn s_26_login_limits() {
    let mut door = Door::opens().await;
    door.joins("irina", &[("korica", Role::Owner)]).await;
    door.step();
    let try_from = async |door: &Door, name: &str, password: &str, ip: &str| {
        let form = form(&[("name", name), ("password", password), ("code", &door.code("irina"))]);
        door.post_from("/admin/.login", "", form, ip).await
    };
    // Many at once are no way round: only five are looked at.
    let answers = join_all((0..12).map(|_| try_from(&door, "irina", "неверный пароль", "192.0.2.7"))).await;
    let refused = answers.iter().filter(|answer| answer.status == StatusCode::UNAUTHORIZED).count();
    let shut = answers.iter().filter(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS).count();
    assert_eq!((refused, shut), (5, 7));
    let right = try_from(&door, "irina", PASSWORD, "192.0.2.7").await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS, "the right one does not open either");
    assert!(right.header("retry-after").parse::<u64>().unwrap() > 800, "{}", right.header("retry-after"));
    // Who comes from elsewhere is not shut out by that.
    assert_eq!(try_from(&door, "irina", PASSWORD, "192.0.2.8").await.status, StatusCode::SEE_OTHER);
    door.clock.advance(SignedDuration::from_mins(15));
    assert_eq!(try_from(&door, "irina", PASSWORD, "192.0.2.7").await.status, StatusCode::SEE_OTHER);
    // Names that nobody has are told nothing else, and cost one address its twenty an hour.
    let mut statuses = Vec::new();
    for n in 0..21 {
        statuses.push(try_from(&door, &format!("user{n}"), PASSWORD, "2001:db8::1").await.status);
    }
    assert!(statuses[..20].iter().all(|status| *status == StatusCode::UNAUTHORIZED), "{statuses:?}");
    assert_eq!(statuses[20], StatusCode::TOO_MANY_REQUESTS);
    let neighbour = try_from(&door, "irina", PASSWORD, "2001:db8::2").await;
    assert_eq!(neighbour.status, StatusCode::TOO_MANY_REQUESTS, "of version 6 a network counts as one");
    let same = |answer: &Answer| answer.body.replace("irina", "").replace("user0", "");
    door.clock.advance(SignedDuration::from_hours(1));
    let known = try_from(&door, "irina", "неверный пароль", "192.0.2.9").await;
    let unknown = try_from(&door, "user0", "неверный пароль", "192.0.2.9").await;
    assert_eq!(same(&known), same(&unknown), "a page does not tell which names there are");
}

#[test]
fn the_memory_of_tries_is_bounded() {
    let limits = Limits::default();
    let clock = FakeClock::at(sample::NOW);
    for n in 0..12_000_u32 {
        let ip = std::net::Ipv4Addr::from(n).into();
        assert!(limits.begin(&format!("irina{n}"), ip, clock.moment()).is_ok());
        clock.advance(SignedDuration::from_millis(1));
    }
    assert!(limits.known() <= 10_000);
}

/// The most memory that this process has held, in bytes.
fn most_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_27_a_burst_waits_in_a_short_line() {
    let hashes = Hashes::new();
    // Two at the desk, sixteen in the line; the others are told at once.
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(std::sync::Mutex::new(released));
    let (begun, has_begun) = mpsc::channel();
    let work = |n: usize| {
        let (released, begun) = (Arc::clone(&released), begun.clone());
        hashes.at_the_desk(move |_memory| {
            begun.send(n).unwrap();
            released.lock().unwrap().recv().unwrap();
        })
    };
    let mut all: Vec<_> = (0..40).map(|n| Box::pin(work(n))).collect();
    let answered = futures::future::poll_fn(|context| {
        let ready = all.iter_mut().filter_map(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => Some(answer),
            std::task::Poll::Pending => None,
        });
        std::task::Poll::Ready(ready.collect::<Vec<_>>())
    })
    .await;
    assert_eq!(answered.len(), 22);
    assert!(answered.iter().all(|answer| matches!(answer, Err(Problem::Busy))));
    assert_eq!([has_begun.recv().unwrap(), has_begun.recv().unwrap()].len(), 2);
    assert!(has_begun.try_recv().is_err(), "no third one");
    drop(all);
    for _ in 0..2 {
        release.send(()).unwrap();
    }
}

/// The most memory is that of the whole process, so the burst has one to itself.
#[test]
fn s_27_hash_burst_memory() {
    const BURST: &str = "a_burst_of_hashes_alone_in_its_process";
    let name = [module_path!().split_once("::").expect("a module of the crate").1, BURST].join("::");
    let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
    let output = alone.args(["--exact", &name, "--ignored"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it measures its process: s_27_hash_burst_memory starts one for it"]
async fn a_burst_of_hashes_alone_in_its_process() {
    let hashes = Hashes::new();
    let before = most_memory();
    let burst = (0..18).map(|_| hashes.verify("пароль".to_owned().into(), None));
    assert!(join_all(burst).await.into_iter().all(|answer| matches!(answer, Ok(false))));
    let grown = most_memory() - before;
    assert!(grown < 60 << 20, "{grown} bytes more");
    assert!(hashes.keeps_nothing());
}

#[tokio::test]
async fn s_28_step_up() {
    let mut door = Door::opens().await;
    let irina = door.joins("irina", &[("korica", Role::Owner)]).await;
    let weighty: Vec<_> = rules().into_iter().filter(|(_, _, need)| need.wants_proof()).collect();
    assert!(!weighty.is_empty());
    let codes = |door: &Door| door.access.store.codes_left(1).unwrap();
    door.signs_in("irina", PASSWORD, "no code", "").await;
    door.clock.advance(SignedDuration::from_mins(11));
    for (method, route, _) in &weighty {
        let request = Door::asking(method, &address(route, "korica"), &irina);
        let request = request.header("referer", "https://admin.example/admin/.account");
        let answer = door.send(request.body(Body::empty()).unwrap(), "192.0.2.1").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{route}");
        assert!(answer.header("location").starts_with("/admin/.again?next=%2Fadmin"), "{}", answer.header("location"));
    }
    assert_eq!(codes(&door), 10, "nothing was done");
    let page = door.get("/admin/.again?next=%2Fadmin%2F.account", &irina).await;
    assert!(page.body.contains("name=\"next\" value=\"/admin/.account\""));
    let prove = async |door: &Door, code: &str, next: &str| {
        door.post("/admin/.again", &irina, form(&[("code", code), ("next", next)])).await
    };
    assert_eq!(prove(&door, "000000", "/admin").await.status, StatusCode::UNAUTHORIZED);
    let proved = prove(&door, &door.code("irina"), "//evil.example").await;
    assert_eq!((proved.status, proved.header("location")), (StatusCode::SEE_OTHER, "/admin"), "to no other site");
    assert_eq!(door.post("/admin/.account/codes", &irina, String::new()).await.status, StatusCode::OK);
    // Reading and replying ask for nothing more meanwhile.
    door.clock.advance(SignedDuration::from_mins(11));
    assert_eq!(door.get("/admin/korica/chats", &irina).await.status, StatusCode::OK);
}

#[tokio::test]
async fn s_29_what_was_done_is_written_down_before_it_is_done() {
    let mut door = Door::opens().await;
    let irina = door.joins("irina", &[("korica", Role::Owner)]).await;
    let take = format!("{}/take", address("/{partner}/chats/{conversation}", "korica"));
    let answer = door.post(&take, &irina, format!("key={:032x}", 7)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    door.signs_in("irina", "неверный пароль", "000000", "").await;
    let deeds = door.access.store.audited(0, 100).unwrap();
    let told: Vec<_> = deeds.iter().map(|row| (row.deed.who.as_str(), row.deed.what.as_str())).collect();
    assert_eq!(
        told,
        [
            ("test", "user added"),
            ("test", "link made"),
            ("irina", "keys set by link"),
            ("irina", "signed in"),
            ("irina", "/{partner}/chats/{conversation}/take"),
            ("irina", "sign-in refused"),
        ]
    );
    assert_eq!(deeds[4].deed.partner, "korica");
    assert_eq!(door.access.store.check_audit(None).unwrap(), Ok(6));
    let words = format!("{deeds:?}");
    assert!(!words.contains(PASSWORD) && !words.contains("неверный"), "no words are kept");
    // The conversation hears who it was.
    assert!(format!("{:?}", door.store).contains("irina"));
}

#[tokio::test]
async fn s_29_audit_tamper_by_an_older_copy_of_the_file_is_seen_at_the_start_and_by_its_anchor() {
    let data = tempfile::tempdir().unwrap();
    let database = Arc::new(SqliteStore::open(data.path().join("voronka.db")).unwrap());
    let open = || {
        let keys = AccessKeys { seal: [1; 32], audit: [2; 32] };
        let clock = Arc::new(FakeClock::at(sample::NOW));
        Access::open(data.path(), keys, clock).unwrap().anchored(Some(Arc::clone(&database))).unwrap()
    };
    let did = async |access: &Access, what| access.audit("irina", "korica", what, "").await.is_ok();
    let access = open();
    assert!(did(&access, "one").await);
    // The last one that closes the file folds its log into it.
    drop(access);
    let (file, older) = (data.path().join("access.db"), data.path().join("older.db"));
    std::fs::copy(&file, &older).unwrap();
    let access = open();
    assert!(did(&access, "two").await && did(&access, "three").await);
    drop(access);
    let anchor = database.audit_anchor().unwrap();
    assert_eq!(anchor.as_ref().map(|anchor| anchor.seq), Some(3));
    assert_eq!(open().check_audit(anchor.as_ref()).unwrap(), Ok(3));
    std::fs::rename(older, &file).unwrap();
    let access = open();
    for what in ["four", "five", "six"] {
        assert!(did(&access, what).await, "people can still work");
    }
    assert_eq!(access.check_audit(anchor.as_ref()).unwrap(), Err(Tampered { seq: 3 }));
    assert_eq!(database.audit_anchor().unwrap(), anchor, "the proof is not written over");
}

#[tokio::test]
async fn a_link_works_once_and_lets_no_weak_password_in() {
    let mut door = Door::opens().await;
    let user = NewUser { name: "irina".into(), operator: true, grants: vec![] };
    let id = door.access.add_user(&user, "test").unwrap().unwrap();
    let link = door.access.make_link(id, "irina", "test").unwrap();
    let page = door.get(&link, "").await;
    assert!(page.body.contains("otpauth://totp/") && page.body.contains("<svg"), "{}", page.body);
    assert!(!page.body.contains(" style=\"") && page.header("referrer-policy") == "same-origin");
    assert_eq!(door.get(&link, "").await.status, StatusCode::OK, "to look at it uses nothing up");
    for weak in ["short", "password1234", "qwertyqwerty", "111111111111", "irina2026!!!!"] {
        let answer = door.post(&link, "", form(&[("password", weak), ("code", "000000")])).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{weak}");
        assert!(answer.cookie().is_none());
    }
    let wrong = door.post(&link, "", form(&[("password", PASSWORD), ("code", "000000")])).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    door.uses(&link, id, "irina").await;
    assert_eq!(door.get(&link, "").await.status, StatusCode::NOT_FOUND);
    let late = door.access.make_link(id, "irina", "test").unwrap();
    door.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(door.get(&late, "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(door.get(&format!("/admin/.join/{}", "0".repeat(64)), "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_door_is_guarded_like_every_other_page() {
    let mut door = Door::opens().await;
    let request = Request::get("/admin/.login").header("host", "evil.example").body(Body::empty()).unwrap();
    assert_eq!(door.send(request, "192.0.2.1").await.status, StatusCode::MISDIRECTED_REQUEST);
    let body = form(&[("name", "irina"), ("password", PASSWORD), ("code", "000000")]);
    let request = Request::post("/admin/.login").header("host", HOST).header("sec-fetch-site", "cross-site");
    let answer = door.send(request.body(Body::from(body)).unwrap(), "192.0.2.1").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "nobody is signed in by another site");
    let page = door.get("/admin/.login?next=%2Fadmin%2Fkorica%2Fleads", "").await;
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000");
    assert!(page.header("cache-control").contains("no-store") && page.body.contains("value=\"/admin/korica/leads\""));
    let hostile = door.get("/admin/.login?next=https%3A%2F%2Fevil.example", "").await;
    assert!(hostile.body.contains("name=\"next\" value=\"/admin\""));
    let irina = door.joins("irina", &[("korica", Role::Owner)]).await;
    let request = Door::asking(&Method::GET, "/admin/korica/leads", "").header("hx-request", "true");
    let answer = door.send(request.body(Body::empty()).unwrap(), "192.0.2.1").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.header("hx-redirect").starts_with("/admin/.login"));
    assert!(door.get("/admin/korica/chats", &irina).await.body.contains("/admin/.account"));
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_a_third_one_ends_the_first() {
    let mut door = Door::with_changes(Arc::new(|| stream::pending().boxed())).await;
    let irina = door.joins("irina", &[("korica", Role::Owner)]).await;
    let open = async || {
        let request = Door::asking(&Method::GET, "/admin/korica/events", &irina).body(Body::empty()).unwrap();
        let mut stream = door.router.clone().oneshot(request).await.unwrap().into_body().into_data_stream();
        assert!(stream.next().await.is_some());
        stream
    };
    let (mut first, mut second, mut third) = (open().await, open().await, open().await);
    assert!(first.next().await.is_none());
    door.post("/admin/.logout", &irina, String::new()).await;
    assert!(second.next().await.is_none() && third.next().await.is_none());
}

#[test]
fn a_secret_that_was_moved_to_another_user_does_not_open() {
    let (keys, _) = AccessKeys { seal: [1; 32], audit: [2; 32] }.split();
    let (others, _) = AccessKeys { seal: [3; 32], audit: [2; 32] }.split();
    let sealed = keys.new_secret(&SystemRandom::new(), 1).unwrap();
    assert!(keys.totp(&sealed, 1, "irina", "").is_some());
    assert!(keys.totp(&sealed, 2, "boris", "").is_none() && others.totp(&sealed, 1, "irina", "").is_none());
    assert!(keys.totp(&sealed[..10], 1, "irina", "").is_none());
}

#[test]
fn one_time_codes_are_those_of_rfc_6238() {
    let secret = totp_rs::Secret::from(b"12345678901234567890".as_slice());
    let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("a").build().unwrap();
    for (time, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000_i64, "353130")] {
        let now = Timestamp::from_second(time).unwrap();
        assert_eq!(keys::step_of(&totp, code, now), Some(time / 30), "{time}");
        assert_eq!(keys::step_of(&totp, "12345", now), None);
    }
}

#[test]
fn a_role_of_a_later_version_gives_nothing() {
    let grants = vec![Grant { partner: partner("korica"), role: "emperor".into() }];
    let (name, password, totp) = ("irina".into(), None, None);
    let user = voronka_sqlite::User { id: 1, name, operator: false, grants, password, totp };
    assert_eq!(Rights::of(&user).with(&partner("korica")), None);
}

#[tokio::test]
async fn s_59_no_password_code_or_token_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    let _listening = tracing::subscriber::set_default(subscriber.finish());
    tracing::info!("it is listened to");
    let mut door = Door::opens().await;
    let irina = door.joins("irina", &[("korica", Role::Owner)]).await;
    door.get("/admin/korica/chats", &irina).await;
    door.signs_in("irina", "канарейка канарейка", "999999", &irina).await;
    door.step();
    let again = door.signs_in("irina", PASSWORD, &door.code("irina"), "").await;
    door.post("/admin/.logout", &again.cookie().unwrap(), String::new()).await;
    let written = log.text();
    assert!(written.contains("it is listened to"));
    let token = irina.split('=').nth(1).unwrap();
    for canary in [PASSWORD, "канарейка", "999999", token, again.cookie().unwrap().split('=').nth(1).unwrap()]
    {
        assert!(!written.contains(canary), "{canary} is logged: {written}");
    }
}
