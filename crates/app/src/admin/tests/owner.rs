//! The owner's work: who has a dialogue, notes, the next step, orders and their undo, lists as files, settings.

use voronka_core::{
    fact::Fact,
    ids::BubbleId,
    message::{DeliveryFate, Event, KinWord, TeamAction},
    order::{OrderMove, OrderState},
    rows::{Author, FactRow, MessageRow},
};

use super::*;

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// What people did in a conversation of the shop's, and who.
async fn deeds(site: &Site, account: &str, peer: &str) -> Vec<(String, TeamAction)> {
    let mail = site.store.mail(&sample::conversation(&partner("korica"), account, peer), 10).await.unwrap();
    let deed = |event| match event {
        Event::Team { who, action } => (who, action),
        other => panic!("{other:?}"),
    };
    mail.into_iter().map(|mail| deed(mail.inbound.event)).collect()
}

#[tokio::test]
async fn who_has_a_dialogue_and_who_wrote_is_told_by_name() {
    let site = site().await;
    let inbox = site.get("/admin/korica/chats?owner=person").await.body;
    assert!(inbox.contains("Отвечает Мария"), "{inbox}");
    let talk = site.get(&chat("korica", "web", "102")).await.body;
    assert!(talk.contains("<span class=\"author\">Мария</span>") && talk.contains("Диалог взял человек: Мария"));
    // Olga sits before the page: Maria's dialogue can be taken from her.
    assert!(talk.contains("Отвечает Мария, бот молчит") && talk.contains("Взять диалог"));
    let marias = Request::get(chat("korica", "web", "102")).header("host", "localhost").header("accept-language", "ru");
    let marias = marias.header("cookie", format!("who={}", hex::encode("Мария")));
    let marias = site.send(marias.body(Body::empty()).unwrap()).await.body;
    assert!(marias.contains("Отвечаете вы, бот молчит") && !marias.contains("Взять диалог"));
}

#[tokio::test]
async fn the_reader_says_who_they_are_and_only_one_of_the_team() {
    let site = site().await;
    let page = site.get("/admin/korica/more").await.body;
    assert!(page.contains("<option selected>Ольга</option>") && page.contains("<option>Мария</option>"));
    let me = site.post("/admin/korica/me", "name=%D0%9C%D0%B0%D1%80%D0%B8%D1%8F").await;
    assert_eq!(me.status, StatusCode::SEE_OTHER);
    let cookie = me.header("set-cookie").split(';').next().unwrap().to_owned();
    let stranger = site.post("/admin/korica/me", "name=Mallory").await;
    assert_eq!(stranger.status, StatusCode::UNPROCESSABLE_ENTITY);
    let talk = chat("korica", "telegram", "101");
    for cookie in [cookie, format!("who={}", hex::encode("Mallory"))] {
        let key = format!("{:032x}", cookie.len());
        let form = format!("key={key}");
        let request = super::post(&format!("{talk}/take"), &form).header("sec-fetch-site", "same-origin");
        site.send(request.header("cookie", cookie).body(Body::from(form)).unwrap()).await;
    }
    let names: Vec<String> = deeds(&site, "telegram", "101").await.into_iter().map(|(who, _)| who).collect();
    assert_eq!(names, ["Мария", "Ольга"], "who is not of the team is taken for its first");
}

