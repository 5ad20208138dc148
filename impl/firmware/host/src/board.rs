//! QEMU's mps2-an386 with an image of the firmware. Its PSRAM is a file, in which the flash outlives the machine.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// An image: its file's name.
pub type Image = &'static str;

/// Where the images are.
pub fn images() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../target/thumbv7em-none-eabi/release").into()
}

const PSRAM: u64 = 16 << 20;

/// The file that is the board's PSRAM. Removed when dropped.
pub struct Board {
    path: PathBuf,
    file: File,
}

impl Board {
    /// A new board; the factory has written this page, and all else of the flash is blank.
    pub fn new(name: &str, factory: &[u8]) -> std::io::Result<Board> {
        let path = std::env::temp_dir().join(format!("dke-{name}-{}", std::process::id()));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
        file.set_len(PSRAM)?;
        let board = Board { path, file };
        board.write(0, &[u8::MAX; dke_flash::PAGE * (1 + dke_flash::PAGES)])?;
        board.write(0, factory)?;
        Ok(board)
    }

    /// Reads PSRAM from this offset on.
    pub fn read(&self, at: u64, bytes: &mut [u8]) -> std::io::Result<()> {
        self.file.read_exact_at(bytes, at)
    }

    /// Writes PSRAM from this offset on.
    pub fn write(&self, at: u64, bytes: &[u8]) -> std::io::Result<()> {
        self.file.write_all_at(bytes, at)
    }

    /// The flash, the factory's page included.
    pub fn flash(&self) -> std::io::Result<Vec<u8>> {
        let mut flash = vec![0; dke_flash::PAGE * (1 + dke_flash::PAGES)];
        self.read(0, &mut flash)?;
        Ok(flash)
    }

    /// Switches the board on. Its UART is the process's standard input and output.
    ///
    /// # Panics
    /// If the image is not built or QEMU is not installed: `.ci/firmware` sees to both.
    pub fn start(&self, image: Image) -> Machine {
        let kernel = images().join(image);
        assert!(kernel.exists(), "{} is not built: run .ci/firmware", kernel.display());
        let memory = format!("memory-backend-file,id=psram,size=16M,share=on,mem-path={}", self.path.display());
        let child = Command::new("qemu-system-arm")
            .args(["-machine", "mps2-an386,memory-backend=psram", "-cpu", "cortex-m4", "-icount", "shift=5"])
            .args(["-object", &memory, "-display", "none", "-monitor", "none", "-serial", "stdio"])
            .arg("-kernel")
            .arg(kernel)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        Machine(child.expect("qemu-system-arm is needed (Debian: qemu-system-arm)"))
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A board that is switched on; off when dropped.
pub struct Machine(pub Child);

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
