//! What a FROM shows: relations' columns, and those that two of them have in common.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, ExcludeSelectItem, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, SelectItem, SelectItemQualifiedWildcardKind, Value, WildcardAdditionalOptions,
};
use sellerlake_contracts::Result;

use crate::failure;

/// The names of a relation's columns in their order; none for what has no plain name, none at all where nobody knows them.
pub(super) type Names = Option<Vec<Option<String>>>;

/// What `*` shows, in its order.
#[derive(Debug, Clone, Default)]
pub(super) struct From(pub(super) Vec<Shown>);

#[derive(Debug, Clone)]
pub(super) enum Shown {
    /// A column that was joined by its name.
    Merged { name: String, value: Expr },
    /// All columns of a relation but those that were.
    Relation(Relation),
}

#[derive(Debug, Clone)]
pub(super) struct Relation {
    /// How its columns are named: by these, and their own. Nothing where the relation has no name.
    pub(super) called: Vec<Ident>,
    pub(super) names: Names,
    pub(super) hidden: Vec<String>,
}

impl Relation {
    fn shows(&self, name: &str) -> bool {
        !self.hidden.iter().any(|hidden| hidden == name)
            && self.names.iter().flatten().any(|own| own.as_deref() == Some(name))
    }

    fn column(&self, name: &str) -> Result<Expr> {
        if self.called.is_empty() {
            return Err(failure::query("a subquery that is joined by USING or NATURAL needs a name")
                .hint("write JOIN (SELECT ...) AS t USING (...)"));
        }
        let own = Ident::with_quote('"', name);
        Ok(Expr::CompoundIdentifier(self.called.iter().cloned().chain([own]).collect()))
    }

    /// Its columns but these, as an item of a SELECT list; none where none is left.
    fn star(&self, without: &[String]) -> Result<Option<SelectItem>> {
        let named = |name: &String| self.names.iter().flatten().any(|own| own.as_ref() == Some(name));
        let mut left_out: Vec<&String> = self.hidden.iter().collect();
        left_out.extend(without.iter().filter(|name| named(name) && !self.hidden.contains(name)));
        if self.names.as_ref().is_some_and(|names| names.len() == left_out.len()) {
            return Ok(None);
        }
        if self.called.is_empty() {
            return self.column("").map(|_| None);
        }
        let exclude = left_out.iter().map(|name| ObjectName::from(vec![Ident::with_quote('"', name.as_str())])).collect();
        let options = WildcardAdditionalOptions {
            opt_exclude: (!left_out.is_empty()).then_some(ExcludeSelectItem::Multiple(exclude)),
            ..WildcardAdditionalOptions::default()
        };
        let of = SelectItemQualifiedWildcardKind::ObjectName(ObjectName::from(self.called.clone()));
        Ok(Some(SelectItem::QualifiedWildcard(of, options)))
    }
}

