//! The weakened variants of the models (`models/tamarin/core.spthy`), to show what each protection of the protocol is for. The
//! specification takes them as a parameter of node, client and authority; the protocol is the one without any.

use crate::bytes::Bytes;

/// An input, or nothing where it is left out.
pub fn dropped(input: Bytes, left_out: bool) -> Bytes {
    if left_out { Bytes::new(0) } else { input }
}

/// A value, or what is there without its protection.
pub fn replaced(value: Bytes, left_out: bool, instead: &Bytes) -> Bytes {
    if left_out { instead.clone() } else { value }
}

/// Which protections are left out. A field stands at each place where its protection would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weakening {
    /// C1 does not verify the signature of the batch.
    pub unsigned_prekeys: bool,
    /// C1 does not compare leaf and path with the root.
    pub no_path_check: bool,
    /// A leaf is the hash of Y alone.
    pub leaf_without_index: bool,
    /// Siblings are hashed in the order of their values, so that a path does not tell the index.
    pub path_without_sides: bool,
    /// The signed header does not contain the node's credential.
    pub node_unbound: bool,
    /// TH_0 does not contain the node's credential beside the header.
    pub th_0_without_node: bool,
    /// The signed header does not contain the epoch.
    pub epoch_unbound: bool,
    /// The signed header does not contain the suite.
    pub suite_unbound: bool,
    /// TH_0 does not contain the suite beside the header.
    pub th_0_without_suite: bool,
    /// TH_1 does not contain the flags.
    pub flags_unbound: bool,
    /// TH_2 does not contain the client's credential.
    pub client_unbound: bool,
    /// TH_4 does not contain the mode.
    pub th_4_without_mode: bool,
    /// TH_4 does not contain TH_3.
    pub th_4_without_th_3: bool,
    /// PRK_2 does not depend on ss.
    pub no_ss: bool,
    /// PRK_2 does not depend on es.
    pub no_es: bool,
    /// PRK_3 does not depend on ee.
    pub no_ee: bool,
    /// N2 accepts an erased prekey.
    pub prekey_reused: bool,
    /// What N2 erased can still be stolen.
    pub prekey_kept: bool,
    /// C2 accepts basic after asking for refresh.
    pub downgrade_accepted: bool,
    /// The authority does not sign the audience.
    pub cwt_without_audience: bool,
    /// N2 does not verify the signature of a CWT.
    pub cwt_unverified: bool,
}

impl Weakening {
    /// The protocol.
    pub const NONE: Weakening = Weakening {
        unsigned_prekeys: false,
        no_path_check: false,
        leaf_without_index: false,
        path_without_sides: false,
        node_unbound: false,
        th_0_without_node: false,
        epoch_unbound: false,
        suite_unbound: false,
        th_0_without_suite: false,
        flags_unbound: false,
        client_unbound: false,
        th_4_without_mode: false,
        th_4_without_th_3: false,
        no_ss: false,
        no_es: false,
        no_ee: false,
        prekey_reused: false,
        prekey_kept: false,
        downgrade_accepted: false,
        cwt_without_audience: false,
        cwt_unverified: false,
    };

    /// With the protection of this name left out, too: a flag of the models. `None` if there is no such flag.
    pub fn without(self, flag: &str) -> Option<Weakening> {
        match flag {
            "UNSIGNED_PREKEYS" => Some(Weakening { unsigned_prekeys: true, ..self }),
            "NO_PATH_CHECK" => Some(Weakening { no_path_check: true, ..self }),
            "LEAF_WITHOUT_INDEX" => Some(Weakening { leaf_without_index: true, ..self }),
            "PATH_WITHOUT_SIDES" => Some(Weakening { path_without_sides: true, ..self }),
            "NODE_UNBOUND" => Some(Weakening { node_unbound: true, th_0_without_node: true, ..self }),
            "EPOCH_UNBOUND" => Some(Weakening { epoch_unbound: true, ..self }),
            "SUITE_UNBOUND" => Some(Weakening { suite_unbound: true, th_0_without_suite: true, ..self }),
            "TH_0_HEADER_ONLY" => Some(Weakening { th_0_without_node: true, th_0_without_suite: true, ..self }),
            "FLAGS_UNBOUND" => Some(Weakening { flags_unbound: true, ..self }),
            "CLIENT_UNBOUND" => Some(Weakening { client_unbound: true, ..self }),
            "TH_4_WITHOUT_MODE" => Some(Weakening { th_4_without_mode: true, ..self }),
            "TH_4_WITHOUT_TH_3" => Some(Weakening { th_4_without_th_3: true, ..self }),
            "NO_SS" => Some(Weakening { no_ss: true, ..self }),
            "NO_ES" => Some(Weakening { no_es: true, ..self }),
            "NO_EE" => Some(Weakening { no_ee: true, ..self }),
            "PREKEY_REUSED" => Some(Weakening { prekey_reused: true, ..self }),
            "PREKEY_KEPT" => Some(Weakening { prekey_kept: true, ..self }),
            "DOWNGRADE_ACCEPTED" => Some(Weakening { downgrade_accepted: true, ..self }),
            "CWT_WITHOUT_AUDIENCE" => Some(Weakening { cwt_without_audience: true, ..self }),
            "CWT_UNVERIFIED" => Some(Weakening { cwt_unverified: true, ..self }),
            _ => None,
        }
    }
}
