//! What the parts of a message are called: the CDDL as data.

/// A part: its name, and what is inside.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) inside: Inside,
}

/// What is inside a part.
pub(crate) enum Inside {
    /// Nothing with a name.
    Plain,
    /// UNIX seconds.
    Time,
    /// An array of parts.
    Array(&'static [Part]),
    /// A map, by key.
    Map(&'static [(i64, Part)]),
    /// A byte string that holds CBOR.
    Wrapped(&'static Part),
}

use Inside::{Array, Map, Plain, Time, Wrapped};

const fn plain(name: &'static str) -> Part {
    Part { name, inside: Plain }
}

const HEADER: Part = Part {
    name: "header",
    inside: Array(&[
        plain("version"),
        plain("suite"),
        plain("H(CRED_N)"),
        plain("epoch"),
        Part { name: "not_after", inside: Time },
        plain("depth"),
        plain("root"),
        plain("mailbox: SHA-256 of the token"),
    ]),
};

const BATCH: Part = Part {
    name: "SignedBatch: COSE_Sign1",
    inside: Array(&[
        Part { name: "protected", inside: Wrapped(&PROTECTED) },
        plain("unprotected"),
        Part { name: "payload", inside: Wrapped(&HEADER) },
        plain("signature, ES256"),
    ]),
};

const PROTECTED: Part =
    Part { name: "COSE header", inside: Map(&[(1, plain("alg: -7 is ES256")), (4, plain("kid of the authority"))]) };

const CNF: Part = Part {
    name: "cnf",
    inside: Map(&[(
        1,
        Part {
            name: "COSE_Key",
            inside: Map(&[
                (1, plain("kty: 2 is EC2")),
                (2, plain("kid")),
                (-1, plain("crv: 1 is P-256")),
                (-2, plain("x")),
                (-3, plain("y")),
            ]),
        },
    )]),
};

const CLAIMS: Part = Part {
    name: "claims",
    inside: Map(&[(2, plain("sub: the client")), (3, plain("aud: the node")), (8, CNF), (-70_001, plain("epoch_max"))]),
};

/// N1 to G1.
pub(crate) const PUBLICATION: Part =
    Part { name: "Publication", inside: Array(&[BATCH, plain("Ys: the prekeys, 32 bytes each")]) };
/// G2 to C1.
pub(crate) const OFFER: Part = Part {
    name: "Offer",
    inside: Array(&[BATCH, plain("index"), plain("Y: the prekey"), plain("path: siblings from the leaf up")]),
};
/// C1 to N2.
pub(crate) const INITIATE: Part = Part {
    name: "Initiate",
    inside: Array(&[
        plain("flags: 1 asks for refresh"),
        plain("epoch"),
        plain("index"),
        plain("X: the client's ephemeral"),
        plain("CT_1: who calls, encrypted"),
        plain("CT_2: early data, encrypted"),
    ]),
};
/// N3 to C2.
pub(crate) const CONFIRM: Part = Part {
    name: "Confirm",
    inside: Array(&[
        plain("epoch"),
        plain("index"),
        plain("Z: the node's ephemeral, empty in basic mode"),
        plain("CT_3: answer data, encrypted"),
    ]),
};
/// A CCS.
pub(crate) const CREDENTIAL: Part = Part { name: "Credential: CCS", inside: Map(&[(2, plain("sub")), (8, CNF)]) };
/// A1.
pub(crate) const CWT: Part = Part {
    name: "CWT: COSE_Sign1",
    inside: Array(&[
        Part { name: "protected", inside: Wrapped(&PROTECTED) },
        plain("unprotected"),
        Part { name: "payload: the client's CRED", inside: Wrapped(&CLAIMS) },
        plain("signature of the authority, ES256"),
    ]),
};
/// Anything else.
pub(crate) const UNKNOWN: Part = plain("CBOR");
