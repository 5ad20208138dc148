//! One line per function: how many branches and addresses in it depended on a secret.

use crate::requests::errors;

/// What was found.
#[derive(Default)]
pub struct Log {
    place: String,
    inside: usize,
    /// Functions that are as they should be.
    pub passed: usize,
    /// Those that are not.
    pub failed: usize,
}

impl Log {
    /// Lines begin with this, too, while the result lives.
    pub fn under(&mut self, place: &str) -> Under<'_> {
        let length = self.place.len();
        self.place += &format!("{place}, ");
        Under { log: self, length }
    }

    /// Were there reports outside of all functions?
    pub fn finish(&mut self) {
        let outside = errors() - self.inside;
        self.failed += usize::from(outside > 0);
        if outside > 0 {
            println!("between the functions: FAILED, {outside} reports");
        }
    }

    /// Runs a function in which nothing may depend on a secret.
    pub fn check<R>(&mut self, name: &str, run: impl FnOnce() -> R) -> R {
        self.reported(name, run, |reports| reports == 0, "constant time")
    }

    /// Runs a function that leaks, to see that it is reported.
    pub fn check_leak<R>(&mut self, name: &str, run: impl FnOnce() -> R) -> R {
        self.reported(name, run, |reports| reports > 0, "leaks, as it must")
    }

    fn reported<R>(&mut self, name: &str, run: impl FnOnce() -> R, right: impl Fn(usize) -> bool, said: &str) -> R {
        let before = errors();
        let result = run();
        let reports = errors() - before;
        self.inside += reports;
        if right(reports) {
            self.passed += 1;
            println!("{}{name}: {said}", self.place);
        } else {
            self.failed += 1;
            println!("{}{name}: FAILED, {reports} reports", self.place);
        }
        result
    }
}

/// A [`Log`] at a place.
pub struct Under<'a> {
    log: &'a mut Log,
    length: usize,
}

impl std::ops::Deref for Under<'_> {
    type Target = Log;
    fn deref(&self) -> &Log {
        self.log
    }
}

impl std::ops::DerefMut for Under<'_> {
    fn deref_mut(&mut self) -> &mut Log {
        self.log
    }
}

impl Drop for Under<'_> {
    fn drop(&mut self) {
        self.log.place.truncate(self.length);
    }
}
