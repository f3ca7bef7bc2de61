//! All pipelines that are declared, built in and the user's own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use sellerlake_contracts::{ConnectorFacts, Error, Kind, Result};
use sellerlake_schemas::{File, Files, Findings, nearest};
use sellerlake_transforms::Declarations;
use serde::Deserialize;

use crate::declared::pipeline::{Cooldown, Keys, Naming, Need, Pipeline, ScopeKind, WindowRule};
use crate::declared::rules::check_pipeline;
use crate::declared::span::Span;

/// The declarations that come with the binary.
const BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

#[derive(Deserialize)]
#[serde(untagged)]
enum Parameter {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKeys {
    sql: String,
    per_request: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    doc: String,
    connector: String,
    source: String,
    scope: ScopeKind,
    marketplaces: Option<Naming>,
    every: Span,
    #[serde(default)]
    cooldown: Cooldown,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    window: Option<WindowRule>,
    snapshot: Option<Span>,
    keys: Option<WrittenKeys>,
}

/// Every declared pipeline, by name.
#[derive(Debug, Clone, Default)]
pub struct Pipelines(BTreeMap<String, Arc<Pipeline>>);

impl Pipelines {
    /// Loads what is built in and, where given, what a user's directory has under `pipelines/`; fails listing every
    /// mistake. A pipeline of the user's may not take the name of a built-in one, and names one of `connectors`.
    pub fn load(user: Option<&Path>, declarations: &Declarations, connectors: &[ConnectorFacts]) -> Result<Self> {
        let mut files = Files::default();
        if let Some(user) = user {
            files.add_user_directory(user)?;
        }
        let mut findings = Findings::default();
        let pipelines = Self::from_files(&files, declarations, connectors, &mut findings);
        findings.into_result()?;
        Ok(pipelines)
    }

    /// Builds from the built-in declarations and a user's files, recording mistakes.
    pub fn from_files(
        files: &Files,
        declarations: &Declarations,
        connectors: &[ConnectorFacts],
        findings: &mut Findings,
    ) -> Self {
        let mut pipelines = Self::default();
        let built_in = BUILT_IN.iter().map(|(name, text)| File {
            path: format!("pipelines/{name}"),
            text: (*text).to_owned(),
            user: false,
        });
        for file in built_in.chain(files.within("pipelines", "toml").cloned()) {
            pipelines.add(&file, declarations, connectors, findings);
        }
        pipelines
    }

    fn add(
        &mut self,
        file: &File,
        declarations: &Declarations,
        connectors: &[ConnectorFacts],
        findings: &mut Findings,
    ) {
        if self.0.contains_key(file.stem()) {
            let problem =
                format!("{:?} is a built-in pipeline, which can't be replaced; choose another name", file.stem());
            findings.add(&file.path, "", problem);
            return;
        }
        let written: Written = match toml::from_str(&file.text) {
            Ok(written) => written,
            Err(error) => return findings.unreadable(&file.path, "", &error.to_string()),
        };
        let known = connectors.iter().find(|facts| facts.name == written.connector);
        let connector = known.copied().unwrap_or_else(|| {
            let known = connectors.iter().map(|facts| facts.name);
            findings.unknown(&file.path, "connector", "a connector", &written.connector, known);
            ConnectorFacts { chunk: TimeDelta::days(1), chunk_keys: 1, ..ConnectorFacts::default() }
        });
        let need = match (written.window, written.snapshot) {
            (Some(mut window), None) => {
                if window.span == Span::UNSAID {
                    window.span = Span(connector.chunk);
                }
                Need::Window(window)
            }
            (None, Some(period)) => Need::Snapshot(period),
            (None, None) => {
                return findings.add(&file.path, "", "expected either [window] or `snapshot`, found neither");
            }
            (Some(_), Some(_)) => {
                return findings.add(&file.path, "snapshot", "expected either [window] or `snapshot`, found both");
            }
        };
        let naming = match written.scope {
            ScopeKind::Region => Naming::First,
            ScopeKind::Account | ScopeKind::Marketplace | ScopeKind::AdsProfile => Naming::All,
        };
        let parameters = written.parameters.into_iter().map(|(name, value)| match value {
            Parameter::One(text) => (name, text),
            Parameter::Many(list) => (name, list.join(",")),
        });
        let pipeline = Pipeline {
            name: file.stem().to_owned(),
            file: file.path.clone(),
            doc: written.doc,
            connector,
            source: written.source,
            scope: written.scope,
            marketplaces: written.marketplaces.unwrap_or(naming),
            every: written.every,
            cooldown: written.cooldown,
            parameters: parameters.collect(),
            need,
            keys: written.keys.map(|WrittenKeys { sql, per_request }| Keys {
                sql,
                per_request: per_request.unwrap_or(connector.chunk_keys),
            }),
        };
        check_pipeline(&pipeline, declarations, findings);
        self.0.insert(pipeline.name.clone(), Arc::new(pipeline));
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Pipeline>> {
        self.0.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pipeline of this name; a [`Kind::Usage`] error with the nearest one otherwise.
    pub fn get(&self, name: &str) -> Result<&Arc<Pipeline>> {
        self.0.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
            let hint = match nearest(name, known.iter().copied()) {
                Some(nearest) => format!("did you mean {nearest:?}?"),
                None => format!("there are: {}", known.join(", ")),
            };
            Error::permanent(Kind::Usage, format!("{name:?} is not a pipeline")).hint(hint)
        })
    }
}

#[cfg(test)]
mod tests {
    use sellerlake_connectors::offered;

