//! The worked example in PROTOCOL.md, made from a vector.

use dke_vectors::form::Exchange;
use std::fmt::Write;

const BEGIN: &str = "<!-- worked example: begin -->\n";
const END: &str = "<!-- worked example: end -->";
/// The vector that is shown.
pub const NAME: &str = "suite2-basic-kid-data";

/// The document with the example in its place.
pub fn replace(document: &str, exchanges: &[Exchange]) -> String {
    let (before, rest) = document.split_once(BEGIN).expect("PROTOCOL.md has a place for the example");
    let (_, after) = rest.split_once(END).expect("the place has an end");
    let vector = exchanges.iter().find(|vector| vector.name == NAME).expect("the vector exists");
    format!("{before}{BEGIN}{}{END}{after}", text(vector))
}

/// The example: one value a line, long ones folded.
fn text(vector: &Exchange) -> String {
    let (inputs, messages, values) = (&vector.inputs, &vector.messages, &vector.values);
    let prekey = &inputs.prekeys[inputs.index as usize];
    let rows: [(&str, &str); 37] = [
        ("CRED_N", &inputs.node_credential),
        ("node's identity key", &inputs.node_key),
        ("CRED_C", &inputs.client_credential),
        ("c", &inputs.client_key),
        ("mailbox token", &inputs.token),
        ("y", prekey),
        ("header", &values.header),
        ("Publication", &messages.publication),
        ("Offer", &messages.offer),
        ("x", &inputs.x),
        ("es", &values.es),
        ("TH_0", &values.th_0),
        ("TH_1", &values.th_1),
        ("PRK_1", &values.prk_1),
        ("id key", &values.id_key),
        ("id nonce", &values.id_nonce),
        ("ID_CRED_C", &inputs.id_cred),
        ("CT_1", &values.ct_1),
        ("TH_2", &values.th_2),
        ("ss", &values.ss),
        ("PRK_2", &values.prk_2),
        ("early data key", &values.early_data_key),
        ("early data nonce", &values.early_data_nonce),
        ("early data", &inputs.early_data),
        ("CT_2", &values.ct_2),
        ("TH_3", &values.th_3),
        ("early secret", &values.early_secret),
        ("Initiate", &messages.initiate),
        ("TH_4", &values.th_4),
        ("PRK_3", &values.prk_3),
        ("confirm key", &values.confirm_key),
        ("confirm nonce", &values.confirm_nonce),
        ("answer data", &inputs.answer),
        ("CT_3", &values.ct_3),
        ("Confirm", &messages.confirm),
        ("TH_5", &values.th_5),
        ("session secret", &values.session_secret),
    ];
    let mut text = String::from("```\n");
    for (name, value) in rows {
        let _ = writeln!(text, "{name} ({} bytes)", value.len() / 2);
        for line in value.as_bytes().chunks(96) {
            let _ = writeln!(text, "  {}", String::from_utf8_lossy(line));
        }
    }
    text + "```\n"
}
