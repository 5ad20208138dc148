//! What the attacker can deduce, and what it cannot.

use dke_tests::adversary::knowledge::Knowledge;
use dke_tests::adversary::term::{Term, Terms};

/// Is `goal` deducible from what was seen?
fn deduces(seen: &dyn Fn(&mut Terms) -> Vec<Term>, goal: &dyn Fn(&mut Terms) -> Term) -> bool {
    let (mut terms, mut knowledge) = (Terms::default(), Knowledge::default());
    let goal = goal(&mut terms);
    for term in seen(&mut terms) {
        // Asked in between, so that answers which no longer stand would be noticed.
        knowledge.deduces(&mut terms, goal);
        knowledge.learn(&mut terms, term);
    }
    knowledge.deduces(&mut terms, goal)
}

fn sealed(terms: &mut Terms, key: Term, message: Term) -> Term {
    let label = terms.public("label");
    terms.of("aead", &[key, label, message])
}

#[test]
fn ciphertexts_open_with_their_key_whenever_it_comes() {
    let secret = |terms: &mut Terms| terms.fresh("message");
    let ciphertext = |terms: &mut Terms| {
        let (key, message) = (terms.fresh("key"), terms.fresh("message"));
        sealed(terms, key, message)
    };
    assert!(!deduces(&|terms| vec![ciphertext(terms)], &secret));
    assert!(deduces(&|terms| vec![ciphertext(terms), terms.fresh("key")], &secret));
    assert!(deduces(&|terms| vec![terms.fresh("key"), ciphertext(terms)], &secret));
    assert!(!deduces(&|terms| vec![ciphertext(terms), terms.fresh("other")], &secret));
    // A chain: the message of one is the key of the next, and the last key comes last.
    let chain = |terms: &mut Terms| {
        let keys: Vec<Term> = ["message", "k1", "k2", "k3"].iter().map(|name| terms.fresh(name)).collect();
        let mut all: Vec<Term> = keys.windows(2).map(|pair| sealed(terms, pair[1], pair[0])).collect();
        all.push(keys[3]);
        all
    };
    assert!(deduces(&chain, &secret));
    assert!(!deduces(&|terms| chain(terms)[1..].to_vec(), &secret));
}

#[test]
fn scalars_agree_with_public_keys_only() {
    let agreed = |terms: &mut Terms| {
        let (a, b) = (terms.fresh("a"), terms.fresh("b"));
        let power = terms.power(a);
        terms.agree(power, b)
    };
    let powers = |terms: &mut Terms| {
        ["a", "b"]
            .map(|name| {
                let scalar = terms.fresh(name);
                terms.power(scalar)
            })
            .to_vec()
    };
    assert!(!deduces(&powers, &agreed));
    assert!(deduces(&|terms| [powers(terms), vec![terms.fresh("a")]].concat(), &agreed));
    assert!(deduces(&|terms| [powers(terms), vec![terms.fresh("b")]].concat(), &agreed));
    // Without the other's public key the scalar is of no use; with both scalars no public key is needed.
    assert!(!deduces(&|terms| vec![powers(terms)[0], terms.fresh("a")], &agreed));
    assert!(deduces(&|terms| vec![terms.fresh("b"), terms.fresh("a")], &agreed));
    let mut terms = Terms::default();
    let (a, b) = (terms.fresh("a"), terms.fresh("b"));
    let powers = [terms.power(a), terms.power(b)];
    assert_eq!(terms.agree(powers[0], b), terms.agree(powers[1], a));
}

#[test]
fn pairs_and_signatures_tell_and_functions_do_not() {
    let secret = |terms: &mut Terms| terms.fresh("secret");
    let wrapped = |name: &'static str| {
        move |terms: &mut Terms| {
            let (secret, other) = (terms.fresh("secret"), terms.fresh("other"));
            vec![terms.of(name, &[secret, other])]
        }
    };
    assert!(deduces(&wrapped("pair"), &secret));
    assert!(deduces(&wrapped("sign"), &secret));
    for one_way in ["h", "extract", "expand", "pk"] {
        assert!(!deduces(&wrapped(one_way), &secret), "{one_way}");
    }
    let key = |terms: &mut Terms| terms.fresh("other");
    assert!(!deduces(&wrapped("sign"), &key));
    // Put together, what is known gives what it should.
    let derived = |terms: &mut Terms| {
        let (salt, secret) = (terms.public("salt"), terms.fresh("secret"));
        let prk = terms.of("extract", &[salt, secret]);
        terms.of("expand", &[prk, salt, salt])
    };
    assert!(deduces(&|terms| vec![terms.fresh("secret")], &derived));
    assert!(!deduces(&|terms| vec![terms.fresh("other")], &derived));
}
