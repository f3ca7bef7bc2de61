//! From a statement to its plan, for sessions and stages alike.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result as DataFusionResult, SchemaError};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Aggregate, LogicalPlan};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName, VisitMut,
    VisitorMut,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use sellerlake_contracts::Error;

use crate::engine::WRITTEN_CAST;
use crate::{merging, statement};

/// The plan of a stage's text, by the rules of a session's statements.
pub fn planned<'a>(state: &'a SessionState, text: &'a str) -> BoxFuture<'a, DataFusionResult<LogicalPlan>> {
    async move {
        let planned = plan(state, statement::parse(text).map_err(refused)?).await;
        planned.map_err(|error| match error {
            DataFusionError::External(ours) => match ours.downcast::<Error>() {
                Ok(ours) => refused(*ours),
                Err(other) => DataFusionError::External(other),
            },
            error => error,
        })
    }
    .boxed()
}

/// What is said of a stage has no remedy beside it.
#[expect(clippy::needless_pass_by_value, reason = "to be handed to map_err")]
fn refused(error: Error) -> DataFusionError {
    let remedy = error.remedy().map(|remedy| format!(": {remedy}")).unwrap_or_default();
    DataFusionError::Plan(format!("{error}{remedy}"))
}

pub(crate) async fn plan(state: &SessionState, statement: Statement) -> DataFusionResult<LogicalPlan> {
    let spelled = merging::spelled_out(state, statement).await?;
    let statement = spelled.map_err(|error| DataFusionError::External(Box::new(error)))?;
    let planned = state.statement_to_plan(statement.clone()).await;
    let of_one_name = match &planned {
        Ok(plan) => groups_of_one_name(plan)?,
        Err(error) => is_of_one_name(error),
    };
    match of_one_name.then(|| with_casts_told_apart(statement)).flatten() {
        // What is said of the statement as it was written is more to the point.
        Some(told_apart) => state.statement_to_plan(told_apart).await.or(planned),
        None => planned,
    }
}

/// Whether the columns of a GROUP BY are called the same. That comes to light when the plan is improved.
fn groups_of_one_name(plan: &LogicalPlan) -> DataFusionResult<bool> {
    let mut found = false;
    plan.apply_with_subqueries(|plan| {
        if let LogicalPlan::Aggregate(Aggregate { group_expr, .. }) = plan {
            let mut names = HashSet::new();
            found |= !group_expr.iter().all(|key| names.insert(key.schema_name().to_string()));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}

/// Whether two columns of a plan are called the same.
fn is_of_one_name(error: &DataFusionError) -> bool {
    match error.find_root() {
        DataFusionError::SchemaError(error, _) => matches!(
            **error,
            SchemaError::DuplicateUnqualifiedField { .. }
                | SchemaError::DuplicateQualifiedField { .. }
                | SchemaError::AmbiguousReference { .. }
        ),
        DataFusionError::Plan(message) => message.contains("require unique expression names"),
        _ => false,
    }
}

/// DataFusion calls a cast like what is cast, so that `sum(x)` and `sum(CAST(x AS BIGINT))` can't stand in one SELECT.
/// A function around each cast is called as it is written.
fn with_casts_told_apart(mut statement: Statement) -> Option<Statement> {
    let mut inner = &mut statement;
    while let Statement::Explain(explain) = inner {
        inner = explain.statement.as_mut();
    }
    let Statement::Statement(sql) = inner else { return None };
    let mut casts = Casts { found: false };
    let _: ControlFlow<()> = sql.visit(&mut casts);
    casts.found.then_some(statement)
}

struct Casts {
    found: bool,
}

impl VisitorMut for Casts {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if matches!(expr, Expr::Cast { .. }) {
            self.found = true;
            let cast = std::mem::replace(expr, Expr::Identifier(Ident::new("")));
            *expr = Expr::Function(Function {
                name: ObjectName::from(vec![Ident::new(WRITTEN_CAST)]),
                uses_odbc_syntax: false,
                parameters: FunctionArguments::None,
                args: FunctionArguments::List(FunctionArgumentList {
                    duplicate_treatment: None,
                    args: vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(cast))],
                    clauses: Vec::new(),
                }),
                filter: None,
                null_treatment: None,
                over: None,
                within_group: Vec::new(),
            });
        }
        ControlFlow::Continue(())
    }
}
