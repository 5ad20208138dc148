//! Makes a failing script small: fewer actions, then simpler ones.

use super::script::{Action, Script};

/// All scripts that are one step smaller, the smallest first.
pub fn smaller(script: &Script) -> impl Iterator<Item = Script> + '_ {
    let length = script.0.len();
    let sizes =
        std::iter::successors(Some(length / 2), |size| (*size > 1).then_some(size / 2)).filter(|size| *size > 0);
    let fewer = sizes.flat_map(move |size| {
        (0..length).step_by(size).map(move |from| {
            let kept = script.0.iter().enumerate().filter(|(at, _)| !(from..from + size).contains(at));
            Script(kept.map(|(_, action)| action.clone()).collect())
        })
    });
    let simpler = (0..length).flat_map(move |at| {
        simpler(&script.0[at]).into_iter().map(move |action| {
            let mut smaller = script.clone();
            smaller.0[at] = action;
            smaller
        })
    });
    fewer.chain(simpler)
}

/// Simpler actions that do nearly the same.
fn simpler(action: &Action) -> Vec<Action> {
    let mut found = Vec::new();
    let mut add = |change: &dyn Fn(&mut Action)| {
        let mut other = action.clone();
        change(&mut other);
        if other != *action {
            found.push(other);
        }
    };
    match action {
        Action::Publish { .. } => {
            add(&|action| {
                if let Action::Publish { suite, .. } = action {
                    *suite = 2
                }
            });
            add(&|action| {
                if let Action::Publish { depth, .. } = action {
                    *depth = 0
                }
            });
        }
        Action::Initiate { changes, .. } => {
            add(&|action| {
                if let Action::Initiate { refresh, .. } = action {
                    *refresh = false
                }
            });
            add(&|action| {
                if let Action::Initiate { loss, .. } = action {
                    *loss = None
                }
            });
            for at in 0..changes.len() {
                add(&|action| {
                    if let Action::Initiate { changes, .. } = action {
                        changes.remove(at);
                    }
                });
            }
        }
        Action::Deliver { changes, .. } => {
            add(&|action| {
                if let Action::Deliver { loss, .. } = action {
                    *loss = None
                }
            });
            for at in 0..changes.len() {
                add(&|action| {
                    if let Action::Deliver { changes, .. } = action {
                        changes.remove(at);
                    }
                });
            }
        }
        Action::Finish { changes, .. } => {
            add(&|action| {
                if let Action::Finish { loss, .. } = action {
                    *loss = None
                }
            });
            for at in 0..changes.len() {
                add(&|action| {
                    if let Action::Finish { changes, .. } = action {
                        changes.remove(at);
                    }
                });
            }
        }
        Action::ForgeInitiate { .. } => {
            add(&|action| {
                if let Action::ForgeInitiate { refresh, .. } = action {
                    *refresh = false
                }
            });
        }
        Action::ForgeConfirm { .. } => {
            add(&|action| {
                if let Action::ForgeConfirm { refresh, .. } = action {
                    *refresh = false
                }
            });
        }
        Action::OwnNode { .. } => add(&|action| {
            if let Action::OwnNode { like, .. } = action {
                *like = None
            }
        }),
        Action::OwnClient { .. } => add(&|action| {
            if let Action::OwnClient { like, .. } = action {
                *like = None
            }
        }),
        Action::ForgeToken { .. } => add(&|action| {
            if let Action::ForgeToken { from, .. } = action {
                *from = None
            }
        }),
        _ => {}
    }
    found
}

/// A smallest script near this one that still fails.
pub fn shrink(script: &Script, fails: &mut dyn FnMut(&Script) -> bool) -> Script {
    let mut best = script.clone();
    loop {
        let next = smaller(&best).find(|next| fails(next));
        match next {
            Some(next) => best = next,
            None => return best,
        }
    }
}
