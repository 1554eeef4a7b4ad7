//! Which route is for whom.

use super::{
    super::rules::{Need, RULES, need},
    *,
};

/// A route with the sample's things in it.
pub(super) fn address(route: &str, of: &str) -> String {
    let conversation = sample::conversation(&partner(of), "telegram", "101").conversation.to_string();
    let order = sample::order_id(&partner(of), "1120-3307").to_string();
    let path = route.replace("{partner}", of).replace("{conversation}", &conversation).replace("{order}", &order);
    let path = path
        .replace("{letter}", "1")
        .replace("{sequence}", "novinka")
        .replace("{name}", "admin.css")
        .replace("{message}", "1")
        .replace("{token}", &"0".repeat(64));
    let path = path.replace("/messages", "/messages?after=0");
    format!("/admin{}", path.trim_end_matches('/'))
}

/// The routes as the sources state them.
fn routes_there() -> Vec<(Method, String)> {
    let mut routes = Vec::new();
    for source in [include_str!("../../../admin.rs"), include_str!("../../login.rs")] {
        for rest in source.split(".route(\"").skip(1) {
            let (path, handlers) = rest.split_once('"').unwrap();
            let handlers = handlers.split(".route(").next().unwrap();
            let found = routes.len();
            for (method, words) in [
                (Method::GET, &["get("] as &[&str]),
                (Method::POST, &["post(", "chats::at_once(", "chats::typed(", "chats::kin("]),
                (Method::DELETE, &["delete("]),
            ] {
                if words.iter().any(|word| handlers.contains(word)) {
                    routes.push((method, path.to_owned()));
                }
            }
            assert!(routes.len() > found, "{path}: say here what its handler answers to");
        }
    }
    routes
}

/// The rules of routes that are there.
pub(super) fn rules() -> Vec<&'static (Method, &'static str, Need)> {
    let routes = routes_there();
    let is_there =
        |(method, path, _): &&(Method, &str, Need)| routes.iter().any(|route| route.0 == *method && route.1 == *path);
    RULES.iter().filter(is_there).collect()
}

#[test]
fn every_route_of_the_pages_has_its_rule() {
    for (method, path) in routes_there() {
        let what = "say in login/rules.rs who may ask for it: without a rule it is not there where people sign in";
        assert!(need(&method, &path).is_some(), "{method} {path}: {what}");
    }
    assert!(rules().len() > 20, "the routes were read");
}

