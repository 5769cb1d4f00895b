//! A `kube::Client` over an in-process router: plain requests call the router, upgrade requests
//! (exec, attach, port-forward) go through hyper over an in-memory pipe.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use http::{Request, Uri, header};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::io::DuplexStream;
use tower::ServiceExt as _;

/// How much an upgraded connection buffers in each direction.
const PIPE: usize = 64 * 1024;

/// Returns a client whose requests `router` answers.
pub(crate) fn client(router: Router, namespace: &str) -> kube::Client {
    let piped = legacy::Client::builder(TokioExecutor::new()).build(Pipe(router.clone()));
    let service = tower::service_fn(move |request: Request<kube::client::Body>| {
        let (router, piped) = (router.clone(), piped.clone());
        async move {
            if request.headers().contains_key(header::UPGRADE) {
                let response = piped.request(absolute(request)?).await?;
                return Ok::<_, tower::BoxError>(response.map(Body::new));
            }
            let answered: Result<_, Infallible> = router.oneshot(request.map(Body::new)).await;
            match answered {
                Ok(response) => Ok(response),
                Err(never) => match never {},
            }
        }
    });
    kube::Client::new(service, namespace)
}

/// Gives the request the host that hyper's client insists on.
fn absolute(
    request: Request<kube::client::Body>,
) -> Result<Request<kube::client::Body>, http::Error> {
    let (mut parts, body) = request.into_parts();
    let mut uri = parts.uri.into_parts();
    uri.scheme = Some(http::uri::Scheme::HTTP);
    uri.authority = Some(http::uri::Authority::from_static("sandbox"));
    parts.uri = Uri::from_parts(uri)?;
    Ok(Request::from_parts(parts, body))
}

/// Connects to the router through memory.
#[derive(Clone)]
struct Pipe(Router);

impl tower::Service<Uri> for Pipe {
    type Response = PipeIo;
    type Error = io::Error;
    type Future = std::future::Ready<Result<PipeIo, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (near, far) = tokio::io::duplex(PIPE);
        let service = TowerToHyperService::new(self.0.clone());
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(far), service)
                .with_upgrades(),
        );
        std::future::ready(Ok(PipeIo(TokioIo::new(near))))
    }
}

struct PipeIo(TokioIo<DuplexStream>);

impl Connection for PipeIo {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl hyper::rt::Read for PipeIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl hyper::rt::Write for PipeIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
