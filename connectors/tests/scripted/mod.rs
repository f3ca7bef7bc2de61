//! What Amazon's simulator never says: a server that answers by a script, and keeps what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sellerlake_connectors::{Amazon, Application, Endpoints, Grant, HttpOptions};
use sellerlake_contracts::{Clock, Connector, Kind, Request, Scope, Secret, Status, Step};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::harness::{Levels, answer, hours, start, text};

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
    serving(move |_, _| (answer.0, answer.1.to_owned())).await
}

/// The same with an answer for each request, given the server's address and the request.
async fn serving(answer: impl Fn(&str, &str) -> (&'static str, String) + Send + 'static) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let (kept, here) = (Arc::clone(&asked), url.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 16 * 1024];
            let length = stream.read(&mut request).await.unwrap_or_default();
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let is_sign_in = request.starts_with("POST /auth");
            let (status, body) = if is_sign_in { ("200 OK", TOKEN.to_owned()) } else { answer(&here, &request) };
            kept.lock().unwrap().push(request);
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, asked)
}

fn account(url: &str, folder: &std::path::Path) -> sellerlake_connectors::AmazonAccount {
    account_by(clock(), url, folder)
}

fn clock() -> Arc<Jumping> {
    Arc::new(Jumping(Mutex::new(start())))
}

fn account_by(clock: Arc<Jumping>, url: &str, folder: &std::path::Path) -> sellerlake_connectors::AmazonAccount {
    let application = Application {
        client_id: "client".to_owned(),
        client_secret: Secret::new("s"),
        ads_client_id: "client".to_owned(),
        ads_client_secret: Secret::new("s"),
    };
    let levels = Arc::new(Levels::default());
    let endpoints = Endpoints::single(url);
    let http = HttpOptions::default();
    let amazon = Amazon::new(endpoints, application, clock, levels, http, folder).unwrap();
    let grant = Grant { refresh_token: Secret::new("Atzr|x"), ads_refresh_token: Some(Secret::new("Atzr|a")) };
    amazon.account("A1-eu".parse().unwrap(), grant)
}

