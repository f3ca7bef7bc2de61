//! HTTP: one client, its time limits, and errors that never show an address's query.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response};
use sellerlake_contracts::{Error, Kind, Result};

use crate::failure::{CallFault, Stop};
use crate::operation::Method;

/// Larger than any page Amazon sends (10 MB), small enough to refuse a runaway body.
const MOST_BODY_BYTES: usize = 64 << 20;

/// How requests are sent.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest silence while an answer or a download comes in.
    pub read_timeout: Duration,
    /// How long a connection is kept for the next call.
    pub idle_timeout: Duration,
    /// Longest time one call may take altogether; downloads have no such limit.
    pub call_timeout: Duration,
    /// Address of an HTTP proxy. None is used otherwise, whatever the environment says.
    pub proxy: Option<String>,
    /// Who looks at a header of each answer and download.
    pub observer: Option<Arc<dyn HeaderObserver>>,
    /// Whether the date of Amazon's answers tells how wrong this machine's clock is: wherever that is the clock in use.
    pub tells_skew: bool,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_mins(1),
            idle_timeout: Duration::from_secs(20),
            call_timeout: Duration::from_mins(2),
            proxy: None,
            observer: None,
            tells_skew: true,
        }
    }
}

/// Looks at one header of whatever comes in.
pub trait HeaderObserver: std::fmt::Debug + Send + Sync {
    /// The header's name, in small letters.
    fn header(&self) -> &'static str;
    /// What it says this time.
    fn saw(&self, text: &str);
}

/// One complete answer, of any status.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub status: u16,
    headers: HeaderMap,
    pub body: Bytes,
}

impl Arrived {
    /// A header's text, if it is there and readable.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Amazon's id of the request, which its support asks for; each API has its own name for it.
    pub(crate) fn request_id(&self) -> Option<&str> {
        ["x-amzn-requestid", "x-amz-rid", "x-amz-request-id"].into_iter().find_map(|name| self.header(name))
    }

    #[cfg(test)]
    pub(crate) fn test(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> Self {
        let pairs = headers.iter().map(|(name, text)| (HeaderName::from_static(name), HeaderValue::from_static(text)));
        Self { status, headers: pairs.collect(), body: Bytes::from_static(body.as_bytes()) }
    }
}

/// The HTTP client all accounts share.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    client: Client,
    call_timeout: Duration,
    observer: Option<Arc<dyn HeaderObserver>>,
    /// See [`HttpOptions::tells_skew`].
    pub tells_skew: bool,
}

impl Transport {
    pub(crate) fn new(options: HttpOptions) -> Result<Self> {
        let agent = concat!("sellerlake/", env!("CARGO_PKG_VERSION"), " (Language=Rust; Platform=Linux)");
        let mut builder = Client::builder()
            .user_agent(agent)
            .connect_timeout(options.connect_timeout)
            .read_timeout(options.read_timeout)
            // Shorter than Amazon's own: a call on a connection that is being closed may or may not have arrived.
            .pool_idle_timeout(options.idle_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if let Some(proxy) = &options.proxy {
            let proxy =
                reqwest::Proxy::all(proxy).map_err(|error| unusable("the proxy's address can't be used", error))?;
            builder = builder.proxy(proxy);
        }
        let client = builder.build().map_err(|error| unusable("no HTTP client can be set up", error))?;
        let HttpOptions { call_timeout, observer, tells_skew, .. } = options;
        Ok(Self { client, call_timeout, observer, tells_skew })
    }

    /// Sends one request and reads the whole answer.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Option<String>,
    ) -> Result<Arrived, Stop> {
        let request = match method {
            Method::Get => self.client.get(url),
            Method::Post => self.client.post(url),
        };
        let request = request.headers(headers).timeout(self.call_timeout).body(body.unwrap_or_default());
        let mut response = request.send().await.map_err(broken)?;
        self.observe(response.headers());
        let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
        let body = whole(response).await?;
        Ok(Arrived { status, headers, body })
    }

    /// Starts a download from a presigned address, with none of the headers of an API call: storage refuses them
    /// (amazon.md: Life of a report; Ads reports).
    pub(crate) async fn download(&self, url: &str) -> Result<Response, Stop> {
        let response = self.client.get(url).send().await.map_err(broken)?;
        self.observe(response.headers());
        Ok(response)
    }

    fn observe(&self, headers: &HeaderMap) {
        if let Some(observer) = &self.observer
            && let Some(text) = headers.get(observer.header()).and_then(|value| value.to_str().ok())
        {
            observer.saw(text);
        }
    }
}

async fn whole(mut response: Response) -> Result<Bytes, Stop> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > MOST_BODY_BYTES {
            let error = Error::permanent(Kind::Limit, "Amazon's answer is larger than any page may be")
                .at("http.read")
                .with("limit_bytes", MOST_BODY_BYTES);
            return Err(error.into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

fn unusable(message: &str, error: reqwest::Error) -> Error {
    Error::permanent(Kind::Usage, message).at("http.start").source(error.without_url())
}

/// What reqwest says went wrong, without the address, whose query may hold tokens.
pub(crate) fn broken(error: reqwest::Error) -> Stop {
    let fault = if error.is_connect() {
        CallFault::NoConnection
    } else if error.is_timeout() {
        CallFault::TimedOut
    } else if error.is_body() || error.is_decode() {
        CallFault::CutShort
    } else {
        CallFault::HungUp
    };
    let message = match fault {
        CallFault::NoConnection => "can't connect to Amazon",
        CallFault::TimedOut => "Amazon didn't answer in time",
        CallFault::CutShort => "the connection broke off in the middle of Amazon's answer",
        _ => "the connection was closed before Amazon answered",
    };
    let error = error.without_url();
    let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    Stop::failed(fault, "", fault.error(message).at("http.send").with("cause", cause).source(error))
}

/// A header value that debug output doesn't show.
pub(crate) fn hidden(text: &str) -> Result<HeaderValue, Error> {
    let mut value = plain(text)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A header value.
pub(crate) fn plain(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text).map_err(|_| {
        // Not the value: it may be a token.
        Error::permanent(Kind::Usage, "a header's value holds characters that no header may hold").at("http.send")
    })
}

/// A header name known to be well-formed.
pub(crate) fn named(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}
