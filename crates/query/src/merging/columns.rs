//! What a FROM shows: relations' columns, and those that two of them have in common.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, ExcludeSelectItem, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, SelectItem, SelectItemQualifiedWildcardKind, Value,
    WildcardAdditionalOptions,
};
use sellerlake_contracts::Result;

use crate::failure;

/// The names of a relation's columns in their order; none for what has no plain name, none at all where nobody knows them.
pub(super) type ColumnNames = Option<Vec<Option<String>>>;

/// What `*` shows, in its order.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns(pub(super) Vec<Item>);

#[derive(Debug, Clone)]
pub(super) enum Item {
    /// A column that was joined by its name.
    Merged { name: String, value: Box<Expr> },
    /// All columns of a relation but those that were.
    Relation(Relation),
}

#[derive(Debug, Clone)]
pub(super) struct Relation {
    /// How its columns are named: by these, and their own. Nothing where the relation has no name.
    pub(super) called: Vec<Ident>,
    pub(super) names: ColumnNames,
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
        let exclude =
            left_out.iter().map(|name| ObjectName::from(vec![Ident::with_quote('"', name.as_str())])).collect();
        let options = WildcardAdditionalOptions {
            opt_exclude: (!left_out.is_empty()).then_some(ExcludeSelectItem::Multiple(exclude)),
            ..WildcardAdditionalOptions::default()
        };
        let of = SelectItemQualifiedWildcardKind::ObjectName(ObjectName::from(self.called.clone()));
        Ok(Some(SelectItem::QualifiedWildcard(of, options)))
    }
}

impl Columns {
    /// What both show, side by side.
    pub(super) fn beside(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(super) fn relations(&self) -> impl Iterator<Item = &Relation> {
        self.0.iter().filter_map(|shown| match shown {
            Item::Relation(relation) => Some(relation),
            Item::Merged { .. } => None,
        })
    }

    /// The columns' names, in the order of `*`.
    pub(super) fn names(&self) -> ColumnNames {
        let mut names = Vec::new();
        for shown in &self.0 {
            match shown {
                Item::Merged { name, .. } => names.push(Some(name.clone())),
                Item::Relation(Relation { names: own, hidden, .. }) => {
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
            Item::Merged { name: merged, value } if merged == name => Some(value),
            _ => None,
        })?;
        let alone = self.0.iter().filter(|shown| shown.shows(name)).count() == 1;
        alone.then_some(value)
    }

    /// What this name means on one side of a join by it.
    fn key(&self, name: &str, side: &str) -> Result<Expr> {
        let found: Vec<&Item> = self.0.iter().filter(|shown| shown.shows(name)).collect();
        let unknown: Vec<&Relation> = self.relations().filter(|relation| relation.names.is_none()).collect();
        match (found.as_slice(), unknown.as_slice()) {
            ([Item::Merged { value, .. }], _) => Ok(value.as_ref().clone()),
            ([Item::Relation(relation)], _) => relation.column(name),
            ([], [relation]) => relation.column(name),
            ([], []) => Err(failure::query(&format!("there is no column {name:?} {side} of a join by it"))
                .hint("DESCRIBE <table> lists the columns; write ON where they differ")),
            _ => Err(failure::query(&format!("the column {name:?} is there more than once {side} of a join by it"))
                .hint("write ON, and say whose column is meant")),
        }
    }

    fn hide(&mut self, name: &str) {
        self.0.retain(|shown| !matches!(shown, Item::Merged { name: merged, .. } if merged == name));
        for shown in &mut self.0 {
            if let Item::Relation(relation) = shown
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
                Item::Merged { name, .. } if without.contains(name) => {}
                Item::Merged { name, value } => items.push(item(name, value)),
                Item::Relation(relation) => items.extend(relation.star(without)?),
            }
        }
        Ok(items)
    }
}

impl Item {
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
pub(super) enum Side {
    Both,
    Left,
    Right,
    All,
    /// One side's, of which the other says which.
    OnlyLeft,
    OnlyRight,
}

/// What a join by these names compares, and what it shows.
pub(super) fn join(mut left: Columns, mut right: Columns, kept: Side, keys: &[String]) -> Result<(Expr, Columns)> {
    let mut on = Vec::new();
    let mut merged = Vec::new();
    for key in keys {
        let (of_left, of_right) = (left.key(key, "on the left")?, right.key(key, "on the right")?);
        let value = match kept {
            Side::Both | Side::Left | Side::OnlyLeft => of_left.clone(),
            Side::Right | Side::OnlyRight => of_right.clone(),
            Side::All => coalesce(&of_left, &of_right),
        };
        merged.push(Item::Merged { name: key.clone(), value: Box::new(value) });
        on.push(binary(of_left, BinaryOperator::Eq, of_right));
    }
    let all = on.into_iter().reduce(|all, one| binary(all, BinaryOperator::And, one));
    let on = all.unwrap_or_else(|| Expr::Value(Value::Boolean(true).into()));
    let shown = match kept {
        Side::OnlyLeft => left,
        Side::OnlyRight => right,
        _ => {
            keys.iter().for_each(|key| left.hide(key));
            keys.iter().for_each(|key| right.hide(key));
            Columns(merged).beside(left).beside(right)
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
