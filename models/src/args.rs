//! The command line.

use crate::model::Variant;
use clap::Parser;
use std::path::PathBuf;

/// Runs every model with every prover on PATH and compares all verdicts with those that the models expect
#[derive(Parser)]
#[command(
    name = "cargo prove",
    bin_name = "cargo prove",
    after_help = "Exit codes:
  0    all verdicts are as expected
  1    a verdict is missing or not as expected, or a property is in no model
  2    the command line is wrong, or nothing fits --only and --variant
  3    a prover is missing; everything else is as expected
  130  interrupted

Examples:
  cargo prove                                   everything, the weakened variants too
  cargo prove --only key_origin                 one property, in all models and variants
  cargo prove --only tamarin/core --json        one file, for other programs
  cargo prove --variant NO_EE                   what breaks without ee
  cargo prove --record                          everything; what came out as expected goes to models/verdicts.toml and proofs/
  cargo prove --replay                          checks the proof scripts of proofs/ without search
  cargo prove --applicability                   tables and attack pictures of models/applicability from the recorded verdicts
  cargo prove --interactive --only core.spthy   opens Tamarin's interface on a model"
)]
pub struct Args {
    /// Only models whose path and properties whose name contains this
    #[arg(long, value_name = "SUBSTRING")]
    pub only: Option<String>,
    /// Only variants with these flags (A+B)
    #[arg(long, value_name = "FLAGS")]
    pub variant: Option<Variant>,
    /// Processes at once [default: one per core, as far as the machine's free memory goes]
    #[arg(long, value_name = "NUMBER")]
    pub jobs: Option<usize>,
    /// Time limit per process in seconds, if the model asks for no other
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub time: u64,
    /// Memory limit per process in MiB, if the model asks for no other
    #[arg(long, value_name = "MIB", default_value_t = 6144)]
    pub memory: u64,
    /// Print one JSON object instead of tables
    #[arg(long)]
    pub json: bool,
    /// Record verdicts and proof scripts of every model whose whole set came out as expected
    #[arg(long, conflicts_with_all = ["replay", "interactive"])]
    pub record: bool,
    /// Let Tamarin check the recorded proof scripts without search, and see that they belong to the models
    #[arg(long, conflicts_with_all = ["variant", "interactive", "json"])]
    pub replay: bool,
    /// Write the tables and attacks of models/applicability from the recorded verdicts, and draw the pictures that are missing or out of date
    #[arg(long, conflicts_with_all = ["only", "variant", "record", "replay", "interactive", "json"])]
    pub applicability: bool,
    /// Open Tamarin's interface on the one model that fits --only
    #[arg(long, conflicts_with = "json")]
    pub interactive: bool,
    /// The project's folder
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/.."), hide_default_value = true)]
    pub root: PathBuf,
}
