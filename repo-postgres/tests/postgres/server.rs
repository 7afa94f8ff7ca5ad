//! A server of one test's own, to stop and start, with a password.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::scratch::is_required;

pub(crate) const PASSWORD: &str = "s3cret pass/word";
const URL_PASSWORD: &str = "s3cret%20pass%2Fword";

/// A server with its data in a temporary folder; stopped and removed when dropped.
pub(crate) struct Server {
    programs: PathBuf,
    folder: PathBuf,
    pub(crate) port: u16,
}

impl Server {
    /// `None` where Postgres is not installed.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(!is_required(), "the programs of a Postgres server are not installed");
            eprintln!("skipped: the programs of a Postgres server are not installed");
            return None;
        };
        let pattern = std::env::temp_dir().join("repo-postgres-XXXXXX");
        let made = run(Command::new("mktemp").arg("-d").arg(pattern));
        let folder = PathBuf::from(String::from_utf8(made.stdout).unwrap().trim());
        let server = Self { programs, folder, port: free_port() };
        server.initialize();
        server.start_again();
        Some(server)
    }

    pub(crate) fn url(&self) -> String {
        self.url_as("postgres", URL_PASSWORD, "postgres")
    }

    pub(crate) fn url_as(&self, user: &str, password: &str, database: &str) -> String {
        format!("postgres://{user}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    pub(crate) fn stop(&self, mode: &str) {
        self.control(&["stop", "-m", mode]);
    }

    pub(crate) fn start_again(&self) {
        self.control(&["start", "-l", &self.log(), "-o", &self.settings()]);
    }

    /// Kills one process of the server without a chance to say anything.
    pub(crate) fn kill(&self, pid: i64) {
        run(Command::new("kill").arg("-KILL").arg(pid.to_string()));
    }

    fn initialize(&self) {
        let password = self.folder.join("password");
        let write = format!("echo '{PASSWORD}' > '{}'", password.display());
        run(Command::new("sh").arg("-c").arg(write));
        let mut initdb = Command::new(self.programs.join("initdb"));
        initdb.args(["-U", "postgres", "-A", "scram-sha-256", "--no-sync", "-E", "UTF8"]);
        initdb.arg("--locale=C").arg("--pwfile").arg(password).arg("-D").arg(self.data());
        run(&mut initdb);
    }

    fn settings(&self) -> String {
        let (port, folder) = (self.port, self.folder.display());
        format!("-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off")
    }

    fn control(&self, arguments: &[&str]) {
        let mut control = Command::new(self.programs.join("pg_ctl"));
        run(control.args(arguments).arg("-w").arg("-s").arg("-D").arg(self.data()));
    }

    fn log(&self) -> String {
        self.folder.join("log").display().to_string()
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = Command::new(self.programs.join("pg_ctl"));
        stop.args(["stop", "-m", "immediate", "-s", "-D"]).arg(self.data());
        // It may be stopped already.
        let _ = as_server_user(&mut stop).output();
        let _ = as_server_user(Command::new("rm").arg("-rf").arg(&self.folder)).output();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Where the newest installed server is: Debian keeps it out of the path.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = debian.map(|version| version.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.splice(0..0, std::env::split_paths(&path));
    folders.into_iter().rev().find(|folder| folder.join("initdb").is_file())
}

/// Postgres does not run as root.
fn as_server_user(command: &mut Command) -> Command {
    let id = Command::new("id").arg("-u").output().unwrap();
    let is_root = id.stdout.trim_ascii() == b"0";
    let mut result = Command::new(if is_root { "runuser".as_ref() } else { command.get_program() });
    if is_root {
        result.args(["-u", "postgres", "--"]).arg(command.get_program());
    }
    result.args(command.get_args()).current_dir(Path::new("/"));
    result
}

fn run(command: &mut Command) -> Output {
    let output = as_server_user(command).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    output
}
