//! Commands of the shell that answer for a node.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::time::timeout;

/// A command, and how long it may take.
pub(crate) struct Shell<'a> {
    pub(crate) command: &'a str,
    pub(crate) patience: Duration,
    /// Bytes of the longest output.
    pub(crate) most: usize,
}

impl Shell<'_> {
    /// Runs it with this input and environment: how it ended, and what it said. The error is for people.
    pub(crate) async fn run(
        &self,
        environment: &[(&str, String)],
        input: &[u8],
    ) -> Result<(ExitStatus, Vec<u8>), String> {
        let run = timeout(self.patience, self.execute(environment, input)).await;
        run.map_err(|_| "it took too long".to_string())?
    }

    async fn execute(&self, environment: &[(&str, String)], input: &[u8]) -> Result<(ExitStatus, Vec<u8>), String> {
        let failed = |error: std::io::Error| error.to_string();
        let mut child = Command::new("sh")
            .args(["-c", self.command])
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let (mut stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let give = async {
            if let Some(stdin) = &mut stdin {
                // A command need not read what it is given.
                let _ = stdin.write_all(input).await;
            }
            drop(stdin);
        };
        let take = async {
            let mut output = Vec::new();
            if let Some(stdout) = stdout {
                stdout.take(self.most as u64 + 1).read_to_end(&mut output).await?;
            }
            Ok(output)
        };
        let ((), output) = tokio::join!(give, take);
        let output = output.map_err(failed)?;
        if output.len() > self.most {
            return Err(format!("it said more than {} bytes", self.most));
        }
        Ok((child.wait().await.map_err(failed)?, output))
    }
}