    use super::*;

    fn findings(text: &str) -> Vec<String> {
        let declarations = Declarations::load(None).unwrap();
        let mut findings = Findings::default();
        let file = File { path: "pipelines/mine.toml".into(), text: text.into(), user: true };
        Pipelines::default().add(&file, &declarations, &offered(), &mut findings);
        findings.sorted().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_built_in_has_no_mistakes() {
        let pipelines = Pipelines::load(None, &Declarations::load(None).unwrap(), &offered()).unwrap();
        assert!(pipelines.len() > 10);
        assert!(pipelines.get("all_order").unwrap_err().remedy().unwrap().contains("all_orders"));
    }

    #[test]
    fn every_mistake_is_found_at_once() {
        let text = r#"
            doc = "Mine."
            connector = "reports"
            source = "all_order"
            scope = "region"
            every = "0m"
            [window]
            reach = "30d"
            restate = [{ for = "60d", every = "1d" }]
        "#;
        let found = findings(text);
        assert!(found.iter().any(|line| line.contains(r#"did you mean "report"?"#)), "{found:#?}");
        assert!(found.iter().any(|line| line.contains(r#"did you mean "all_orders"?"#)), "{found:#?}");
        assert!(found.iter().any(|line| line.contains("every")), "{found:#?}");
        assert!(found.iter().any(|line| line.contains("restate")), "{found:#?}");
    }

    #[test]
    fn what_a_connector_says_of_itself_is_held_against_the_pipeline() {
        let of = |connector: &str, rest: &str| {
            let head = "doc = \"Mine.\"\nsource = \"all_orders\"\nscope = \"account\"\nevery = \"1h\"\n";
            findings(&format!("{head}connector = \"{connector}\"\n{rest}"))
        };
        let keys = "snapshot = \"1d\"\n[keys]\nsql = \"SELECT 1 AS key\"";
        for (connector, rest, complaint) in [
            ("transactions", "[window]\nreach = \"30d\"\nlag = \"2m\"", "expected \"150s\" or more"),
            ("fees", "snapshot = \"1d\"", "fees must be asked for keys"),
            ("inventory", keys, "inventory is never asked for keys"),
            ("data_kiosk", "snapshot = \"1d\"", "parameters.query"),
        ] {
            let found = of(connector, rest);
            assert!(found.iter().any(|line| line.contains(complaint)), "{connector}: {found:#?}");
        }
        assert!(of("fees", keys).iter().all(|line| !line.contains("keys")));
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let found = findings("doc = \"Mine.\"\nconector = \"report\"\n");
        assert!(found[0].contains("did you mean \"connector\"?"), "{found:?}");
    }
}
