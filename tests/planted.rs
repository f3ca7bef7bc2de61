//! Secrets stand nowhere but encrypted in the state, and nowhere at all once their account is removed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::json;

use crate::desk::Desk;
use crate::site::eventually;

const SIGKILL: i32 = 9;

/// A grant that nobody gave.
const INVENTED: &str = "Atzr|an+invented/grant=with&odd characters";

/// A lake whose every word is kept.
struct Watched {
    desk: Desk,
    said: Vec<u8>,
}

impl Watched {
    fn new() -> Self {
        let watched = Self { desk: Desk::new(1), said: Vec::new() };
        fs::create_dir(watched.desk.site.path().join("tmp")).unwrap();
        watched
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.desk.site.command(arguments);
        command.env("SELLERLAKE_LOG", "trace").env("TMPDIR", self.desk.site.path().join("tmp"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::piped());
        command
    }

    fn run(&mut self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        self.keep(&output);
        output
    }

    fn keep(&mut self, output: &Output) {
        self.said.extend_from_slice(&output.stdout);
        self.said.extend_from_slice(&output.stderr);
    }

    /// Kills a sync while it has something of everything under way.
    fn kill_sync(&mut self) {
        let created = self.desk.reports_created();
        let mut child = self.command(&["sync"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        eventually("two reports are created", || {
            assert!(child.try_wait().unwrap().is_none(), "it was done too soon");
            self.desk.reports_created() >= created + 2
        });
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(SIGKILL));
    }

    /// What is written anywhere, and all that was said.
    fn everything(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = vec![(PathBuf::from("words"), self.said.clone())];
        read_below(self.desk.site.path(), &mut found);
        found
    }

    fn assert_nowhere(&self, secrets: &[Vec<u8>]) {
        let everything = self.everything();
        for secret in secrets {
            let found = everything.iter().find(|(_, bytes)| contains(bytes, secret));
            assert!(found.is_none(), "{:?} in {}", String::from_utf8_lossy(secret), found.unwrap().0.display());
        }
    }

    /// What the vault holds, as it stands in the state's files.
    fn sealed(&self) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        for (_, bytes) in self.everything().iter().filter(|(path, _)| path.to_string_lossy().contains("state.db")) {
            for name in ["refresh_token", "client_secret"] {
                for at in (0..bytes.len()).filter(|at| bytes[*at..].starts_with(name.as_bytes())) {
                    // After the field its key's id, sixteen digits; then nonce and ciphertext in base64.
                    let rest = &bytes[at + name.len()..];
                    let length = rest.iter().take_while(|byte| is_base64(**byte)).count();
                    if length > 100 {
                        found.push(rest[16..80].to_vec());
                    }
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
}

fn read_below(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            read_below(&path, found);
        } else {
            let bytes = fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window[0] == what[0] && window == what)
}

/// A text plain, URL-encoded, and in base64 wherever it may begin in a longer text.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    let url: String = text.bytes().map(encode).collect();
    let mut forms = vec![text.to_owned(), url.clone(), url.replace("%7C", "%7c"), url.replace("%20", "+")];
    for before in 0..3 {
        let whole = base64(&[&b"xx"[..before], text.as_bytes()].concat());
        // Without the ends, which depend on what stands beside it.
        let inner = whole[4..whole.len() - 4].to_owned();
        forms.extend([inner.replace('+', "-").replace('/', "_"), inner]);
    }
    forms.into_iter().map(String::into_bytes).collect()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        text.extend((0..4).map(|place| char::from(LETTERS[(bits >> (18 - 6 * place)) as usize & 63])));
    }
    text
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn planted_secrets_are_nowhere() {
    assert_eq!(base64(b"light works."), "bGlnaHQgd29ya3Mu");
    let mut watched = Watched::new();
    let (id, account) = (watched.desk.id(0), watched.desk.simulator.accounts().remove(0));
    let ads = account.ads.clone().unwrap();
    let planted = [&account.refresh_token, &account.client_secret, &ads.refresh_token, &ads.client_secret];
    let mut secrets: Vec<Vec<u8>> = planted.into_iter().flat_map(|secret| forms(secret)).collect();
    secrets.extend(forms(INVENTED));
    // Access tokens, whichever they are.
    secrets.extend([b"Atza|".to_vec(), b"Atza%7C".to_vec()]);

    let given = json!({ "client_secret": account.client_secret, "refresh_token": INVENTED }).to_string();
    let add = ["account", "add", "--seller", &account.seller_id, "--region", account.region, "--stdin"];
    let mut refused = watched.command(&add).spawn().unwrap();
    std::io::Write::write_all(&mut refused.stdin.take().unwrap(), given.as_bytes()).unwrap();
    let refused = refused.wait_with_output().unwrap();
    assert!(!refused.status.success());
    watched.keep(&refused);

    watched.kill_sync();
    let site = watched.desk.site.path().to_owned();
    for name in ["state.db", "state.db-wal", "sellerlake.key"] {
        assert_eq!(mode(&site.join(name)), 0o600, "{name}");
    }
    watched.assert_nowhere(&secrets);
    for command in [&["sync"][..], &["account", "check", &id], &["account", "show", &id], &["verify"]] {
        assert!(watched.run(command).status.success(), "{command:?}");
    }
    watched.assert_nowhere(&secrets);
    assert!(contains(&watched.said, b"amzn1.application-oa2-client") || contains(&watched.said, id.as_bytes()));
    let everything = watched.everything();
    assert!(everything.iter().any(|(path, _)| path.to_string_lossy().ends_with(".meta.json")));

    watched.kill_sync();
    let sealed = watched.sealed();
    assert!(sealed.len() >= planted.len(), "the search finds what is there: {}", sealed.len());
    assert!(watched.run(&["account", "remove", &id]).status.success());
    watched.assert_nowhere(&sealed);
    watched.assert_nowhere(&secrets);
    assert!(watched.sealed().is_empty());
}
