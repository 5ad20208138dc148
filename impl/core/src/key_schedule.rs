//! The key schedule as types: what cannot be derived yet has no method yet. PROTOCOL.md section 6.
//!
//! ```text
//!            es
//!            │
//! TH_1 ──▶ Extract = PRK_1 ──▶ Expand "id key", "id nonce", TH_1 ──▶ CT_1
//!                      │
//!              Expand "salt", TH_2
//!                      │
//!            ss ──▶ Extract = PRK_2 ──▶ Expand "early data key", "early data nonce", TH_2 ──▶ CT_2
//!                               │ └───▶ Expand "early", TH_3 = early secret ──▶ exporter
//!               ┌───────────────┴───────────────┐
//!   basic: Expand "basic", TH_4     refresh: Expand "refresh", TH_4
//!               │                               │
//!               │                     ee ──▶ Extract
//!               └───────────┬───────────────────┘
//!                         PRK_3 ──▶ Expand "confirm key", "confirm nonce", TH_4 ──▶ CT_3
//!                           └─────▶ Expand "session", TH_5 = session secret ──▶ exporter
//! ```

use crate::cbor::{Head, length};
use crate::crypto::{AeadKeys, Crypto, Prk, RustCrypto, SharedSecret};
use crate::error::Misuse;
use crate::params::{
    AEAD_KEY, AEAD_NONCE, EXPORT_CONTEXT_MAX, EXPORT_LABEL_MAX, EXPORT_MAX, FINGERPRINT, HASH, LABEL_BASIC,
    LABEL_CONFIRM, LABEL_EARLY, LABEL_EARLY_DATA, LABEL_EXPORT, LABEL_FINGERPRINT, LABEL_ID, LABEL_KEY, LABEL_NONCE,
    LABEL_PREFIX, LABEL_REFRESH, LABEL_SALT, LABEL_SESSION,
};
use crate::transcript::{Th1, Th2, Th3, Th4, Th5};
use zeroize::Zeroizing;

/// Keys for the client's identity.
pub struct Prk1(Prk);
/// Keys for the early data, and the early secret.
pub struct Prk2(Prk);
/// Keys for the confirmation, and the session secret.
pub struct Prk3(Prk);

/// `PRK_1 = Extract(TH_1, es)`
pub fn prk_1<C: Crypto>(th_1: &Th1, es: &SharedSecret) -> Prk1 {
    Prk1(C::extract(&th_1.0, es))
}

impl Prk1 {
    /// Key and nonce of `CT_1 = AEAD(PRK_1, "id", TH_1, ID_CRED_C)`
    pub fn id_keys<C: Crypto>(&self, th_1: &Th1) -> AeadKeys {
        aead_keys::<C>(&self.0, LABEL_ID, &th_1.0)
    }

    /// `PRK_2 = Extract(Expand(PRK_1, "salt", TH_2), ss)`
    pub fn prk_2<C: Crypto>(&self, th_2: &Th2, ss: &SharedSecret) -> Prk2 {
        let salt = expand_32::<C>(&self.0, LABEL_SALT, &th_2.0);
        Prk2(C::extract(salt.expose(), ss))
    }

    /// The key itself, for test vectors.
    pub const fn expose(&self) -> &[u8; HASH] {
        self.0.expose()
    }
}

impl Prk2 {
    /// From where a pending exchange was stored.
    pub const fn restore(bytes: [u8; HASH]) -> Self {
        Prk2(Prk::from_bytes(bytes))
    }

    /// Key and nonce of `CT_2 = AEAD(PRK_2, "early data", TH_2, early data)`
    pub fn early_data_keys<C: Crypto>(&self, th_2: &Th2) -> AeadKeys {
        aead_keys::<C>(&self.0, LABEL_EARLY_DATA, &th_2.0)
    }

    /// `early secret = Expand(PRK_2, "early", TH_3)`
    pub fn early_secret<C: Crypto>(&self, th_3: &Th3) -> EarlySecret {
        EarlySecret(expand_32::<C>(&self.0, LABEL_EARLY, &th_3.0))
    }

    /// `PRK_3 = Expand(PRK_2, "basic", TH_4)`
    pub fn basic<C: Crypto>(&self, th_4: &Th4) -> Prk3 {
        Prk3(expand_32::<C>(&self.0, LABEL_BASIC, &th_4.0))
    }

    /// `PRK_3 = Extract(Expand(PRK_2, "refresh", TH_4), ee)`
    pub fn refresh<C: Crypto>(&self, th_4: &Th4, ee: &SharedSecret) -> Prk3 {
        let salt = expand_32::<C>(&self.0, LABEL_REFRESH, &th_4.0);
        Prk3(C::extract(salt.expose(), ee))
    }

