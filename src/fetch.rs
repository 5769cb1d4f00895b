//! Files from servers, within limits.
//!
//! The client is the one that speaks to clusters: it is in the program anyway, with its TLS.

use std::time::Duration;

use anyhow::{Context as _, bail};
use http::{Request, StatusCode, Uri, header};
use kube::{Client, Config, client::Body};

/// The largest file that is fetched.
pub(crate) const MOST_BYTES: usize = 32 * 1024 * 1024;
/// How long fetching a file may take, all in all.
const LONGEST: Duration = Duration::from_mins(1);
/// How often a server may point elsewhere.
const MOST_REDIRECTS: usize = 5;

/// Whether `text` is the address of a file on a server.
pub(crate) fn is_address(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.starts_with("http://") || text.starts_with("https://")
}

/// Returns the file at `url`.
pub(crate) async fn fetch(url: &str) -> anyhow::Result<Vec<u8>> {
    let name = without_credentials(url);
    match tokio::time::timeout(LONGEST, followed(url)).await {
        Ok(fetched) => fetched.with_context(|| format!("failed to fetch {name}")),
        Err(_) => bail!(
            "failed to fetch {name}: no answer in {} s",
            LONGEST.as_secs()
        ),
    }
}

async fn followed(url: &str) -> anyhow::Result<Vec<u8>> {
    let mut uri: Uri = url.parse().context("it is no address")?;
    for _ in 0..=MOST_REDIRECTS {
        let response = answer(&uri).await?;
        let status = response.status();
        if status == StatusCode::OK {
            let body = axum::body::Body::new(response.into_body());
            let bytes = axum::body::to_bytes(body, MOST_BYTES).await;
            let bytes = bytes.with_context(|| {
                format!("it cannot be read to its end, or has more than {MOST_BYTES} bytes")
            })?;
            return Ok(bytes.to_vec());
        }
        let location = response.headers().get(header::LOCATION);
        let Some(location) = location.filter(|_| status.is_redirection()) else {
            bail!("the server answers {status}");
        };
        let location = location.to_str().context("the server points nowhere")?;
        uri = next(&uri, location)?;
    }
    bail!("the server points elsewhere more than {MOST_REDIRECTS} times")
}

async fn answer(uri: &Uri) -> anyhow::Result<http::Response<Body>> {
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        bail!("the address has no server");
    };
    let server = format!("{scheme}://{authority}").parse()?;
    let client = Client::try_from(Config::new(server))?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let agent = concat!("kudo-rs/", env!("CARGO_PKG_VERSION"));
    let request = Request::get(path).header(header::USER_AGENT, agent);
    Ok(client.send(request.body(Body::empty())?).await?)
}

/// Returns where `location` leads from `uri`; never from an encrypted address to one that is not.
fn next(uri: &Uri, location: &str) -> anyhow::Result<Uri> {
    let next: Uri = if is_address(location) {
        location.parse()?
    } else {
        let path = if location.starts_with('/') {
            location.to_owned()
        } else {
            let folder = uri.path().rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{folder}/{location}")
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(path.parse()?);
        Uri::from_parts(parts)?
    };
    if uri.scheme_str() == Some("https") && next.scheme_str() != Some("https") {
        bail!("the server points to an address that is not encrypted");
    }
    Ok(next)
}

/// Returns `url` as messages show it: whoever reads them need not know a password in it.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (server, path) = rest.split_once('/').unwrap_or((rest, ""));
    match server.rsplit_once('@') {
        Some((_, server)) => format!("{scheme}://{server}/{path}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_followed_but_not_out_of_encryption() {
        let from: Uri = "https://host/a/b.tgz".parse().unwrap();
        let to = |location| next(&from, location).map(|uri| uri.to_string());

        assert_eq!(to("/c").unwrap(), "https://host/c");
        assert_eq!(to("c?d=e").unwrap(), "https://host/a/c?d=e");
        assert_eq!(to("https://other/c").unwrap(), "https://other/c");
        assert!(to("http://host/c").is_err());
    }

    #[test]
    fn passwords_in_addresses_are_not_shown() {
        assert_eq!(
            without_credentials("https://me:hunter2@host/a"),
            "https://host/a"
        );
        assert_eq!(without_credentials("http://host/a@b"), "http://host/a@b");
    }
}
