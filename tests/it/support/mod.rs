//! A user with a home of their own, and the backends they work on.

pub(crate) mod managed;
pub(crate) mod suite;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Returns stdout of a command that must have ended well.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(
            self.code, 0,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self.stdout
    }

    /// Checks that the command failed with exit code 1 and said `words`.
    #[track_caller]
    pub(crate) fn refused(&self, words: &str) {
        assert_eq!(
            self.code, 1,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        assert!(
            self.stderr.contains(words),
            "`{words}` is not in:\n{}",
            self.stderr
        );
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }
}

/// Where a user's commands take effect.
#[derive(Clone, Debug)]
pub(crate) enum Backend {
    /// A sandbox of their own.
    Sandbox,
    /// A real API server, in a namespace of their own.
    ApiServer(PathBuf),
}

/// Returns the backends that are here; says which are not.
#[expect(
    clippy::disallowed_methods,
    reason = "tests choose their backend by the environment"
)]
pub(crate) fn backends() -> Vec<Backend> {
    let mut backends = vec![Backend::Sandbox];
    let kubeconfig = std::env::var_os("KUDO_RS_TEST_KUBECONFIG").filter(|path| !path.is_empty());
    match kubeconfig {
        Some(path) => backends.push(Backend::ApiServer(path.into())),
        None => eprintln!("skipped: a real API server, KUDO_RS_TEST_KUBECONFIG is not set"),
    }
    backends
}

/// Somebody at a terminal.
#[derive(Debug)]
pub(crate) struct User {
    home: TempDir,
    backend: Backend,
    namespace: String,
    /// How long a pretended pod takes until it is ready.
    pod_milliseconds: &'static str,
}

impl User {
    /// Returns somebody whose sandbox is empty.
    pub(crate) fn new() -> Self {
        Self::on(Backend::Sandbox)
    }

    /// Returns somebody who works on `backend`.
    pub(crate) fn on(backend: Backend) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let namespace = match backend {
            Backend::Sandbox => "default".to_owned(),
            Backend::ApiServer(_) => format!("kudo-rs-{}-{number}", std::process::id()),
        };
        let user = Self {
            home: TempDir::new().unwrap(),
            backend,
            namespace,
            pod_milliseconds: "50",
        };
        if matches!(user.backend, Backend::ApiServer(_)) {
            user.namespace_request("POST");
        }
        user
    }

    /// Makes pods take long enough that a plan can be seen at work.
    pub(crate) fn with_slow_pods(mut self) -> Self {
        self.pod_milliseconds = "2000";
        self
    }

    /// Returns the namespace that is theirs.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns a path in their home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file in their home and returns its path as text.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Runs `kudo-rs` to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        ran(&mut self.command(args))
    }

    /// Starts `kudo-rs` and lets it run; [`User::said`] is what it prints.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        let said = fs::File::create(self.path("said")).unwrap();
        self.command(args)
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .unwrap()
    }

    /// Returns what the command started last has printed on stderr up to now.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.path("said")).unwrap_or_default()
    }

    /// Polls until `holds`: there is no event of another process to wait for.
    pub(crate) fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(
                begun.elapsed() < Duration::from_mins(2),
                "{what} did not come about in two minutes; the command said:\n{}",
                self.said()
            );
            thread::yield_now();
        }
    }

    /// Returns `kudo-rs` with their environment and nothing else of this process's.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kudo-rs"));
        command
            .args(args)
            .current_dir(root())
            .env_clear()
            .env("HOME", self.home.path())
            .env("KUDO_RS_SANDBOX", self.path("sandbox"))
            .env("KUDO_RS_SANDBOX_POD_MS", self.pod_milliseconds)
            .env("TZ", "UTC");
        match &self.backend {
            Backend::Sandbox => &mut command,
            Backend::ApiServer(path) => command
                .env("KUBECONFIG", path)
                .args(["--namespace", &self.namespace]),
        };
        command
    }

    fn namespace_request(&self, method: &str) {
        let Backend::ApiServer(path) = &self.backend else {
            return;
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let kubeconfig = kube::config::Kubeconfig::read_from(path).unwrap();
            let options = kube::config::KubeConfigOptions::default();
            let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .unwrap();
            let client = kube::Client::try_from(config).unwrap();
            let api: kube::Api<k8s_openapi::api::core::v1::Namespace> = kube::Api::all(client);
            if method == "POST" {
                let namespace = serde_json::json!({"metadata": {"name": self.namespace}});
                let namespace = serde_json::from_value(namespace).unwrap();
                api.create(&kube::api::PostParams::default(), &namespace)
                    .await
                    .unwrap();
            } else {
                drop(
                    api.delete(&self.namespace, &kube::api::DeleteParams::default())
                        .await,
                );
            }
        });
    }
}

impl Drop for User {
    fn drop(&mut self) {
        self.namespace_request("DELETE");
    }
}

/// Runs a command to its end.
pub(crate) fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Returns the root of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
