//! Copying files out of a pod: one command that archives them all (kudo-spec 3.9).
//!
//! KUDO asked for each file's size and then for the file, over two connections each. An archive says the
//! size of a file before its content, so one connection is enough, and what is too large is not read.

use std::{collections::BTreeMap, io::Read as _, time::Duration};

use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::Status};
use kube::{
    Api,
    api::{AttachParams, AttachedProcess},
};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::{
    cluster::{Cluster, ClusterError},
    error::{TaskError, event},
};

use super::pod::{WAITER, cleaned};

/// A file may have this many bytes, which is as much as a Secret can hold.
const LARGEST: u64 = 1_048_576;
/// What an archive has besides the content of a file: headers with long names, and padding.
const HEADERS: u64 = 8 * 1024;
/// A pod that says nothing for so long is asked again.
const SILENCE: Duration = Duration::from_mins(1);
/// How much of what a command complains about is kept.
const COMPLAINT: u64 = 4 * 1024;

/// Content of files by their path.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// How a command ended.
struct Ran {
    archive: Vec<u8>,
    complaint: String,
    /// Absent when the archive grew too large and was cut off.
    status: Option<Status>,
}

/// Copies the files at `paths` out of the waiting container of a pod.
///
/// A command that says that it failed is a fatal error; a connection that failed is not.
pub(super) async fn files(
    cluster: &Cluster,
    namespace: &str,
    pod: &str,
    paths: &[String],
) -> Result<Files, TaskError> {
    let ran = run(cluster, namespace, pod, paths)
        .await
        .map_err(|cause| TaskError::Transient {
            cause: format!("copying files from pod {pod}: {cause}"),
            retry_after: None,
        })?;
    let files = unpacked(&ran.archive)?;
    let Some(status) = ran.status else {
        return Err(failed(format!(
            "the archive of {} files has more than {} bytes",
            paths.len(),
            most(paths)
        )));
    };
    if status.status.as_deref() != Some("Success") {
        return Err(failure(pod, &status, &ran.complaint));
    }
    let missing = paths.iter().find(|path| !files.contains_key(*path));
    match missing {
        Some(path) => Err(failed(format!("pipe file {path} is no regular file"))),
        None => Ok(files),
    }
}

fn failed(cause: String) -> TaskError {
    TaskError::fatal(event::PIPE, cause)
}

/// Only an exit code says that the command itself failed: anything else is the way to it.
fn failure(pod: &str, status: &Status, complaint: &str) -> TaskError {
    let message = status.message.as_deref().unwrap_or("no reason is given");
    if status.reason.as_deref() != Some("NonZeroExitCode") {
        return TaskError::Transient {
            cause: format!("copying files from pod {pod}: {message}"),
            retry_after: None,
        };
    }
    let complaint = complaint.trim();
    let why = if complaint.is_empty() {
        message
    } else {
        complaint
    };
    failed(format!("pipe files cannot be copied from pod {pod}: {why}"))
}

fn most(paths: &[String]) -> u64 {
    let each = LARGEST + HEADERS;
    each.saturating_mul(paths.len() as u64) + HEADERS
}

async fn run(
    cluster: &Cluster,
    namespace: &str,
    pod: &str,
    paths: &[String],
) -> Result<Ran, String> {
    let api: Api<Pod> = Api::namespaced(cluster.client().clone(), namespace);
    let params = AttachParams {
        container: Some(WAITER.to_owned()),
        stdin: false,
        stdout: true,
        stderr: true,
        max_stdout_buf_size: Some(64 * 1024),
        ..AttachParams::default()
    };
    let command = ["/bin/sh", "-c", &command(paths)];
    let connecting = api.exec(pod, command, &params);
    let connected = patient(cluster, connecting).await?;
    let process = connected.map_err(|error| ClusterError::from(error).to_string())?;
    read(cluster, process, most(paths)).await
}

/// Links are followed: a Secret keeps what they lead to.
///
/// The shell is there in any case, and says with an exit code when the archiver is not.
fn command(paths: &[String]) -> String {
    let quoted = paths
        .iter()
        .map(|path| format!(" '{}'", path.replace('\'', "'\\''")));
    format!("tar chf - --{}", quoted.collect::<String>())
}

async fn read(cluster: &Cluster, mut process: AttachedProcess, most: u64) -> Result<Ran, String> {
    let lost = || "the connection broke".to_owned();
    let stdout = process.stdout().ok_or_else(lost)?;
    let stderr = process.stderr().ok_or_else(lost)?;
    let ended = process.take_status().ok_or_else(lost)?;
    let output = kept(cluster, stdout, most, true);
    let complaint = kept(cluster, stderr, COMPLAINT, false);
    // Both have to be read, or the command waits for the one that is not.
    let reading = async { tokio::try_join!(output, complaint) };
    let (archive, complaint) = match reading.await {
        Ok(read) => read,
        Err(Stopped::TooMuch(archive)) => {
            return Ok(Ran {
                archive,
                complaint: String::new(),
                status: None,
            });
        }
        Err(Stopped::Silent(why)) => return Err(why),
    };
    let status = patient(cluster, ended).await?;
    let status =
        status.ok_or_else(|| "the connection broke before the command ended".to_owned())?;
    Ok(Ran {
        archive,
        complaint: String::from_utf8_lossy(&complaint).into_owned(),
        status: Some(status),
    })
}

/// Why an output was not read to its end.
enum Stopped {
    TooMuch(Vec<u8>),
    Silent(String),
}