fn request() -> Request {
    Request {
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
    let error = connector.step(&request(), None).await.err().unwrap();
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
    connector.step(&request(), None).await.unwrap();
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
    // A port that nobody listens on and that no other test can be given: it is taken, and stays so.
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let account = account(&format!("http://{}", taken.local_addr().unwrap()), folder.path());
    let connector = account.connector("participations").unwrap();
    let error = connector.step(&request(), None).await.err().unwrap();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(!format!("{error:?}").contains("Atzr"), "{error:?}");
}

#[tokio::test]
async fn a_425_that_names_no_report_is_asked_again_later() {
    let (url, _) = server(("425 Too Early", r#"{"code":"425","detail":"Too early."}"#)).await;
    let folder = tempfile::tempdir().unwrap();
    let connector = account(&url, folder.path()).connector("ads_report").unwrap();
    let parameters = [
        ("report_type", "spCampaigns"),
        ("ad_product", "SPONSORED_PRODUCTS"),
        ("group_by", "campaign"),
        ("columns", "date"),
    ];
    let request = october(&parameters);
    let Step::Wait { checkpoint, .. } = connector.step(&request, None).await.unwrap() else { panic!("too fast") };
    let error = connector.step(&request, Some(&checkpoint)).await.err().unwrap();
    assert_eq!((error.kind(), error.status()), (Kind::Remote, Status::Transient), "{error:?}");
    assert!(format!("{error:?}").contains("Too early."), "{error:?}");
}

/// A request of some days in October.
fn october(parameters: &[(&str, &str)]) -> Request {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Request {
        marketplaces: vec!["A1PA6795UKMFR9".parse().unwrap()],
        window: Some("2026-10-10..2026-10-12".parse().unwrap()),
        parameters: parameters.collect(),
        ..request()
    }
}

/// An Amazon that gives out a report of September as each of the first `astray` reports asked for.
async fn forgetful(astray: usize) -> (String, Asked) {
    let created = Mutex::new(0);
    serving(move |url, request| {
        let report = |from: &str, to: &str| {
            format!(
                r#"{{"processingStatus":"DONE","reportDocumentId":"D","createdTime":"2026-11-06T06:00:00+00:00",
                    "dataStartTime":"{from}T00:00:00+00:00","dataEndTime":"{to}T23:59:59+00:00"}}"#
            )
        };
        let mut created = created.lock().unwrap();
        let body = match request.split_whitespace().nth(1).unwrap() {
            path if path.ends_with("/reports") => {
                *created += 1;
                format!(r#"{{"reportId":"R{created}"}}"#)
            }
            path if path.contains("/documents/") => format!(r#"{{"url":"{url}/file"}}"#),
            path if path.contains("/reports/") && *created <= astray => report("2026-09-10", "2026-09-12"),
            path if path.contains("/reports/") => report("2026-10-10", "2026-10-12"),
            _ => "the days asked for".to_owned(),
        };
        ("200 OK", body)
    })
    .await
}

/// Steps until there is something else than waiting.
async fn driven(connector: &dyn Connector, request: &Request, clock: &Jumping) -> Step {
    let mut checkpoint = None;
    for _ in 0..500 {
        match connector.step(request, checkpoint.as_ref()).await.unwrap() {
            Step::Wait { until, checkpoint: kept, .. } => {
                clock.sleep_until(until).await;
                checkpoint = Some(kept);
            }
            step => return step,
        }
    }
    panic!("it waits for ever");
}

#[tokio::test]
async fn a_report_of_other_days_is_asked_for_anew_and_is_never_the_answer() {
    let request = october(&[("report_type", "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA")]);
    let creates = |asked: &Asked| asked.lock().unwrap().iter().filter(|request| request.contains("/reports ")).count();
    for (astray, created) in [(0, 1), (1, 2), (2, 2)] {
        let (url, asked) = forgetful(astray).await;
        let folder = tempfile::tempdir().unwrap();
        let clock = clock();
        let connector = account_by(Arc::clone(&clock), &url, folder.path()).connector("report").unwrap();
        let step = driven(&*connector, &request, &clock).await;
        assert_eq!(creates(&asked), created);
        assert_eq!(clock.now() >= start() + hours(4), astray > 0, "a daily report wants four hours");
        match step {
            Step::Fatal { reason, .. } if astray == 2 => assert!(reason.contains("2026-09-10"), "{reason}"),
            step => assert_eq!(text(answer(step)), "the days asked for"),
        }
    }
}

/// Amazon says that it took a request, and not which report it makes of it.
#[tokio::test]
async fn a_report_that_was_created_without_a_name_is_looked_for_before_it_is_asked_for_again() {
    let asked_for = Mutex::new(String::new());
    let (url, asked) = serving(move |url, request| {
        let made = r#""processingStatus":"DONE","reportDocumentId":"D","createdTime":"2026-11-06T06:00:00+00:00""#;
        let mut asked_for = asked_for.lock().unwrap();
        let body = match request.split_whitespace().nth(1).unwrap() {
            path if path.ends_with("/reports") => {
                let body = request.split_once("\r\n\r\n").unwrap().1;
                body.trim_matches(['{', '}']).clone_into(&mut asked_for);
                "{}".to_owned()
            }
            path if path.contains("/reports?") => format!(r#"{{"reports":[{{"reportId":"R1",{made},{asked_for}}}]}}"#),
            path if path.contains("/reports/R1") => format!("{{{made},{asked_for}}}"),
            path if path.contains("/documents/") => format!(r#"{{"url":"{url}/file"}}"#),
            _ => "the days asked for".to_owned(),
        };
        ("200 OK", body)
    })
    .await;
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let connector = account_by(Arc::clone(&clock), &url, folder.path()).connector("report").unwrap();
    let request = october(&[("report_type", "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA")]);
    let step = driven(&*connector, &request, &clock).await;
    assert_eq!(text(answer(step)), "the days asked for");
    assert_eq!(asked.lock().unwrap().iter().filter(|request| request.contains("/reports ")).count(), 1);
}