impl From {
    /// What both show, side by side.
    pub(super) fn beside(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(super) fn relations(&self) -> impl Iterator<Item = &Relation> {
        self.0.iter().filter_map(|shown| match shown {
            Shown::Relation(relation) => Some(relation),
            Shown::Merged { .. } => None,
        })
    }

    /// The columns' names, in the order of `*`.
    pub(super) fn names(&self) -> Names {
        let mut names = Vec::new();
        for shown in &self.0 {
            match shown {
                Shown::Merged { name, .. } => names.push(Some(name.clone())),
                Shown::Relation(Relation { names: own, hidden, .. }) => {
                    let left = |name: &&Option<String>| !name.as_ref().is_some_and(|name| hidden.contains(name));
                    names.extend(own.as_ref()?.iter().filter(left).cloned());
                }
            }
        }
        Some(names)
    }

    /// What a name that was joined by stands for, where it can mean nothing else.
    pub(super) fn merged(&self, name: &str) -> Option<&Expr> {
        let value = self.0.iter().find_map(|shown| match shown {
            Shown::Merged { name: merged, value } if merged == name => Some(value),
            _ => None,
        })?;
        let alone = self.0.iter().filter(|shown| shown.shows(name)).count() == 1;
        alone.then_some(value)
    }

    /// What this name means on one side of a join by it.
    fn key(&self, name: &str, side: &str) -> Result<Expr> {
        let found: Vec<&Shown> = self.0.iter().filter(|shown| shown.shows(name)).collect();
        let unknown: Vec<&Relation> = self.relations().filter(|relation| relation.names.is_none()).collect();
        match (found.as_slice(), unknown.as_slice()) {
            ([Shown::Merged { value, .. }], _) => Ok(value.clone()),
            ([Shown::Relation(relation)], _) => relation.column(name),
            ([], [relation]) => relation.column(name),
            ([], []) => Err(failure::query(&format!("there is no column {name:?} {side} of a join by it"))
                .hint("DESCRIBE <table> lists the columns; write ON where they differ")),
            _ => Err(failure::query(&format!("the column {name:?} is there more than once {side} of a join by it"))
                .hint("write ON, and say whose column is meant")),
        }
    }

    fn hide(&mut self, name: &str) {
        self.0.retain(|shown| !matches!(shown, Shown::Merged { name: merged, .. } if merged == name));
        for shown in &mut self.0 {
            if let Shown::Relation(relation) = shown
                && (relation.names.is_none() || relation.shows(name))
            {
                relation.hidden.push(name.to_owned());
            }
        }
    }

    /// The items of a SELECT list that `*` stands for, without some columns.
    pub(super) fn star(&self, without: &[String]) -> Result<Vec<SelectItem>> {
        let mut items = Vec::new();
        for shown in &self.0 {
            match shown {
                Shown::Merged { name, .. } if without.contains(name) => {}
                Shown::Merged { name, value } => items.push(item(name, value)),
                Shown::Relation(relation) => items.extend(relation.star(without)?),
            }
        }
        Ok(items)
    }
}

impl Shown {
    fn shows(&self, name: &str) -> bool {
        match self {
            Self::Merged { name: merged, .. } => merged == name,
            Self::Relation(relation) => relation.shows(name),
        }
    }
}

/// A column under its name.
pub(super) fn item(name: &str, value: &Expr) -> SelectItem {
    SelectItem::ExprWithAlias { expr: value.clone(), alias: Ident::with_quote('"', name) }
}

/// Which rows of the sides a join has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Both,
    Left,
    Right,
    All,
    /// One side's, of which the other says which.
    OnlyLeft,
    OnlyRight,
}

/// What a join by these names compares, and what it shows.
pub(super) fn join(mut left: From, mut right: From, kept: Kept, keys: &[String]) -> Result<(Expr, From)> {
    let mut on = Vec::new();
    let mut merged = Vec::new();
    for key in keys {
        let (of_left, of_right) = (left.key(key, "on the left")?, right.key(key, "on the right")?);
        let value = match kept {
            Kept::Both | Kept::Left | Kept::OnlyLeft => of_left.clone(),
            Kept::Right | Kept::OnlyRight => of_right.clone(),
            Kept::All => coalesce(&of_left, &of_right),
        };
        merged.push(Shown::Merged { name: key.clone(), value });
        on.push(binary(of_left, BinaryOperator::Eq, of_right));
    }
    let all = on.into_iter().reduce(|all, one| binary(all, BinaryOperator::And, one));
    let on = all.unwrap_or_else(|| Expr::Value(Value::Boolean(true).into()));
    let shown = match kept {
        Kept::OnlyLeft => left,
        Kept::OnlyRight => right,
        _ => {
            keys.iter().for_each(|key| left.hide(key));
            keys.iter().for_each(|key| right.hide(key));
            From(merged).beside(left).beside(right)
        }
    };
    Ok((on, shown))
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

fn coalesce(left: &Expr, right: &Expr) -> Expr {
    let args = [left, right].map(|value| FunctionArg::Unnamed(FunctionArgExpr::Expr(value.clone())));
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new("coalesce")]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: args.to_vec(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