    /// The key itself, for the store of pending exchanges and test vectors.
    pub const fn expose(&self) -> &[u8; HASH] {
        self.0.expose()
    }
}

impl Prk3 {
    /// Key and nonce of `CT_3 = AEAD(PRK_3, "confirm", TH_4, answer data)`
    pub fn confirm_keys<C: Crypto>(&self, th_4: &Th4) -> AeadKeys {
        aead_keys::<C>(&self.0, LABEL_CONFIRM, &th_4.0)
    }

    /// `session secret = Expand(PRK_3, "session", TH_5)`
    pub fn session_secret<C: Crypto>(&self, th_5: &Th5) -> SessionSecret {
        SessionSecret(expand_32::<C>(&self.0, LABEL_SESSION, &th_5.0))
    }

    /// The key itself, for test vectors.
    pub const fn expose(&self) -> &[u8; HASH] {
        self.0.expose()
    }
}

macro_rules! exporter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Prk);

        impl $name {
            /// From where the application stored it.
            pub const fn restore(bytes: [u8; HASH]) -> Self {
                $name(Prk::from_bytes(bytes))
            }

            /// Fills `out` with `export(label, context, out.len()) = Expand(secret, "export " ‖ label, context, out.len())`.
            ///
            /// Label 1..64 bytes, context 0..65535, `out` 1..8160, else `ExportLength` and `out` is left as it is.
            pub fn export(&self, label: &str, context: &[u8], out: &mut [u8]) -> Result<(), Misuse> {
                export(&self.0, label, context, out)
            }

            /// `export("fingerprint", h'', 8)`, for people to compare.
            pub fn fingerprint(&self) -> [u8; FINGERPRINT] {
                let mut fingerprint = [0; FINGERPRINT];
                expand::<RustCrypto>(&self.0, [LABEL_EXPORT, LABEL_FINGERPRINT], &[], &mut fingerprint);
                fingerprint
            }

            /// The secret itself, to be stored where secrets are stored.
            pub const fn expose(&self) -> &[u8; HASH] {
                self.0.expose()
            }
        }
    };
}

exporter! {
    /// Known to both ends before the node has answered; see "Early data" in PROTOCOL.md section 10.
    EarlySecret
}
exporter! {
    /// Known to both ends of a confirmed exchange.
    SessionSecret
}

fn export(secret: &Prk, label: &str, context: &[u8], out: &mut [u8]) -> Result<(), Misuse> {
    let fits = (1..=EXPORT_LABEL_MAX).contains(&label.len())
        && context.len() <= EXPORT_CONTEXT_MAX
        && (1..=EXPORT_MAX).contains(&out.len());
    if !fits {
        return Err(Misuse::ExportLength);
    }
    // Both backends give the same bytes, so that a secret need not remember its own.
    expand::<RustCrypto>(secret, [LABEL_EXPORT, label], context, out);
    Ok(())
}

fn aead_keys<C: Crypto>(prk: &Prk, label: &str, th: &[u8; HASH]) -> AeadKeys {
    let mut keys = AeadKeys { key: [0; AEAD_KEY], nonce: [0; AEAD_NONCE] };
    expand::<C>(prk, [label, LABEL_KEY], th, &mut keys.key);
    expand::<C>(prk, [label, LABEL_NONCE], th, &mut keys.nonce);
    keys
}

pub(crate) fn expand_32<C: Crypto>(prk: &Prk, label: &str, th: &[u8; HASH]) -> Prk {
    let mut out = Zeroizing::new([0; HASH]);
    expand::<C>(prk, [label, ""], th, out.as_mut_slice());
    Prk::from_bytes(*out)
}

/// `Expand(prk, label, context, L) = Expand(prk, info, L)`, info = the array `["DKE-v1 " ‖ label, context (bstr), L (uint)]`
pub(crate) fn expand<C: Crypto>(prk: &Prk, label: [&str; 2], context: &[u8], out: &mut [u8]) {
    let [begin, end] = label;
    let label_len = LABEL_PREFIX.len().saturating_add(begin.len()).saturating_add(end.len());
    let out_len = Head::uint(length(out.len()));
    C::expand(
        prk,
        &[
            Head::array(3).as_slice(),
            Head::text(length(label_len)).as_slice(),
            LABEL_PREFIX.as_bytes(),
            begin.as_bytes(),
            end.as_bytes(),
            Head::bytes(length(context.len())).as_slice(),
            context,
            out_len.as_slice(),
        ],
        out,
    );
}