/// Reads to the end and keeps `most` bytes; more of them are an error where they are `counted`.
async fn kept(
    cluster: &Cluster,
    mut output: impl AsyncRead + Unpin,
    most: u64,
    counted: bool,
) -> Result<Vec<u8>, Stopped> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut kept = Vec::new();
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let reading = patient(cluster, output.read(&mut buffer));
        let number = match reading.await.map_err(Stopped::Silent)? {
            Ok(0) => return Ok(kept),
            Ok(number) => number,
            Err(error) => return Err(Stopped::Silent(error.to_string())),
        };
        let room = most - kept.len();
        kept.extend(&buffer[..number.min(room)]);
        if number > room && counted {
            return Err(Stopped::TooMuch(kept));
        }
    }
}

/// Waits for something that must not take for ever.
async fn patient<T>(cluster: &Cluster, something: impl Future<Output = T>) -> Result<T, String> {
    tokio::select! {
        biased;
        value = something => Ok(value),
        () = cluster.clock().sleep(SILENCE) => {
            Err(format!("nothing was heard for {} s", SILENCE.as_secs()))
        }
    }
}

/// Returns the regular files of an archive, which may be cut off.
fn unpacked(archive: &[u8]) -> Result<Files, TaskError> {
    let mut files = Files::new();
    let mut archive = tar::Archive::new(archive);
    let Ok(entries) = archive.entries() else {
        return Ok(files);
    };
    // What is cut off or no archive leaves files missing, which the caller sees.
    for mut entry in entries.map_while(Result::ok) {
        let path = cleaned(&String::from_utf8_lossy(&entry.path_bytes()));
        let kind = entry.header().entry_type();
        if kind.is_hard_link() {
            let link = entry.link_name_bytes().unwrap_or_default();
            let target = cleaned(&String::from_utf8_lossy(&link));
            if let Some(bytes) = files.get(&target).cloned() {
                files.insert(path, bytes);
            }
            continue;
        }
        if !kind.is_file() {
            continue;
        }
        let size = entry.size();
        if size > LARGEST {
            return Err(failed(format!(
                "pipe file {path} size {size} exceeds maximum file size of {LARGEST} bytes"
            )));
        }
        let mut bytes = Vec::new();
        if entry.read_to_end(&mut bytes).is_err() || bytes.len() as u64 != size {
            break;
        }
        files.insert(path, bytes);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(files: &[(&str, u64)]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, size) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(*size);
            header.set_mode(0o644);
            let content = std::io::repeat(b'x').take(*size);
            archive.append_data(&mut header, path, content).unwrap();
        }
        archive.into_inner().unwrap()
    }

    // kudo-spec 3.9
    #[test]
    fn a_file_that_is_too_large_is_known_by_its_header() {
        let whole = archive(&[("tmp/a", 3), ("tmp/b", LARGEST + 1)]);
        let cut_off = &whole[..4096];

        for bytes in [&whole, cut_off] {
            assert_eq!(
                unpacked(bytes).unwrap_err(),
                failed(
                    "pipe file /tmp/b size 1048577 exceeds maximum file size of 1048576 bytes"
                        .to_owned()
                )
            );
        }
    }

    #[test]
    fn files_are_found_under_their_whole_path() {
        let long = format!("tmp/{}/file", "long".repeat(60));
        let files = unpacked(&archive(&[("tmp/a", 3), (&long, LARGEST), ("tmp/c", 0)])).unwrap();

        assert_eq!(files["/tmp/a"], b"xxx");
        assert_eq!(files[&format!("/{long}")].len() as u64, LARGEST);
        assert_eq!(files["/tmp/c"], b"");
    }

    #[test]
    fn what_is_no_archive_or_cut_off_has_no_files() {
        let whole = archive(&[("tmp/a", 3), ("tmp/b", 2000)]);

        assert_eq!(unpacked(b"no archive at all").unwrap(), Files::new());
        assert_eq!(unpacked(b"").unwrap(), Files::new());
        assert_eq!(unpacked(&whole[..2000]).unwrap().len(), 1);
    }

    #[test]
    fn a_hard_link_is_the_file_it_is_linked_to() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(2);
        builder
            .append_data(&mut header, "tmp/a", &b"hi"[..])
            .unwrap();
        let mut link = tar::Header::new_gnu();
        link.set_entry_type(tar::EntryType::Link);
        link.set_size(0);
        builder.append_link(&mut link, "tmp/b", "tmp/a").unwrap();

        let files = unpacked(&builder.into_inner().unwrap()).unwrap();

        assert_eq!(files["/tmp/b"], b"hi");
    }

    #[test]
    fn paths_are_quoted_for_the_shell() {
        let paths = ["/tmp/a".to_owned(), "/tmp/it's; rm -rf $HOME".to_owned()];

        assert_eq!(
            command(&paths),
            "tar chf - -- '/tmp/a' '/tmp/it'\\''s; rm -rf $HOME'"
        );
    }

    #[test]
    fn only_an_exit_code_is_the_commands_own_failure() {
        let status = |reason: &str| Status {
            status: Some("Failure".to_owned()),
            reason: Some(reason.to_owned()),
            message: Some("m".to_owned()),
            ..Status::default()
        };

        let of_command = failure("p", &status("NonZeroExitCode"), "tar: /a: No such file\n");
        let of_way = failure("p", &status("InternalError"), "");

        assert_eq!(
            of_command,
            failed("pipe files cannot be copied from pod p: tar: /a: No such file".to_owned())
        );
        assert!(matches!(of_way, TaskError::Transient { .. }), "{of_way:?}");
    }
}
