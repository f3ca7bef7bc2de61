//! What Amazon's simulator never says: a server that answers by a script, and keeps what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sellerlake_connectors::{Amazon, Application, Endpoints, Grant, HttpOptions};
use sellerlake_contracts::{Clock, Kind, Pull, Scope, Secret};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::harness::{Levels, start};

const TOKEN: &str = r#"{"access_token":"Atza|given","token_type":"bearer","expires_in":3600}"#;
const EXPIRED: &str = r#"{"errors":[{"code":"Unauthorized","message":"Access to requested resource is denied.",
    "details":"The access token you provided has expired."}]}"#;

/// A clock on which waiting takes no time.
#[derive(Debug)]
struct Jumping(Mutex<DateTime<Utc>>);

#[async_trait]
impl Clock for Jumping {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        let mut now = self.0.lock().unwrap();
        *now = until.max(*now);
    }
}

type Asked = Arc<Mutex<Vec<String>>>;

/// Gives a token to whoever signs in and `answer` (status line and body) to every other request.
async fn server(answer: (&'static str, &'static str)) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let kept = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 16 * 1024];
            let length = stream.read(&mut request).await.unwrap_or_default();
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let (status, body) = if request.starts_with("POST /auth") { ("200 OK", TOKEN) } else { answer };
            kept.lock().unwrap().push(request);
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, asked)
}

fn account(url: &str, folder: &std::path::Path) -> sellerlake_connectors::Account {
    let application = Application {
        client_id: "client".to_owned(),
        client_secret: Secret::new("s"),
        ads_client_id: String::new(),
        ads_client_secret: Secret::new(""),
    };
    let levels = Arc::new(Levels::default());
    let endpoints = Endpoints::single(url);
    let http = HttpOptions::default();
    let clock = Arc::new(Jumping(Mutex::new(start())));
    let amazon = Amazon::new(endpoints, application, clock, levels, http, folder).unwrap();
    let grant = Grant { refresh_token: Secret::new("Atzr|x"), ads_refresh_token: None };
    amazon.account("A1-eu".parse().unwrap(), grant)
}

fn pull() -> Pull {
    Pull {
        account: "A1-eu".parse().unwrap(),
        pipeline: "test".to_owned(),
        scope: Scope("A1-eu".to_owned()),
        marketplaces: Vec::new(),
        window: None,
        keys: Vec::new(),
        parameters: BTreeMap::new(),
    }
}

#[tokio::test]
async fn a_token_that_is_expired_at_once_points_at_the_clock() {
    let (url, asked) = server(("403 Forbidden", EXPIRED)).await;
    let folder = tempfile::tempdir().unwrap();
    let connector = account(&url, folder.path()).connector("participations").unwrap();
    let error = connector.step(&pull(), None).await.err().unwrap();
    assert_eq!(error.kind(), Kind::Unauthorized);
    assert!(error.remedy().unwrap().contains("clock"), "{error:?}");
    let signed_in = asked.lock().unwrap().iter().filter(|request| request.starts_with("POST /auth")).count();
    assert_eq!((signed_in, asked.lock().unwrap().len()), (2, 4), "once more with a new token, and no further");
}

#[tokio::test]
async fn calls_carry_what_amazon_asks_for() {
    let (url, asked) = server(("200 OK", r#"{"payload":[]}"#)).await;
    let folder = tempfile::tempdir().unwrap();
    let connector = account(&url, folder.path()).connector("participations").unwrap();
    connector.step(&pull(), None).await.unwrap();
    let call = asked.lock().unwrap().last().unwrap().clone();
    assert!(call.starts_with("GET /eu/sellers/v1/marketplaceParticipations HTTP/1.1\r\n"), "{call}");
    assert!(
        call.contains("x-amz-access-token: Atza|given\r\n") && call.contains("\r\nx-amz-date: 20261106T060000Z"),
        "{call}"
    );
    let agent = format!("user-agent: sellerlake/{} (Language=Rust; Platform=Linux)\r\n", env!("CARGO_PKG_VERSION"));
    assert!(call.contains(&agent), "{call}");
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_not_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    // A port nobody listens on: the listener is dropped at once.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let account = account(&format!("http://{free}"), folder.path());
    let connector = account.connector("participations").unwrap();
    let error = connector.step(&pull(), None).await.err().unwrap();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(!format!("{error:?}").contains("Atzr"), "{error:?}");
}