#[tokio::test]
async fn a_note_is_kept_and_shown_among_the_messages() {
    let site = site().await;
    let talk = chat("korica", "web", "102");
    let page = site.get(&talk).await.body;
    let page = &page[page.find("id=\"log\"").unwrap()..];
    let note = page.find("Постоянный клиент: пропуск закажет сам").unwrap();
    assert!(page.find("пропуск нужен?").unwrap() < note && note < page.find("Да, закажу на вас пропуск").unwrap());
    assert!(page.contains("Заметка, Ольга"));
    let answer = site.post(&format!("{talk}/note"), &format!("key={KEY}&text=+%D0%94%D0%B0+")).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, talk.as_str()));
    assert_eq!(deeds(&site, "web", "102").await, [("Ольга".to_owned(), TeamAction::Note { text: "Да".into() })]);
    for (text, told) in [("+", "Заметка пустая"), (&"a".repeat(2001), "В заметке 2001 знак")] {
        let refused = site.post(&format!("{talk}/note"), &format!("key={KEY}&text={text}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains(told), "{told}");
    }
    // A page that is open asks for later notes.
    let later = |noted: i64| {
        let path = format!("{talk}/messages?after=99&noted={noted}");
        let site = &site;
        async move { site.get(&path).await.body }
    };
    assert!(later(0).await.contains("data-noted="));
    assert_eq!(later(i64::from(u32::MAX) * 1_000_000).await.trim(), "");
}

#[tokio::test]
async fn an_answer_that_did_not_arrive_is_marked_on_its_bubble_on_a_page_that_is_open_as_well() {
    let site = site().await;
    let korica = partner("korica");
    let key = sample::conversation(&korica, "telegram", "101");
    let inbound = voronka_testkit::journal::sample::text(&korica, "101", "again", "…");
    let mut turn = voronka_testkit::journal::sample::turn(&key, &inbound, 1);
    let bubble = BubbleId::of(&["lost"]);
    let said = |seq: i64, bubble: BubbleId| MessageRow {
        seq,
        author: Author::Person,
        text: format!("Ответ {seq}"),
        body: "{}".into(),
        bubble: Some(bubble),
        key: None,
        basis: None,
        at: sample::NOW.parse().unwrap(),
    };
    turn.messages = vec![said(10, bubble), said(11, BubbleId::of(&["arrived"]))];
    let fact = Fact::AnswerLost { bubble, why: DeliveryFate::Refused { cause: "chat not found".into() } };
    turn.facts = vec![FactRow {
        customer: key.first_customer(),
        name: fact.name(),
        data: serde_json::to_string(&fact).unwrap(),
        at: sample::NOW.parse().unwrap(),
    }];
    site.store.commit(turn.into()).await.unwrap();
    let talk = chat("korica", "telegram", "101");
    for (lang, told) in
        [("ru", "Ответ не дошёл: мессенджер его не принял"), ("en", "The answer did not arrive: the messenger")]
    {
        let page = site.get(&format!("{talk}?lang={lang}")).await.body;
        let log = &page[page.find("id=\"log\"").unwrap()..page.find("id=\"composer\"").unwrap()];
        let lost = &log[log.find("id=\"m10\"").unwrap()..log.find("id=\"m11\"").unwrap()];
        assert!(lost.contains(told) && lost.contains("chat not found"), "{lost}");
        assert_eq!(log.matches(told).count(), 1, "and on no other");
        let panel = &page[page.find("id=\"panel\"").unwrap()..];
        assert!(panel.contains(told), "and in the timeline");
        // A page that has the bubble already is told of it apart.
        let later = site.get(&format!("{talk}/messages?after=11&lang={lang}")).await.body;
        assert!(later.contains(&format!("data-of=\"{bubble}\"")) && later.contains(told), "{later}");
    }
}

#[tokio::test]
async fn the_next_step_is_said() {
    let site = site().await;
    for (account, peer, step) in [
        ("telegram", "101", "Ответьте: клиент ждёт человека."),
        ("web", "102", "Возьмите в работу заказ 1120-3307."),
        ("telegram", "104", "Заказ 1119-1184 готов: договоритесь о выдаче."),
        ("web", "105", "Заказ 1120-5518 не подтверждён: спросите, что мешает."),
        ("telegram", "103", "Ответьте на вопросы и предложите товар."),
    ] {
        assert!(site.get(&chat("korica", account, peer)).await.body.contains(step), "{step}");
    }
    let leads = site.get("/admin/korica/leads").await.body;
    assert!(leads.contains("Позвоните: лид горячий, телефон есть.") && leads.contains("Ничего не нужно"));
}

#[tokio::test]
async fn a_move_can_be_taken_back_until_another_follows() {
    let site = site().await;
    let order = |number: &str| sample::order_id(&partner("korica"), number);
    let id = order("1120-3307");
    let moved = site.post(&format!("/admin/korica/orders/{id}/move?view=list"), "from=placed&by=start").await;
    let back = moved.header("location").to_owned();
    assert_eq!(back, format!("/admin/korica/orders?view=list&moved={id}&by=start&from=placed"));
    let page = site.get(&back).await.body;
    let form = format!("action=\"/admin/korica/orders/{id}/undo?view=list\"");
    assert!(page.contains(&form) && page.contains("Заказ 1120-3307: <b>В работе</b>"), "{page}");
    // The turn has not come yet: there is nothing to take back.
    let undone = site.post(&format!("/admin/korica/orders/{id}/undo"), "from=placed&by=start").await;
    assert_eq!((undone.status, undone.header("location")), (StatusCode::SEE_OTHER, "/admin/korica/orders"));
    let before = site.store.mail_waiting();
    let working = format!("/admin/korica/orders/{}/undo", order("1118-2216"));
    for (form, status) in [
        ("from=paid&by=start", StatusCode::SEE_OTHER),
        ("from=paid&by=start", StatusCode::SEE_OTHER),
        ("from=placed&by=mark_paid", StatusCode::CONFLICT),
        ("from=paid&by=refund", StatusCode::CONFLICT),
        ("from=paid&by=fly", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        assert_eq!(site.post(&working, form).await.status, status, "{form}");
    }
    assert_eq!(site.store.mail_waiting(), before + 1, "two clicks are one");
    let deed = TeamAction::UndoOrder { order: order("1118-2216"), by: OrderMove::Start, from: OrderState::Paid };
    assert_eq!(deeds(&site, "telegram", "106").await, [("Ольга".to_owned(), deed)]);
    for page in ["?moved=nonsense&by=start&from=paid", "?moved=&by=&from=", &format!("?moved={id}&by=refund&from=paid")]
    {
        assert!(!site.get(&format!("/admin/korica/orders{page}")).await.body.contains("/undo"), "{page}");
    }
}

#[tokio::test]
async fn orders_are_a_board_or_a_list() {
    let site = site().await;
    let board = site.get("/admin/korica/orders").await.body;
    assert!(board.contains("class=\"board\"") && !board.contains("<table"));
    assert!(!board.contains("1120-5518") && !board.contains("1102-0075"), "drafts and what is over are elsewhere");
    let list = site.get("/admin/korica/orders?view=list").await.body;
    assert!(list.contains("<table class=\"table\">") && !list.contains("class=\"board\""));
    assert!(list.contains("1119-1184") && list.contains("name=\"by\" value=\"complete\""));
    let over = site.get("/admin/korica/orders?show=over").await.body;
    assert!(over.contains("<table") && over.contains("1102-0075") && !over.contains("1119-1184"));
    let phone = site.get("/admin/korica/orders?q=8+903+111-22-33").await.body;
    assert!(phone.contains("1120-3307") && !phone.contains("1119-1184"));
}

#[tokio::test]
async fn lists_are_kept_as_files_with_what_is_shown() {
    let site = site().await;
    let leads = site.get("/admin/korica/leads.csv?t=hot").await;
    assert_eq!(leads.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(leads.header("content-disposition"), "attachment; filename=\"korica-leads-2026-11-20.csv\"");
    let lines: Vec<&str> = leads.body.lines().collect();
    assert_eq!(lines.len(), 3, "{}", leads.body);
    assert!(lines[0].starts_with("\u{feff}\"Имя\";\"Телефон\""));
    assert!(lines[1].starts_with("\"Анна Климова\";\"'+79123456789\";\"Горячий\";\"78\";\"оставила телефон, "));
    let orders = site.get("/admin/korica/orders.csv?show=over").await.body;
    assert!(orders.contains("\"1102-0075\";\"Выдан\"") && orders.lines().count() == 2, "{orders}");
    let chats = site.get("/admin/korica/chats.csv?owner=nobody").await.body;
    assert!(chats.contains("Анна Климова") && chats.lines().count() == 2);
    assert!(site.get("/admin/korica/questions.csv").await.body.contains("вы где находитесь"));
    let english = Request::get("/admin/korica/leads.csv").header("host", "localhost").header("accept-language", "en");
    assert!(site.send(english.body(Body::empty()).unwrap()).await.body.starts_with("\u{feff}\"Name\",\"Phone\""));
}

#[tokio::test]
async fn questions_without_an_answer_lead_to_their_dialogue() {
    let site = site().await;
    let page = site.get("/admin/korica/questions").await.body;
    let link = format!("<a href=\"{}\" data-row>вы где находитесь</a>", chat("korica", "web", "105"));
    assert!(page.contains(&link), "{page}");
    assert!(site.get("/admin/korica/more").await.body.contains("/admin/korica/questions"));
}

#[tokio::test]
async fn wrong_answers_have_a_list_of_their_own_that_leads_to_the_answer() {
    let site = site().await;
    let talk = chat("korica", "telegram", "103");
    let page = site.get("/admin/korica/questions?show=wrong").await.body;
    for part in [
        format!("<a href=\"{talk}#m2\" data-row>Есть доставка в Тутаев?</a>"),
        "свадебные торты делаем от 3 кг".into(),
        "Екатерина В. · Telegram · отмечено: Ольга".into(),
        "href=\"/admin/korica/questions.csv?show=wrong\"".into(),
    ] {
        assert!(page.contains(&part), "{part} in {page}");
    }
    let csv = site.get("/admin/korica/questions.csv?show=wrong").await.body;
    assert!(csv.contains("Есть доставка в Тутаев?") && csv.contains("от 22 400 ₽"), "{csv}");
    assert!(!site.get("/admin/korica/questions").await.body.contains("Тутаев"));
    for lang in ["ru", "en"] {
        let empty = site.get(&format!("/admin/sosed/questions?show=wrong&after=1.1&lang={lang}")).await.body;
        let told = if lang == "ru" {
            "нажмите под ответом «Ответ неверный»"
        } else {
            "press “Wrong answer” under it"
        };
        assert!(empty.contains(told), "{empty}");
    }
}

#[tokio::test]
async fn a_list_goes_on_behind_its_last_row_for_as_long_as_there_are_rows() {
    let site = site().await;
    let korica = partner("korica");
    for n in 0..120 {
        let inbound = voronka_testkit::journal::sample::text(&korica, &format!("many {n}"), &n.to_string(), "…");
        let turn = voronka_testkit::journal::sample::turn(&inbound.conversation(), &inbound, 0);
        site.store.commit(turn.into()).await.unwrap();
    }
    let (mut path, mut rows, mut pages) = ("/admin/korica/chats".to_owned(), Vec::new(), 0);
    loop {
        let page = site.get(&path).await.body;
        pages += 1;
        assert_eq!(page.contains(">← К началу</a>"), pages > 1);
        rows.extend(page.split("<a id=\"c-").skip(1).map(|row| row[..32].to_owned()));
        let Some((_, next)) = page.split_once("rel=\"next\" href=\"") else { break };
        path = next[..next.find('"').unwrap()].replace("&#38;", "&").replace("&amp;", "&");
    }
    let all = rows.len();
    rows.sort();
    rows.dedup();
    assert_eq!((pages, rows.len()), (3, all), "each once");
    assert!(all > 120, "{all}");
    // What is no place in a list is its beginning.
    let page = site.get("/admin/korica/chats?after=%3Cscript%3E").await.body;
    assert!(!page.contains("К началу") && !page.contains("<script>"), "{page}");
}

#[tokio::test]
async fn notices_lead_to_their_dialogue() {
    let site = site().await;
    let page = site.get("/admin/korica/more").await.body;
    let notice =
        format!("<a href=\"{}\" data-row>Нужен человек · Просит человека</a>", chat("korica", "telegram", "101"));
    assert!(page.contains(&notice) && page.contains("Анна Климова"));
}

#[tokio::test]
async fn settings_are_shown_with_the_place_of_each() {
    let site = site().await;
    let page = site.get("/admin/korica/settings").await.body;
    for part in [
        "<dt>accounts.telegram.token</dt><dd>$TELEGRAM_TOKEN</dd>",
        "<a href=\"/admin/korica/settings/file?path=config.yaml#L4\" data-row>config.yaml:4:14</a>",
        "<dt>team.Ольга.role</dt><dd>owner</dd>",
        "flows/tort.yaml",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let file = site.get("/admin/korica/settings/file?path=config.yaml").await.body;
    assert!(file.contains("<li id=\"L4\"><code>  telegram: {token: $TELEGRAM_TOKEN}</code></li>"), "{file}");
}

#[tokio::test]
async fn pages_travel_compressed_and_streams_of_events_do_not() {
    let site = site().await;
    let ask = async |path: &str| {
        let request = Request::get(path).header("host", "localhost").header("accept-encoding", "gzip");
        let answer = site.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let encoding = answer.headers().get("content-encoding").map(|value| value.to_str().unwrap().to_owned());
        (encoding, to_bytes(answer.into_body(), 1 << 20).await.unwrap().len())
    };
    let mut first_paint = 0;
    for path in ["/admin/korica/leads", "/admin/.assets/admin.css", "/admin/.assets/admin.js", "/admin/.assets/htmx.js"]
    {
        let (encoding, bytes) = ask(path).await;
        assert_eq!(encoding.as_deref(), Some("gzip"), "{path}");
        first_paint += bytes;
    }
    assert!(first_paint < 50 * 1024, "{first_paint}");
    assert_eq!(ask("/admin/korica/events").await.0, None);
}

#[tokio::test]
async fn what_another_site_had_asked_for_tells_nothing_by_its_compressed_length() {
    let site = site().await;
    for (from, compressed) in [("same-origin", true), ("none", true), ("cross-site", false), ("same-site", false)] {
        let request = Request::get("/admin/korica/leads?q=79").header("host", "localhost");
        let request = request.header("accept-encoding", "gzip").header("sec-fetch-site", from);
        let answer = site.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.headers().contains_key("content-encoding"), compressed, "{from}");
    }
}

#[tokio::test]
async fn an_answer_is_marked_as_wrong_once() {
    let site = site().await;
    let talk = chat("korica", "telegram", "101");
    assert!(
        site.get(&talk)
            .await
            .body
            .contains(&format!("action=\"{talk}/wrong\"><input type=\"hidden\" name=\"seq\" value=\"2\">"))
    );
    for _ in 0..2 {
        let marked = site.post(&format!("{talk}/wrong"), "seq=2").await;
        assert_eq!((marked.status, marked.header("location")), (StatusCode::SEE_OTHER, &*format!("{talk}#m2")));
    }
    assert_eq!(deeds(&site, "telegram", "101").await, [("Ольга".to_owned(), TeamAction::MarkWrong { seq: 2 })]);
    // Of a customer's words nobody says that they are wrong; of an answer it is said that it was marked.
    assert!(!site.get(&talk).await.body.contains("name=\"seq\" value=\"1\""));
    let marked = site.get(&chat("korica", "telegram", "103")).await.body;
    assert!(marked.contains("Отмечен как неверный") && !marked.contains("/wrong\""));
}

#[tokio::test]
async fn who_may_be_the_same_person_is_shown_and_what_is_said_of_anybody_else_is_nothing() {
    let site = site().await;
    let korica = partner("korica");
    let other = sample::conversation(&korica, "telegram", "103").first_customer();
    let key = sample::conversation(&korica, "telegram", "101");
    let inbound = voronka_testkit::journal::sample::text(&korica, "101", "again", "…");
    let mut turn = voronka_testkit::journal::sample::turn(&key, &inbound, 1);
    turn.conversation.state = format!(r#"{{"v":"1","same_as":["{other}"]}}"#);
    site.store.commit(turn.into()).await.unwrap();
    let talk = chat("korica", "telegram", "101");
    for view in ["", "?lang=en"] {
        let page = site.get(&format!("{talk}{view}")).await.body;
        let person = &page[page.find("<section id=\"person\">").unwrap()..];
        for part in ["Екатерина В.", &chat("korica", "telegram", "103"), "/same", "/not-same", &other.to_string()]
        {
            assert!(person.contains(part), "{part} in {person}");
        }
        assert!(!person.contains("/split"), "nobody is one person with them");
    }
    assert!(!site.get(&chat("korica", "telegram", "103")).await.body.contains("id=\"person\""));
    let stranger = sample::conversation(&partner("sosed"), "telegram", "101").first_customer();
    let before = site.store.mail_waiting();
    for (deed, who) in [("same", stranger), ("not-same", stranger), ("split", other)] {
        let said = site.post(&format!("{talk}/{deed}"), &format!("key={KEY}&other={who}")).await;
        assert_eq!((said.status, said.header("location")), (StatusCode::SEE_OTHER, talk.as_str()));
    }
    assert_eq!(site.store.mail_waiting(), before, "nobody else is suggested, and there is nobody to be split from");
    let merge = KinWord::Merge { with: other, by: "Ольга".into() };
    for (deed, word) in [("same", merge), ("not-same", KinWord::NotSame { of: other })] {
        for _ in 0..2 {
            site.post(&format!("{talk}/{deed}"), &format!("key={KEY}&other={other}")).await;
        }
        let mail = site.store.mail(&key, 10).await.unwrap();
        let told = mail.into_iter().filter(|mail| mail.inbound.event == Event::Kin { word: word.clone() });
        assert_eq!(told.count(), 1, "two clicks are one: {word:?}");
    }
    let forged = super::post(&format!("{talk}/same"), "").header("sec-fetch-site", "cross-site");
    let forged = site.send(forged.body(Body::from(format!("key={KEY}&other={other}"))).unwrap()).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn all_businesses_stand_beside_each_other_in_the_order_that_is_asked_for() {
    let site = site().await;
    let page = site.get("/admin/.partners").await;
    assert_eq!(page.status, StatusCode::OK);
    for part in [
        "<a href=\"/admin/korica/more\">Корица</a>",
        "<a href=\"/admin/sosed/more\">Сосед</a>",
        "href=\"/admin/.partners?by=revenue&#38;days=30\"",
        "<th scope=\"col\" class=\"num\" aria-sort=\"descending\">Новые клиенты</th>",
        "aria-current=\"true\">30 дней</a>",
    ] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    let orders = site.get("/admin/.partners?by=orders&days=7").await.body;
    assert!(orders.contains("aria-sort=\"descending\">Заказы</th>"), "{orders}");
    assert!(orders.contains("aria-current=\"true\">7 дней</a>"), "{orders}");
    // What is no choice is the first.
    assert_eq!(site.get("/admin/.partners?by=mood&days=1").await.body, page.body);
    let names = ["Анна", "Екатерина", "+7"];
    assert!(names.iter().all(|name| !page.body.contains(name)), "nobody's name or phone: {}", page.body);
    let style = include_str!("../../../assets/admin/admin.css").len();
    assert!(page.body.len() + style <= 100 * 1024);
}
