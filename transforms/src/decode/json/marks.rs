//! What makes a JSON document one of its source: paths that some record must have, and paths that only others have.

use sellerlake_schemas::{ColumnPath, Segment, Source};

use crate::decode::json::node::Node;

/// The declared marks of a source, and which of them were met.
#[derive(Debug)]
pub(crate) struct JsonMarks {
    source: String,
    /// Groups of paths, one of which some record must have.
    has: Vec<Vec<Vec<Segment>>>,
    met: Vec<bool>,
    lacks: Vec<Vec<Segment>>,
}

impl JsonMarks {
    pub(crate) fn new(source: &Source) -> Self {
        let has: Vec<Vec<Vec<Segment>>> = source.has.iter().map(|one| document_paths(&one.0)).collect();
        let met = vec![false; has.len()];
        Self { source: source.name.clone(), has, met, lacks: document_paths(&source.lacks) }
    }

    /// Looks at what stands at `home`, from where paths go on: at the document, or at a record of a list. The sentence
    /// that refuses the document, if it is another source's.
    pub(crate) fn look(&mut self, node: &Node<'_>, home: &[Segment]) -> Option<String> {
        for (group, met) in self.has.iter().zip(&mut self.met).filter(|(_, met)| !**met) {
            *met = group.iter().filter_map(|path| path.strip_prefix(home)).any(|rest| stands(node, rest, &|_| true));
        }
        let mut lacks = self.lacks.iter().filter(|path| path.starts_with(home));
        let foreign = lacks.find(|path| stands(node, &path[home.len()..], &holds_something))?;
        Some(format!("it has {}, which no {} document has", shown(foreign), self.source))
    }

    /// The sentence that refuses a delivery in which no record had what makes it itself.
    pub(crate) fn missing(&self) -> Option<String> {
        let at = self.met.iter().position(|met| !met)?;
        let paths: Vec<String> = self.has[at].iter().map(|path| shown(path)).collect();
        Some(format!("no record has {}, without which this is no {} document", paths.join(" or "), self.source))
    }
}

/// Declared paths from the document; the loader has seen to it that they are.
pub(crate) fn document_paths(texts: &[String]) -> Vec<Vec<Segment>> {
    let path = |text: &String| match ColumnPath::try_from(text.clone()) {
        Ok(ColumnPath::Document(path)) => Some(path),
        _ => None,
    };
    texts.iter().filter_map(path).collect()
}

/// Whether something stands at the end of a path, anywhere that the path can lead.
fn stands(node: &Node<'_>, path: &[Segment], fits: &dyn Fn(&Node<'_>) -> bool) -> bool {
    let Some((segment, rest)) = path.split_first() else { return fits(node) };
    match (segment, node) {
        (Segment::Key(key), Node::Object(members)) => members.get(key).is_some_and(|value| stands(value, rest, fits)),
        (Segment::AnyKey, Node::Object(members)) => members.iter().any(|(_, value)| stands(value, rest, fits)),
        (Segment::Each, Node::List(elements)) => elements.iter().any(|element| stands(element, rest, fits)),
        _ => false,
    }
}

fn holds_something(node: &Node<'_>) -> bool {
    match node {
        Node::List(elements) => !elements.is_empty(),
        Node::Object(members) => members.iter().next().is_some(),
        scalar => scalar.has_value(),
    }
}

fn shown(path: &[Segment]) -> String {
    let text = ColumnPath::Document(path.to_vec()).to_string();
    text.trim_start_matches("[].").to_owned()
}
