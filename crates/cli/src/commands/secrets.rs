//! Secrets are asked for where nobody else sees them: never in arguments.

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Read, Write};

use sellerlake_accounts::secrets::{Secrets, field};
use sellerlake_contracts::{Error, Kind, Result, Secret};
use serde::Deserialize;

use crate::printer;

/// Standard input.
#[derive(Deserialize)]
#[serde(transparent)]
struct Given(BTreeMap<String, String>);

/// What is asked for, and whether it must be given.
const ASKED: [(&str, &str, bool); 6] = [
    (field::CLIENT_ID, "LWA client id", true),
    (field::CLIENT_SECRET, "LWA client secret", true),
    (field::REFRESH_TOKEN, "The seller's refresh token (Atzr|…)", true),
    (field::ADS_CLIENT_ID, "LWA client id of the Ads application (empty: no advertising)", false),
    (field::ADS_CLIENT_SECRET, "LWA client secret of the Ads application", false),
    (field::ADS_REFRESH_TOKEN, "The seller's refresh token for Ads", false),
];

/// What is given on standard input, in the environment or at prompts; all that is missing is told at once. `known`
/// needn't be given again.
pub(crate) fn ask_for(stdin: bool, known: &[String]) -> Result<Secrets> {
    let mut given = Secrets::new();
    let mut missing = Vec::new();
    let mut input = Given(BTreeMap::new());
    if stdin {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        read.map_err(|error| Error::permanent(Kind::Usage, "can't read the secrets").source(error))?;
        // The reader's complaint would quote what it read.
        input = serde_json::from_str(&text).map_err(|_| {
            Error::permanent(Kind::Usage, "standard input isn't one JSON object of texts")
                .hint("write {\"client_id\": \"…\", \"client_secret\": \"…\", \"refresh_token\": \"…\"}")
        })?;
    }
    for (name, prompt, required) in ASKED {
        let variable = format!("SELLERLAKE_{}", name.to_uppercase());
        let text = input.0.remove(name).or_else(|| std::env::var(&variable).ok());
        let is_kept = known.iter().any(|known| known == name);
        let text = match text {
            Some(text) => text,
            None if is_kept => continue,
            None if !stdin && std::io::stdin().is_terminal() => {
                let skip = name.starts_with("ads_") && name != field::ADS_CLIENT_ID;
                if skip && !given.contains_key(field::ADS_CLIENT_ID) && !known.iter().any(|k| k == field::ADS_CLIENT_ID)
                {
                    continue;
                }
                ask(prompt)?
            }
            None => String::new(),
        };
        if text.trim().is_empty() {
            if required {
                missing.push((prompt, variable));
            }
            continue;
        }
        given.insert(name, Secret::new(text.trim().to_owned()));
    }
    if let Some(unknown) = input.0.keys().next() {
        let hint = sellerlake_schemas::nearest(unknown, ASKED.map(|(name, _, _)| name)).unwrap_or("refresh_token");
        return Err(Error::permanent(Kind::Usage, format!("{unknown:?} is not a secret"))
            .hint(format!("did you mean {hint:?}?")));
    }
    complete(&missing)?;
    Ok(given)
}

fn complete(missing: &[(&str, String)]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let prompts: Vec<&str> = missing.iter().map(|(prompt, _)| *prompt).collect();
    let variables: Vec<&str> = missing.iter().map(|(_, variable)| variable.as_str()).collect();
    Err(Error::permanent(Kind::Usage, format!("missing: {}", prompts.join(", ")))
        .hint(format!("set {}, or give them with --stdin or at the prompt", variables.join(", "))))
}

/// One line from the terminal, which is told not to show it.
fn ask(prompt: &str) -> Result<String> {
    let failed = |error| Error::permanent(Kind::Usage, "can't read from the terminal").source(error);
    let _hidden = Hidden::begin();
    let mut err = std::io::stderr();
    err.write_all(format!("{prompt}: ").as_bytes()).and_then(|()| err.flush()).map_err(failed)?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(failed)?;
    printer::note("");
    Ok(line)
}

/// While it lives, the terminal doesn't show what is typed.
struct Hidden;

impl Hidden {
    fn begin() -> Self {
        stty("-echo");
        Self
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        stty("echo");
    }
}

fn stty(mode: &str) {
    // Without stty what is typed can be seen, which is no reason not to go on.
    let _ = std::process::Command::new("stty").arg(mode).status();
}
