//! Exchanges told for people: one snapshot per scenario, to be read and accepted with `cargo insta review`.
//!
//! Each step shows its label, from whom to whom, the state before and after, the message in diagnostic notation with sizes, and the
//! end of each story shows what the gateway saw and the keys on both ends. Where a story says that two keys are equal, that nothing
//! changed, or that the gateway read nothing, that was checked while it was told.

#[path = "transcripts/attacks.rs"]
mod attacks;
#[path = "transcripts/failures.rs"]
mod failures;
#[path = "transcripts/honest.rs"]
mod honest;
#[path = "transcripts/render.rs"]
mod render;
#[path = "transcripts/story.rs"]
mod story;

use std::collections::BTreeSet;

macro_rules! scenarios {
    ($($module:ident::$name:ident,)*) => {
        $(
            #[test]
            fn $name() {
                let told = $module::$name().end();
                let mut settings = insta::Settings::clone_current();
                settings.set_omit_expression(true);
                settings.bind(|| insta::assert_snapshot!(stringify!($name), told));
            }
        )*

        const NAMES: &[&str] = &[$(stringify!($name),)*];
    };
}

scenarios! {
    honest::suite_2_basic,
    honest::suite_2_refresh,
    honest::suite_3_basic,
    honest::suite_3_refresh,
    honest::cwt_client,
    honest::node_insists_on_refresh,
    honest::two_clients_one_wake_up,
    honest::next_batch,
    failures::exhausted_batch,
    failures::crash_before_confirm,
    failures::lost_confirm,
    failures::store_breaks_at_erasure,
    attacks::epoch_rollback,
    attacks::replayed_initiate,
    attacks::swapped_confirms,
    attacks::tampered_offer,
    attacks::wrong_audience,
    attacks::downgrade,
    attacks::stranger,
}

/// A snapshot without a scenario would never be compared with anything.
#[test]
fn no_snapshot_is_left_over() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots");
    let found: BTreeSet<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("transcripts__") && name.ends_with(".snap"))
        .collect();
    let expected: BTreeSet<String> = NAMES.iter().map(|name| format!("transcripts__{name}.snap")).collect();
    assert_eq!(found, expected);
}