#[tokio::test]
async fn s_20_off_without_login() {
    let mut door = Door::opens().await;
    for (method, route, of) in rules() {
        let answer = door
            .send(Door::asking(method, &address(route, "korica"), "").body(Body::from("key=1")).unwrap(), "192.0.2.1")
            .await;
        if *of == Need::Open {
            assert_ne!(answer.status, StatusCode::FORBIDDEN, "{route}");
            continue;
        }
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{method} {route}");
        assert!(answer.header("location").starts_with("/admin/.login"), "{method} {route}");
        assert!(!answer.body.contains("Корица"), "{route}");
    }
    assert_eq!(door.store.mail_waiting(), 0);
    // Whoever has not signed in cannot tell which partners are here.
    let (known, unknown) = (door.get("/admin/korica/chats", "").await, door.get("/admin/nobody/chats", "").await);
    assert_eq!((known.status, unknown.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
    let irina = door.joins("irina", &[("korica", Role::Owner)]).await;
    assert_eq!(door.get("/admin/korica/chats", &irina).await.status, StatusCode::OK);
    for forged in ["__Host-session=", "__Host-session=00", "voronka=1"] {
        assert_eq!(door.get("/admin/korica/chats", forged).await.status, StatusCode::SEE_OTHER);
    }
    let forged = format!("__Host-session={}", "0".repeat(64));
    assert_eq!(door.get("/admin/korica/chats", &forged).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn s_22_role_by_route() {
    let mut door = Door::opens().await;
    let people = [
        ("olga", vec![], None),
        ("irina", vec![("korica", Role::Owner)], Some(Role::Owner)),
        ("petr", vec![("korica", Role::Staff)], Some(Role::Staff)),
        ("sergei", vec![("sosed", Role::Owner)], Some(Role::Owner)),
    ];
    for (name, rights, role) in people {
        let cookie = door.joins(name, &rights).await;
        let own = name != "sergei";
        for (method, route, need) in rules().into_iter().filter(|(_, route, _)| route.starts_with("/{partner}")) {
            let request = Door::asking(method, &address(route, "korica"), &cookie);
            if route.ends_with("/events") {
                continue;
            }
            let form = format!("key={:032x}&text=a&from=placed&by=start&seq=2&name=x", 7);
            let answer = door.send(request.body(Body::from(form)).unwrap(), "192.0.2.1").await;
            let may = own && role.is_none_or(|role| role.allows(*need));
            let refused = if own { StatusCode::FORBIDDEN } else { StatusCode::NOT_FOUND };
            if may {
                // There is no such letter, and no such file; everything else that is not done is so for another reason than who asks.
                let is_there = !["letters", "files"].iter().any(|one| route.contains(one));
                let gone = answer.status == StatusCode::NOT_FOUND && is_there;
                assert!(!gone && answer.status != StatusCode::FORBIDDEN, "{name} {method} {route}: {}", answer.status);
                assert!(!answer.header("location").contains("/.login"), "{name} {method} {route}");
            } else {
                assert_eq!(answer.status, refused, "{name} {method} {route}");
            }
        }
    }
    assert!(Need::ALL.iter().any(|need| !Role::Staff.allows(*need)), "the roles differ");
}

#[tokio::test]
async fn who_may_not_send_to_many_sees_how_it_goes_without_the_buttons() {
    let mut door = Door::opens().await;
    let path = "/admin/korica/broadcasts/novinka";
    for (name, role, may) in [("petr", Role::Staff, false), ("irina", Role::Owner, true)] {
        let cookie = door.joins(name, &[("korica", role)]).await;
        let page = door.get(path, &cookie).await;
        assert!(page.status == StatusCode::OK && page.body.contains("Not sent"), "{}", page.body);
        for deed in ["start", "test"] {
            assert_eq!(page.body.contains(&format!("action=\"{path}/{deed}\"")), may, "{name} {deed}");
        }
    }
}

#[tokio::test]
async fn s_22_how_the_business_does_is_shown_to_its_owner_alone() {
    let mut door = Door::opens().await;
    for (name, role, may) in [("petr", Role::Staff, false), ("irina", Role::Owner, true)] {
        let cookie = door.joins(name, &[("korica", role)]).await;
        let page = door.get("/admin/korica/more", &cookie).await;
        assert!(page.status == StatusCode::OK && page.body.contains("Orders"), "{}", page.body);
        assert_eq!(page.body.contains("orders?show=all"), may, "{name}: the revenue");
        assert_eq!(page.body.contains("id=\"chart\""), may, "{name}");
    }
}

#[tokio::test]
async fn s_23_foreign_id_404() {
    let mut door = Door::opens().await;
    let irina = door.joins("irina", &[("korica", Role::Owner)]).await;
    let before = door.store.mail_waiting();
    for (method, route, _) in rules().into_iter().filter(|(_, route, _)| route.starts_with("/{partner}")) {
        // A neighbour's page, a neighbour's thing on one's own page, and a partner that nobody is: the same answer.
        let own = address(route, "sosed").replacen("sosed", "korica", 1);
        let foreign_thing = route.contains("{conversation}") || route.contains("{order}");
        let paths = [address(route, "sosed"), address(route, "sosed").replacen("sosed", "nobody", 1)];
        for path in paths.into_iter().chain(foreign_thing.then_some(own)) {
            let form = format!("key={:032x}&text=a&from=placed&by=start&seq=2&name=x", 7);
            let request = Door::asking(method, &path, &irina).body(Body::from(form)).unwrap();
            let answer = door.send(request, "192.0.2.1").await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
            assert!(!answer.body.contains("Сосед"), "{path}");
        }
    }
    assert_eq!(door.store.mail_waiting(), before);
    let page = door.get("/admin/korica/chats", &irina).await;
    assert!(page.status == StatusCode::OK && !page.body.contains("Сосед"), "not even that there is one");
}

#[tokio::test]
async fn s_22_all_partners_beside_each_other_are_for_who_runs_the_house_alone() {
    let mut door = Door::opens().await;
    let path = "/admin/.partners";
    for (name, rights) in [
        ("irina", vec![("korica", Role::Owner), ("sosed", Role::Owner)]),
        ("petr", vec![("korica", Role::Staff)]),
        ("sergei", vec![("sosed", Role::Owner)]),
    ] {
        let cookie = door.joins(name, &rights).await;
        let refused = door.get(path, &cookie).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{name}");
        assert!(!refused.body.contains("Корица") && !refused.body.contains("Сосед"), "{name}: {}", refused.body);
        let own = rights[0].0;
        assert!(!door.get(&format!("/admin/{own}/more"), &cookie).await.body.contains(path), "{name}");
    }
    let olga = door.joins("olga", &[]).await;
    let page = door.get(path, &olga).await;
    assert!(
        page.status == StatusCode::OK && page.body.contains("Корица") && page.body.contains("Сосед"),
        "{}",
        page.body
    );
    assert!(door.get("/admin/korica/more", &olga).await.body.contains(path));
}
