//! The demonstration's page: complete in itself, and the switch hides what the gateway does not see.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::Place;
use std::fs;

#[test]
fn the_page_is_complete_in_itself() {
    let place = Place::new();
    let told = place.ok("demo --html page.html");
    let page = fs::read_to_string(place.path("page.html")).unwrap();
    for loaded in ["http://", "https://", "<script", "<link", "src=", "@import", "url("] {
        assert!(!page.contains(loaded), "it needs {loaded}");
    }
    // Each message unfolds, in the order of the steps.
    let messages: Vec<&str> = page.split("<details>").skip(1).collect();
    let steps = told["steps"].as_array().unwrap();
    assert_eq!(messages.len(), steps.len());
    for (message, step) in messages.iter().zip(steps) {
        let (name, label) = (step["message"].as_str().unwrap(), step["step"].as_str().unwrap());
        assert!(
            message.contains(&format!("<b>{label}</b> {name} ")) && message.contains(&format!("/ {name}, ")),
            "{name}"
        );
    }
    // What only the ends know stands nowhere but in parts that the switch hides.
    let hidden: Vec<&str> = page.split("private").skip(1).collect();
    let shown: String =
        page.split("<div class=\"note").map(|part| part.split("</div></div>").last().unwrap()).collect();
    for secret in [
        "light on at 18:00",
        "open the valve",
        "on at 18:00, anna",
        "valve is open",
        "close it at dusk",
        "21.5 degrees",
        "87 percent",
    ] {
        assert!(hidden.iter().any(|part| part.contains(secret)), "{secret}");
        for (at, _) in shown.match_indices(secret) {
            let before = &shown[..at];
            let tag = before.rfind("class=\"private\"").unwrap();
            let end = ["</p>", "</td>"].iter().filter_map(|end| before.rfind(end)).max().unwrap_or_default();
            assert!(tag > end, "{secret} is shown to the gateway");
        }
    }
}
